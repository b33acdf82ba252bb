"""This module is how commands come to a hardware setup: its file, the device's cells, the model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xbarsim.hardware import HardwareSetup

ModelName = Annotated[
    str | None,
    typer.Option(
        help="Model of the arrays instead of the setup's: exact, closed_form, ideal, activity, "
        "nonlinear_static. The last two are fitted to the [cell] of the setup or device file."
    ),
]


def chosen_setup(path: Path | None, device: str, model: str | None) -> "HardwareSetup":
    """Return a setup whose reading has the named model and, where it is fitted, the device's cells.

    Raises:
        ParameterError: If a file is wrong, or the model is unknown or not for such cells.
        StorageError: If a file cannot be read.
    """
    from xbarsim.hardware import load_setup
    from xbarsim.parameters import LinearCell, load_cell

    setup = load_setup(path)
    reading = setup.reading if model is None else setup.reading.replace(ir_drop=model)
    if reading.ir_drop in ("activity", "nonlinear_static") and reading.cell is None:
        cell = load_cell(device)
        if not isinstance(cell, LinearCell):
            reading = reading.replace(cell=cell)
    return setup.replace(reading=reading)


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
