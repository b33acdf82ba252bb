"""This module is the learning rate as a pure function of the update, so that a resume is exact."""

import math

from xbarsim.learning.recipe import Recipe

_WARM_UP = 0.2
_START_SHARE = 1 / 25
_END_SHARE = 1 / 25 * 1e-4
_DROPS = (0.5, 0.75)


def learning_rate(recipe: Recipe, update: int, total: int) -> float:
    r"""Return the learning rate of update number ``update`` (from 0) out of ``total``.

    ``one-cycle`` (L. N. Smith, N. Topin 2019, DOI 10.1117/12.2520589): half a cosine from 1/25 of
    the peak up to it over the first fifth, half a cosine down to $4 \cdot 10^{-6}$ of the peak over
    the rest. ``steps``: the peak, a tenth of it after 50 %, a hundredth after 75 %.
    """
    peak = recipe.learning_rate
    if recipe.schedule == "steps":
        return float(peak * 0.1 ** sum(update >= drop * total for drop in _DROPS))
    top = max(_WARM_UP * total - 1, 1e-9)
    if update <= top:
        return _cosine(peak * _START_SHARE, peak, update / top)
    return _cosine(peak, peak * _END_SHARE, (update - top) / max(total - 1 - top, 1e-9))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
