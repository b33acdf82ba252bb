"""This module is which networks are studied: the paper's rows, and the same four on digits."""

import tomllib
from importlib import resources
from typing import Literal

from xbarsim.errors import ParameterError, did_you_mean
from xbarsim.parameters.base import Parameters
from xbarsim.units import Count, Ratio

StudyMethod = Literal["ANN", "conversion", "surrogate", "BNTT"]


class StudyRow(Parameters):
    """One network of the paper's tables; accuracies in percent."""

    key: str
    """Name of the row."""
    dataset: str
    """Data set."""
    architecture: str
    """Network."""
    method: StudyMethod
    """How it learned."""
    source: str
    """Recipe that trains it, or the network that it is converted from."""
    note: str = ""
    """What is particular about the network."""
    steps: Count | None = None
    """Time-steps; none for a network without time."""
    paper_software: Ratio | None = None
    """What the paper reports in software."""
    paper_32: Ratio | None = None
    """What the paper reports on 32x32 crossbars."""
    paper_64: Ratio | None = None
    """What the paper reports on 64x64 crossbars."""

    def paper(self, tile: int) -> float | None:
        """Return what the paper reports at a tile size, None where it reports nothing."""
        return {32: self.paper_32, 64: self.paper_64}.get(tile)

    @property
    def label(self) -> str:
        """How it learned, and what is particular about it."""
        return f"{self.method}, {self.note}" if self.note else self.method

    @property
    def trained_by(self) -> str:
        """The command that makes the network."""
        return f"xbarsim train {self.source}"


def study_rows(dataset: str | None = None, keys: tuple[str, ...] = ()) -> list[StudyRow]:
    """Return the rows in the paper's order, of one data set or by their names.

    Raises:
        ParameterError: If no row has such a name or data set.
    """
    text = (resources.files("xbarsim.study") / "rows.toml").read_text()
    rows = [StudyRow(**fields) for fields in tomllib.loads(text)["row"]]
    known = [row.key for row in rows]
    strange = set(keys) - set(known)
    if strange or (dataset is not None and dataset not in {row.dataset for row in rows}):
        hint = did_you_mean(min(strange), known) if strange else ""
        msg = (
            f"no row is called {sorted(strange) or dataset}; {hint}data sets are digits, "
            f"mnist, cifar10; rows are {', '.join(known)}"
        )
        raise ParameterError(msg)
    return [
        row
        for row in rows
        if (not dataset or row.dataset == dataset) and (not keys or row.key in keys)
    ]
