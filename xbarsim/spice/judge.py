"""This module is the judge of a finished ngspice run: any doubt is an error, none passes silently."""

import re

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import pair_difference
from xbarsim.errors import SpiceError

_CONSERVATION = 1e-8
_NO_CURRENT = 1e-12
_TAIL_LINES = 12

_CAUSES: tuple[tuple[str, str], ...] = (
    (r"no data saved", "ngspice reported an error: a saved name does not exist in the circuit"),
    (
        r"can'?t allocate|out of memory|malloc failed|failed to map",
        "it needed more memory than its limit; use smaller tiles or raise the limit",
    ),
    (
        r"singular matrix:\s+check node 0\b",
        "the solver ran out of memory, or nothing in the circuit is grounded",
    ),
    (r"singular matrix", "a node has no DC path to ground, or a loop has no resistance"),
    (
        r"gmin stepping|source stepping|Transient op",
        "the operating point did not converge directly",
    ),
    (r"too small|to low", "an element value is so small that ngspice replaced it"),
    (r"ignored", "ngspice did not understand a card and left it out"),
    (r"no data saved", "a vector to be saved does not exist"),
    (r"unknown parameter|unknown subckt|could not find a valid modelname", "a name is not defined"),
    (r"No such file", "a file is missing"),
    (r"already exists", "two elements have the same name"),
    (r"aborted|DC solution failed", "the circuit has no solution (a loop of voltage sources?)"),
    (r"\berror\b", "ngspice reported an error"),
)
_HARMLESS = re.compile(
    r"Note: No compatibility mode|Using (KLU|SPARSE)|can't find (the )?init|"
    r"Note: Compatibility modes|^\s*$|warnings? and 0 errors|No errors",
    re.IGNORECASE,
)


def judge_log(log: str, *, deck: str) -> None:
    """Raise a SpiceError when what ngspice printed casts doubt on its numbers.

    Raises:
        SpiceError: With the likely cause, the deck, and the tail of the log.
    """
    lines = [line for line in log.splitlines() if not _HARMLESS.search(line)]
    for pattern, cause in _CAUSES:
        for line in lines:
            if re.search(pattern, line, re.IGNORECASE):
                msg = f"ngspice's answer cannot be trusted: {cause} (it said: {line.strip()!r})"
                raise SpiceError(msg, deck=deck, log_tail=tail(log))


def judge_currents(
    i_row: NDArray[np.float64], i_col: NDArray[np.float64], *, deck: str, log: str = ""
) -> None:
    """Raise a SpiceError unless currents are finite and what the drivers give the senses take.

    Args:
        i_row: Driver currents, [batch, row]. [A]
        i_col: Sense currents, [batch, col]. [A]
        deck: The deck, for the error.
        log: What ngspice printed, for the error.
    """
    if not (np.isfinite(i_row).all() and np.isfinite(i_col).all()):
        msg = "ngspice returned currents that are not finite; is every node connected to ground?"
        raise SpiceError(msg, deck=deck, log_tail=tail(log))
    gap = np.abs(i_row.sum(axis=1) - i_col.sum(axis=1))
    scale = np.abs(i_row).sum(axis=1) + np.abs(i_col).sum(axis=1)
    # A vector of zeros leaves only junction leakage, which has no scale of its own.
    worst = float((gap / np.maximum(scale, max(_NO_CURRENT, 1e-9 * float(scale.max())))).max())
    if worst > _CONSERVATION:
        msg = (
            f"driver and sense currents differ by {worst:.1e} of their sum (allowed "
            f"{_CONSERVATION:.0e}): the circuit leaks somewhere, or the solver lost accuracy"
        )
        raise SpiceError(msg, deck=deck, log_tail=tail(log))


def judge_differences(
    i_col: NDArray[np.float64], i_diff: NDArray[np.float64], *, deck: str, log: str = ""
) -> None:
    """Raise a SpiceError unless every pair's current is the difference of its columns'.

    Args:
        i_col: Sense currents, [batch, col]. [A]
        i_diff: What the difference amplifiers show, [batch, pair]. [A]
        deck: The deck, for the error.
        log: What ngspice printed, for the error.
    """
    gap = float(np.abs(i_diff - pair_difference(i_col)).max())
    if not gap <= _CONSERVATION * float(np.abs(i_col).max()) + _NO_CURRENT * _CONSERVATION:
        msg = f"a pair's current differs by {gap:.1e} A from that of its columns"
        raise SpiceError(msg, deck=deck, log_tail=tail(log))


def tail(log: str) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.splitlines()[-_TAIL_LINES:])
