"""This module is how commands come to a hardware setup: its file, the device's cells, the model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xbarsim.hardware import HardwareSetup, ReadParams

ModelName = Annotated[
    str | None,
    typer.Option(
        help="Model of the arrays instead of the setup's: exact, closed_form, ideal, activity, "
        "nonlinear_static. The last two are fitted to the [cell] of the setup or device file."
    ),
]


def chosen_setup(path: Path | None, device: str, model: str | None) -> "HardwareSetup":
    """Return a setup whose reading has the named model and, where it is fitted, the device's cells.

    What the setup says of cells and silent rows counts before what the device file says.

    Raises:
        ParameterError: If a file is wrong, or the model is unknown or not for such cells or arrays.
        StorageError: If a file cannot be read.
    """
    from xbarsim.hardware import load_setup

    setup = load_setup(path)
    reading = setup.reading if model is None else setup.reading.replace(ir_drop=model)
    if reading.ir_drop in ("activity", "nonlinear_static"):
        reading = _fitted_to(device, reading)
    return setup.replace(reading=reading)


def _fitted_to(device: str, reading: "ReadParams") -> "ReadParams":
    """Return the reading with cells and silent rows of a device file, which has to be a plain array."""
    from xbarsim.errors import ParameterError
    from xbarsim.parameters import LinearCell, TopologyParams, load_cell, load_topology

    cell, topology = load_cell(device), load_topology(device)
    if reading.cell is None and not isinstance(cell, LinearCell):
        reading = reading.replace(cell=cell)
    if reading.ir_drop == "activity" and topology.silent != "grounded":
        if "silent_rows" not in reading.model_fields_set:
            reading = reading.replace(silent_rows=topology.silent)
        topology = topology.replace(silent="grounded")
    if topology != TopologyParams():
        found = topology.model_dump(exclude_defaults=True)
        msg = (
            f"ir_drop {reading.ir_drop!r} is fitted to arrays driven and sensed at one end, without "
            f"leads{', silent rows grounded' if topology.silent != 'grounded' else ''}; {device} says "
            f"{found}: use 'activity' for silent rows, or leave the rest out of [topology]"
        )
        raise ParameterError(msg)
    return reading


def refuse_nonlinear(device: str, what: str, instead: str) -> None:
    """Refuse a device file with nonlinear cells for what knows linear ones only.

    Raises:
        ParameterError: Naming the cells and the remedy.
    """
    from xbarsim.errors import ParameterError
    from xbarsim.parameters import LinearCell, load_cell

    cell = load_cell(device)
    if not isinstance(cell, LinearCell):
        msg = f"{what} is for linear cells, those of {device} are {cell.kind}; {instead}"
        raise ParameterError(msg)
