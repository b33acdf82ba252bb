"""This module is how long work shows itself: a bar with an estimate of the time that is left."""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

T = TypeVar("T")


def progress_bar() -> Progress:
    """Return a bar on stderr: what, share, count, time taken, time left.

    In a notebook it needs ipywidgets; without them it is left out.
    """
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        console=console,
        disable=console.is_jupyter and find_spec("ipywidgets") is None,
    )


def track(items: Iterable[T], what: str, total: int, *, show: bool = True) -> Iterator[T]:
    """Yield the items, showing a bar while they are worked on."""
    if not show:
        yield from items
        return
    with progress_bar() as bar:
        yield from bar.track(items, total=total, description=what)
