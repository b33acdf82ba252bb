"""This module is the options of how much a run may take, for all commands that run ngspice."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xbarsim.spice import Limits

Force = Annotated[
    bool, typer.Option("--force", help="Run arrays of 128x128 and more without the KLU solver.")
]
Timeout = Annotated[
    float | None, typer.Option(help="Longest time of one ngspice run in s; 600 by default.", min=0)
]
Memory = Annotated[
    float | None, typer.Option(help="Memory of one ngspice run in GiB; 8 by default.", min=0)
]
Paranoid = Annotated[
    float | None,
    typer.Option(
        help="Share of arrays (0 to 1) to solve again by the nodal solve; abort when one differs.",
        min=0,
        max=1,
    ),
]


def run_limits(timeout: float | None, memory: float | None) -> "Limits | None":
    """Return the limits that were asked for, if any was."""
    from xbarsim.spice import Limits

    if timeout is None and memory is None:
        return None
    asked = Limits()
    return Limits(
        asked.timeout if timeout is None else timeout,
        asked.memory if memory is None else int(memory * 2**30),
    )
