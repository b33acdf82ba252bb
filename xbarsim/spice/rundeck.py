"""This module is running a deck that a person wrote: checked first, then run, judged like our own."""

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import SpiceError
from xbarsim.spice.batch import Limits, run_batch
from xbarsim.spice.ngspice import find_ngspice
from xbarsim.spice.rules import check_deck


def run_deck(text: str, *, limits: Limits | None = None) -> dict[str, NDArray[np.float64]]:
    """Check and run a deck; return its saved vectors by name, each one value per point.

    ngspice accepts negative resistances, unknown options and decks without an end; this does not.

    Args:
        text: The deck.
        limits: Time and memory that the run may take.

    Raises:
        ParameterError: If the text is no deck.
        SpiceMissingError: If ngspice is not installed.
        SpiceError: If a rule is broken, or the run fails or leaves a doubtful answer.
    """
    refuse_broken(text)
    vectors, _ = run_batch(text, find_ngspice(), limits=limits)
    return vectors


def refuse_broken(text: str) -> None:
    """Refuse a deck that breaks an electrical rule, before anything runs.

    Raises:
        ParameterError: If the text is no deck.
        SpiceError: If a rule is broken; says which, where, and what to do.
    """
    errors = [finding for finding in check_deck(text) if finding.severity == "error"]
    if errors:
        msg = "the deck breaks electrical rules: " + "; ".join(error.message for error in errors)
        raise SpiceError(msg, deck=text)
