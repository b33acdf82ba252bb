"""This module is a co-simulation: the network once with the fast model, once with ngspice inside."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xbarsim.cosim.errors import LayerErrors, layer_errors
from xbarsim.cosim.sample import CosimParams
from xbarsim.cosim.site import Bench, TileErrors, build_site
from xbarsim.cosim.tap import Tap
from xbarsim.errors import ParameterError
from xbarsim.exchange import as_network
from xbarsim.hardware import ReadParams, to_crossbar
from xbarsim.hardware.contribution import tile_model
from xbarsim.hardware.crossbar_network import Wrap
from xbarsim.hardware.drivers import CrossbarLayer
from xbarsim.hardware.recheck import recheck_network
from xbarsim.hardware.spikes import settled
from xbarsim.inference import Encoder, InferenceTrace, simulate
from xbarsim.mapping import MappedLayer, MappingSpec, ProgrammedLayer
from xbarsim.parameters import CellParams, CrossbarParams, DeviceParams, TopologyParams
from xbarsim.reference import Distrust
from xbarsim.spice import find_ngspice
from xbarsim.validation import ValidationRecord


@dataclass(frozen=True)
class CosimResult:
    """What a co-simulation found.

    Attributes:
        solver: ngspice's version and matrix solver.
        layers: Error of the fast model per layer, on the network's own inputs.
        tiles: The same, tile by tile.
        fast: Trace of the network with the fast model.
        spice: Trace with ngspice's currents injected; the same as ``fast`` when only watching.
    """

    solver: str
    layers: list[LayerErrors]
    tiles: list[TileErrors]
    fast: InferenceTrace
    spice: InferenceTrace

    @property
    def decisions_changed(self) -> int:
        """Images that are classified differently after the last time-step."""
        first, second = (t.logits[-1].argmax(axis=1) for t in (self.fast, self.spice))
        return int((first != second).sum())

    @property
    def rates_changed(self) -> float:
        """Largest change of a layer's spikes per neuron in any time-step; 0 means equal counts."""
        if not self.fast.rates.size:
            return 0.0
        return float(np.abs(self.fast.rates - self.spice.rates).max())

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            "solver": self.solver,
            "outputs": sum(errors.outputs for errors in self.layers),
            "layers": [errors.summary() for errors in self.layers],
            "decisions_changed": self.decisions_changed,
            "rates_changed": self.rates_changed,
            "images": self.fast.logits.shape[1],
        }


