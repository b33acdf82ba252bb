"""This module is ``xbarsim cosim``: a network's own spikes in ngspice, compared or injected."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xbarsim.cli.effort import Paranoid
from xbarsim.cli.hardware import ModelName, chosen_setup
from xbarsim.cli.licence import RecordPlace, find_licence
from xbarsim.cli.output import OUT, JsonFlag, print_json
from xbarsim.cli.source import DatasetName, EncoderName, NetworkFile, Source, Steps, load_source

if TYPE_CHECKING:
    from xbarsim.cosim import CosimResult
    from xbarsim.hardware import HardwareSetup
    from xbarsim.parameters import TopologyParams


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(cosim)


def cosim(
    network: NetworkFile,
    *,
    dataset: DatasetName = None,
    steps: Steps = None,
    encoder: EncoderName = None,
    images: Annotated[int, typer.Option(help="Test images, the first so many.", min=1)] = 4,
    inject: Annotated[
        bool, typer.Option("--inject/--watch", help="Put ngspice's currents in, or compare only.")
    ] = False,
    layer: Annotated[
        list[str] | None, typer.Option(help="Layers by name (may be repeated); all by default.")
    ] = None,
    tiles: Annotated[
        int | None,
        typer.Option(help="Tiles per layer, a stratified sample; all by default.", min=1),
    ] = None,
    step: Annotated[
        list[int] | None,
        typer.Option(help="Time-steps from 0 (may be repeated); all by default.", min=0),
    ] = None,
    vectors: Annotated[
        int | None,
        typer.Option(help="Most distinct input vectors or trains per tile; all by default.", min=1),
    ] = None,
    transient: Annotated[
        bool, typer.Option("--transient", help="Pulses and capacitances: spike trains in time.")
    ] = False,
    sampled: Annotated[
        bool,
        typer.Option("--sampled/--charge", help="In time: sampled current, or charge of a pulse."),
    ] = False,
    device: Annotated[
        str,
        typer.Option(help="Preset or TOML file; its cell, topology and transient go to ngspice."),
    ] = "bhattacharjee2022",
    tile: Annotated[int, typer.Option(help="Rows and columns of a tile.", min=1)] = 32,
    setup: Annotated[
        Path | None,
        typer.Option(help="TOML file with [mapping], [mapping.driver], [reading], [reading.cell]."),
    ] = None,
    model: ModelName = None,
    record: RecordPlace = None,
    allow_unvalidated: Annotated[bool, typer.Option(help="Go on without a record.")] = False,
    chip: Annotated[int, typer.Option(help="Number of the chip.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Seed of input spikes and of samples.", min=0)] = 0,
    paranoid: Paranoid = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the data set's files; else XBARSIM_DATA.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Run a spiking network with real ngspice in the loop, on its own spikes.

    By default every tile at every time-step is compared; sample large networks by --layer, --tiles,
    --step and --vectors. Errors are relative to the largest current of each tile. A network from
    elsewhere (NIR) reads the data set of --dataset.
    """
    from xbarsim.cosim import CosimParams, cosimulate
    from xbarsim.parameters import (
        load_cell,
        load_crossbar,
        load_device,
        load_topology,
        load_transient,
    )
    from xbarsim.progress import progress_bar

    source = load_source(network, data, dataset=dataset, steps=steps, encoder=encoder)
    _refuse_without_time(source, network)
    chosen = _checked(chosen_setup(setup, device, model))
    direct = allow_unvalidated or chosen.reading.ir_drop != "exact"
    with progress_bar() as bar:
        task = bar.add_task("tiles in ngspice", total=None)
        found = cosimulate(
            source.network,
            source.data.test_images[:images],
            source.steps,
            load_crossbar(device, rows=tile, cols=tile),
            load_device(device),
            CosimParams(
                mode="inject" if inject else "watch", layers=tuple(layer or ()), tiles=tiles,
                steps=tuple(step or ()), vectors=vectors, seed=seed,
                transient=load_transient(device) if transient else None, sampled=sampled,
            ),
            record=record if direct else find_licence(record, device, _side(chosen, tile)),
            allow_unvalidated=allow_unvalidated,
            mapping=chosen.mapping,
            reading=chosen.reading,
            topology=_silent_as_read(load_topology(device), chosen),
            cell=chosen.reading.cell or load_cell(device),
            encoder=source.encoder,
            seed=seed,
            chip=chip,
            paranoid=paranoid,
            on_tile=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    if json:
        print_json(found.summary())
        return
    _show(found, inject=inject)


def _checked(setup: "HardwareSetup") -> "HardwareSetup":
    from xbarsim.errors import ParameterError

    if setup.effects is not None or setup.seconds is not None:
        msg = "the setup has effects, which co-simulation leaves out; use one without [effects]"
        raise ParameterError(msg)
    return setup


def _side(setup: "HardwareSetup", tile: int) -> int:
    return setup.mapping.tile[0] if setup.mapping.tile else tile


def _silent_as_read(topology: "TopologyParams", setup: "HardwareSetup") -> "TopologyParams":
    """Return the circuit for ngspice: the device file's or, where that says nothing, the model's."""
    if setup.reading.ir_drop == "activity" and topology.silent == "grounded":
        return topology.replace(silent=setup.reading.silent_rows)
    return topology


def _refuse_without_time(source: Source, path: Path) -> None:
    from xbarsim.errors import ParameterError

    if not source.steps:
        msg = f"the network of {path} has no time-steps; convert it first with `xbarsim convert`"
        raise ParameterError(msg)


def _show(found: "CosimResult", *, inject: bool) -> None:
    """Print the errors by layer, and what they changed."""
    from rich.table import Table

    table = Table(title=f"fast model against {found.solver}, on the network's own spikes")
    for name in ("layer", "tiles", "outputs", "largest error", "rms error (95 % interval)", "bias"):
        table.add_column(name)
    for errors in found.layers:
        interval = errors.rms_interval
        words = f" ({interval[0]:.2e} to {interval[1]:.2e})" if interval else ""
        table.add_row(
            errors.layer, str(errors.tiles), str(errors.outputs), f"{errors.max_error:.2e}",
            f"{errors.rms:.2e}{words}", f"{errors.bias:.2e}",
        )  # fmt: skip
    OUT.print(table)
    count = found.fast.logits.shape[1]
    if inject:
        OUT.print(
            f"with ngspice's currents: {found.decisions_changed} of {count} decisions changed; "
            f"largest change of a layer's spike rate in a step: {found.rates_changed:.2e}"
        )
    else:
        OUT.print("compared only; --inject puts ngspice's currents into the network")
