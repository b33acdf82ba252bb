"""This module is ``xbarsim nir``: networks as NIR files, out and onto crossbars."""

from pathlib import Path
from typing import Annotated

import typer

from xbarsim.cli.infer import infer
from xbarsim.cli.output import JsonFlag, say


def register(app: typer.Typer) -> None:
    """Add the commands."""
    nir = typer.Typer(no_args_is_help=True, help="Networks as NIR files: write, or run them.")
    nir.command()(write)
    nir.command(
        help="Put the network of a NIR file on crossbars: the same command as xbarsim infer."
    )(infer)
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
    say({"written": str(out), "dt": dt, "recipe": recipe.name}, f"wrote {out}", json=json)