def cosimulate(
    network: nn.Module,
    images: Tensor,
    steps: int,
    crossbar: CrossbarParams,
    device: DeviceParams,
    params: CosimParams | None = None,
    *,
    record: ValidationRecord | Path | None = None,
    allow_unvalidated: bool = False,
    mapping: MappingSpec | None = None,
    reading: ReadParams | None = None,
    topology: TopologyParams | None = None,
    cell: CellParams | None = None,
    encoder: Encoder = "poisson",
    seed: int = 0,
    chip: int = 0,
    paranoid: float | None = None,
    on_tile: Callable[[int, int], None] | None = None,
) -> CosimResult:
    """Run a spiking network on crossbars with real ngspice in the loop.

    The fast model is that of ``reading``: by default the exact one of linear cells and grounded silent
    rows. ngspice simulates the circuit that ``topology`` and ``cell`` describe, driven with the
    reading's v_read, so the error is what the model costs on the network's own spikes. Everything but
    the activity model is in float64, so that equal means equal.

    Args:
        network: A spiking network; its last layer accumulates.
        images: Pixels in [0, 1], [image, ...].
        steps: Time-steps T.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range, variation and read voltage. [S], [V]
        params: What goes to ngspice; everything by default.
        record: Evidence that covers the arrays; see ``to_crossbar``.
        allow_unvalidated: Go on without.
        mapping: How weights become conductances.
        reading: Model of wires and cells; neither converters nor read noise.
        topology: The circuit that ngspice simulates; by default the plain array, with the reading's
            silent rows.
        cell: Law of the cells that ngspice simulates; by default the reading's.
        encoder: What makes input spikes of pixels.
        seed: Seed of the input spikes.
        chip: Number of the chip.
        paranoid: Share of the tiles to solve again by the nodal solve: ngspice's currents, and the
            fast model's weights.
        on_tile: Called with how many tiles of how many are done.

    Raises:
        ParameterError: If layers or steps do not exist, ``steps`` is below 1, or the reading has
            converters, other cells than ``cell``, or no exact model to solve again.
        SpiceError: If ngspice fails or its answer is doubtful.
        SolveError: If the nodal solve says another thing than ngspice or the fast model.
    """
    what = params or CosimParams()
    solver = find_ngspice().solver
    spec, how = mapping or MappingSpec(), settled(reading or ReadParams(), device)
    if spec.tile is not None:
        crossbar = crossbar.replace(rows=spec.tile[0], cols=spec.tile[1])
    distrust = None if paranoid is None else Distrust(paranoid)
    bench = Bench(
        crossbar, how.v_read or device.v_read, topology or _topology(how), _cell(how, cell),
        spec.driver, distrust, what.transient, what.sampled,
    )  # fmt: skip
    _check_time(what, spec)
    recheck = None if paranoid is None else recheck_network(crossbar, spec, how, share=paranoid)
    plain = to_crossbar(
        copy.deepcopy(as_network(network)).double(), crossbar, device, record=record,
        allow_unvalidated=allow_unvalidated, mapping=spec, reading=how, encoder=encoder, chip=chip,
        wrap=_tapping(bench, what, spec, on_tile, recheck),
    )  # fmt: skip
    taps = {name: m for name, m in plain.named_modules() if isinstance(m, Tap)}
    what.check(list(taps), steps)
    tapped = copy.deepcopy(plain)
    _take_out(plain, set(taps))
    _take_out(tapped, {name for name in taps if what.layers and name not in what.layers})
    with torch.inference_mode():
        fast, spice = (
            simulate(
                net,
                images.double(),
                steps,
                encoder=encoder,
                seed=seed,
                batch=len(images),
                chunk=steps,
            )
            for net in (plain, tapped)
        )
    seen = [e for m in tapped.modules() if isinstance(m, Tap) for e in m.seen]
    return CosimResult(solver, layer_errors(seen), seen, fast, spice)


def _topology(reading: ReadParams) -> TopologyParams:
    """Return the plain array with the silent rows that a reading is about."""
    return TopologyParams(
        silent=reading.silent_rows if reading.ir_drop == "activity" else "grounded"
    )


def _cell(reading: ReadParams, cell: CellParams | None) -> CellParams | None:
    """Return the cells that ngspice simulates."""
    if cell is not None and reading.nonlinear_cell not in (None, cell):
        msg = f"the reading is of {reading.nonlinear_cell} and ngspice is to simulate {cell}; give one"
        raise ParameterError(msg)
    return cell or reading.nonlinear_cell


def _check_time(params: CosimParams, spec: MappingSpec) -> None:
    if params.transient is not None and spec.driver.coding == "width":
        msg = (
            "the driver codes sizes as pulse widths, whose levels are static reads of their own here; "
            "leave transient out, or code sizes as amplitudes"
        )
        raise ParameterError(msg)


def _tapping(
    bench: Bench,
    params: CosimParams,
    spec: MappingSpec,
    on_tile: Callable[[int, int], None] | None,
    recheck: Wrap | None,
) -> Wrap:
    """Return what puts a tap on every layer as it is read."""
    done, total, numbers = [0], [0], [0]

    def count() -> None:
        done[0] += 1
        if on_tile is not None:
            on_tile(done[0], total[0])

    def wrap(
        name: str,
        layer: CrossbarLayer,
        read: nn.Module,
        programmed: ProgrammedLayer,
        mapped: MappedLayer,
    ) -> nn.Module:
        if recheck is not None:
            read = recheck(name, layer, read, programmed, mapped)
        tiles = params.chosen_tiles(programmed.plan.n_tiles, numbers[0])
        numbers[0] += 1
        if not params.layers or name in params.layers:
            total[0] += len(tiles)
        model = tile_model(read, mapped)
        site = build_site(name, layer, programmed, mapped, spec, bench, tiles, model, count)
        return Tap(read, site, params)

    return wrap


def _take_out(network: nn.Module, names: set[str]) -> None:
    """Put the layers back in the place of their taps."""
    for name in names:
        tap = network.get_submodule(name)
        if isinstance(tap, Tap):
            network.set_submodule(name, tap.read)
