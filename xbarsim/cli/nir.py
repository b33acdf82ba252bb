"""This module is ``xbarsim nir``: networks as NIR files, out and onto crossbars."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xbarsim.cli.licence import find_licence
from xbarsim.cli.output import OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from torch import nn

    from xbarsim.data import Dataset

DataFolder = Annotated[
    Path | None, typer.Option(help="Folder with the data set's files; else XBARSIM_DATA.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    nir = typer.Typer(no_args_is_help=True, help="Networks as NIR files: write, or run them.")
    nir.command()(write)
    nir.command()(infer)
    app.add_typer(nir, name="nir")


def write(
    checkpoint: Annotated[Path, typer.Argument(help="Checkpoint (.safetensors).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="NIR file to write (.nir).")],
    dt: Annotated[float, typer.Option(help="Length of a time-step. [s]", min=1e-12)] = 1e-4,
    json: JsonFlag = False,
) -> None:
    """Write a trained spiking network as a NIR file that snnTorch, Norse, SpikingJelly, ... read.

    Reset by subtraction and batch norm through time go into metadata that only xbarsim reads.
    """
    from xbarsim.exchange import write_nir
    from xbarsim.learning import load_network
    from xbarsim.network import network_spec

    network, recipe = load_network(checkpoint)
    write_nir(network, out, network_spec(recipe.network).input_shape, dt)
    if json:
        print_json({"written": str(out), "dt": dt, "recipe": recipe.name})
    else:
        OUT.print(f"wrote {out}")


def infer(  # noqa: PLR0917
    source: Annotated[Path, typer.Argument(help="NIR file.")],
    steps: Annotated[int, typer.Option(help="Time-steps.", min=1)] = 20,
    dataset: Annotated[str, typer.Option(help="digits, mnist or cifar10.")] = "digits",
    data: DataFolder = None,
    encoder: Annotated[str, typer.Option(help="poisson, ternary or direct.")] = "poisson",
    images: Annotated[int | None, typer.Option(help="Test images; all by default.", min=1)] = None,
    device: Annotated[str, typer.Option(help="Preset or TOML file.")] = "bhattacharjee2022",
    tile: Annotated[int, typer.Option(help="Rows and columns of a tile.", min=1)] = 64,
    chip: Annotated[int, typer.Option(help="Number of the chip; each has its own variation.")] = 0,
    record: Annotated[
        Path | None, typer.Option(help="Validation record that covers the tiles.")
    ] = None,
    allow_unvalidated: Annotated[
        bool, typer.Option(help="Go on without a record; the output says so.")
    ] = False,
    table: Annotated[
        Path | None, typer.Option(help="Accuracy per step to write: .csv or .parquet.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Put the network of a NIR file on crossbars and measure its accuracy after every time-step."""
    from xbarsim.data import load_dataset
    from xbarsim.exchange import from_nir
    from xbarsim.hardware import layer_summaries, to_crossbar
    from xbarsim.interop.tables import write_table
    from xbarsim.parameters import load_crossbar, load_device

    network, pictures = from_nir(source), load_dataset(dataset, data)
    licence = record if allow_unvalidated else find_licence(record, device, tile)
    hardware = to_crossbar(
        network, load_crossbar(device, rows=tile, cols=tile), load_device(device), chip=chip,
        record=licence, allow_unvalidated=allow_unvalidated,
    )  # fmt: skip
    software, crossbar = (
        _accuracy(net, pictures, images, steps, encoder) for net in (network, hardware)
    )
    evidence = sorted({layer.validated for layer in layer_summaries(hardware)})
    if table is not None:
        numbers = range(1, steps + 1)
        write_table(table, {"step": numbers, "software": software, "hardware": crossbar})
    if json:
        print_json({"software": software, "hardware": crossbar, "evidence": evidence})
        return
    for step, (soft, hard) in enumerate(zip(software, crossbar, strict=True), start=1):
        OUT.print(f"t={step}: software {100 * soft:.2f} %, hardware {100 * hard:.2f} %")
    OUT.print(f"evidence: {', '.join(evidence)}")


def _accuracy(
    network: "nn.Module", data: "Dataset", most: int | None, steps: int, encoder: str
) -> Any:  # noqa: ANN401
    """Return accuracy on the test images after each time-step."""
    from typing import cast, get_args

    from xbarsim.errors import ParameterError
    from xbarsim.inference import Encoder, simulate
    from xbarsim.progress import progress_bar

    if encoder not in get_args(Encoder):
        msg = f"encoder is {encoder!r}; choose {', '.join(get_args(Encoder))}"
        raise ParameterError(msg)
    images, labels = data.test_images[:most], data.test_labels[:most].numpy(force=True)
    try:
        with progress_bar() as bar:
            task = bar.add_task("test images", total=len(images))
            trace = simulate(
                network, images, steps, encoder=cast("Encoder", encoder), chunk=10,
                on_batch=lambda n: bar.advance(task, n),
            )  # fmt: skip
    except RuntimeError as error:
        msg = f"the network does not take images of shape {tuple(images.shape[1:])}: {error}"
        raise ParameterError(msg) from error
    return trace.accuracy(labels)
