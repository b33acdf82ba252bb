"""Every fast model says what it assumes, what it costs, how far it errs, and where it comes from."""

import re

import pytest

from xbarsim.fast import (
    activity,
    closed_form,
    effective,
    ideal,
    iterative,
    noise,
    nonlinear,
    nonlinear_static,
)

WORDS = {
    "an equation": r" = ",
    "its assumptions": r"Assumptions:\s",
    "its cost": r"Cost( of a fit)?:\s",
    "its error": r"[Mm]easured|Worst error",
    "its source": r"Source:\s|References:",
}
MODELS = [activity, closed_form, effective, ideal, iterative, noise, nonlinear, nonlinear_static]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__.split(".")[-1])
@pytest.mark.parametrize("what", WORDS)
def test_a_model_says(model, what):
    functions = [
        f.__doc__ or ""
        for f in vars(model).values()
        if getattr(f, "__module__", "") == model.__name__
    ]
    assert re.search(WORDS[what], "\n".join([model.__doc__, *functions])), what
