"""This module is the family of errors: one class per remedy; each says what, the value, what to do."""

import difflib
from collections.abc import Iterable


class XbarsimError(Exception):
    """Anything that xbarsim refuses to do; the command line ends with exit code 2."""


class ParameterError(XbarsimError, ValueError):
    """A parameter, array or file content is not acceptable."""


class SpiceError(XbarsimError):
    """ngspice could not be run, or its answer cannot be trusted.

    Attributes:
        deck: Text of the deck that was being run, empty when there was none.
        log_tail: Last lines that ngspice printed.
    """

    def __init__(self, message: str, *, deck: str = "", log_tail: str = "") -> None:
        super().__init__(message)
        self.deck = deck
        self.log_tail = log_tail


class SpiceMissingError(SpiceError):
    """ngspice or its shared library is not installed."""


class MissingPackageError(XbarsimError):
    """A Python package that only some uses need is not installed."""


class OutOfValidatedRangeError(XbarsimError):
    """A model is asked outside the range that its validation record covers."""


class StorageError(XbarsimError):
    """A file or folder cannot be read or written."""


class SolveError(XbarsimError):
    """A numerical solution was not reached to the accuracy that was promised."""


class InfeasibleError(SolveError):
    """What is asked for does not exist, such as conductances in range that make up for IR drop."""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return "did you mean 'x'? " with the nearest of the known names, or nothing."""
    near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.3)
    return f"did you mean {near[0]!r}? " if near else ""
