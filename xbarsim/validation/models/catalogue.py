"""This module is the list of candidates, and which of them a case is about."""

from collections.abc import Sequence

from xbarsim.errors import ParameterError, did_you_mean
from xbarsim.parameters import CellParams, TopologyParams
from xbarsim.validation.models.activity import Activity
from xbarsim.validation.models.chord import Chord
from xbarsim.validation.models.closed_form import ClosedForm
from xbarsim.validation.models.exact import Exact
from xbarsim.validation.models.ideal import Ideal
from xbarsim.validation.models.nonlinear import Nonlinear
from xbarsim.validation.models.nonlinear_static import NonlinearSecant
from xbarsim.validation.models.protocol import Model


def known_models() -> tuple[Model, ...]:
    """Return every candidate, from the most to the least exact."""
    return (
        Exact(), Nonlinear(), NonlinearSecant(), Activity(), ClosedForm(), Chord(), Ideal(),
    )  # fmt: skip


def chosen_models(
    names: Sequence[str], topology: TopologyParams, cell: CellParams
) -> tuple[Model, ...]:
    """Return the named models, or every one that can speak about such arrays; the baseline last.

    Raises:
        ParameterError: If a name is unknown, or the model cannot speak about such arrays.
    """
    known = {model.name: model for model in known_models()}
    for name in names:
        if name not in known:
            msg = (
                f"no model is called {name!r}; {did_you_mean(name, known)}known: {', '.join(known)}"
            )
            raise ParameterError(msg)
        if known[name].standing(topology, cell) == "absent":
            msg = (
                f"model {name!r} cannot speak about {cell.kind} cells with {topology.silent} silent "
                "rows; leave it out of models"
            )
            raise ParameterError(msg)
    wanted = {*names, Ideal.name} if names else set(known)
    return tuple(
        model
        for name, model in known.items()
        if name in wanted and model.standing(topology, cell) != "absent"
    )
