"""This module is how commands look for the record that licenses their tiles, and name it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xbarsim.cli.output import ERR

if TYPE_CHECKING:
    from xbarsim.validation import ValidationRecord

RecordPlace = Annotated[
    Path | None,
    typer.Option(
        help="Validation record that covers the tiles, or a folder of records; by default "
        "./validation/records and the shipped ones are searched."
    ),
]


def find_licence(where: Path | None, device: str, tile: int) -> "ValidationRecord":
    """Return the record that covers the tiles of a device file, its cells and topology included.

    Raises:
        OutOfValidatedRangeError: If there is none; it says the command that makes it.
    """
    from xbarsim.parameters import load_cell, load_crossbar, load_device, load_topology
    from xbarsim.validation import find_record

    found = find_record(
        load_crossbar(device, rows=tile, cols=tile), load_device(device), where=where,
        source=device, topology=load_topology(device), cell=load_cell(device),
    )  # fmt: skip
    ERR.print(f"evidence: {found.record.case} ({found.path})", soft_wrap=True, markup=False)
    return found.record
