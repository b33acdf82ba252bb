"""This module is how an interrupt waits for a moment at which stopping is safe.

Python raises ``KeyboardInterrupt`` between any two instructions of the main thread: also while it
holds a lock that another thread needs to come to an end, or before a started process has a name.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

_KINDS = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM), and ends as after Ctrl-C."""


class Interrupts:
    """Interrupts that came meanwhile; the second one does not wait."""

    def __init__(self) -> None:
        self._before: dict[signal.Signals, Any] = {}
        self._came: list[signal.Signals] = []

    def check(self) -> None:
        """Let an interrupt that came do what it does: raise, as a rule."""
        if self._came:
            kind = self._came[0]
            self._came.clear()
            self._before[kind](kind, None)

    def _note(self, number: int, frame: FrameType | None) -> None:
        kind = signal.Signals(number)
        if self._came:
            self._came.clear()
            self._before[kind](number, frame)
        self._came.append(kind)

    def _take_over(self) -> None:
        for kind in _KINDS:
            before = signal.getsignal(kind)
            if callable(before):
                self._before[kind] = before
                signal.signal(kind, self._note)

    def _give_back(self) -> None:
        for kind, before in self._before.items():
            signal.signal(kind, before)


@contextlib.contextmanager
def interrupts_wait() -> Iterator[Interrupts]:
    """Make interrupts wait until ``check`` is called, or the block ends.

    In another thread than the main one, where none arrives, and for signals without a handler, this
    does nothing.
    """
    waiting = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield waiting
        return
    waiting._take_over()  # noqa: SLF001 (its own module)
    try:
        yield waiting
    finally:
        waiting._give_back()  # noqa: SLF001
    waiting.check()


def end_as_after_interrupt() -> None:
    """From now on SIGTERM raises ``Terminated`` in the main thread, so that children end too."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, end)
