"""This module is the laws of spread: standard deviation from conductance."""

import math
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError
from xbarsim.parameters import (
    Deviation,
    FlickerDeviation,
    PolynomialDeviation,
    RelativeDeviation,
    SaturatingDeviation,
)

Array = NDArray[np.float64]


@singledispatch
def deviation(law: Deviation, conductance: Array) -> Array:
    """Return the standard deviation of every conductance, same shape. [S]

    Args:
        law: One of the four laws; its docstring is the equation.
        conductance: Conductances, any shape. [S]

    Raises:
        ParameterError: If ``law`` is none of them.
    """
    _ = conductance
    msg = f"{law!r} is no law of deviation; use RelativeDeviation or another of its kind"
    raise ParameterError(msg)


@deviation.register
def _(law: RelativeDeviation, conductance: Array) -> Array:
    return law.sigma * conductance


@deviation.register
def _(law: PolynomialDeviation, conductance: Array) -> Array:
    sigma = np.polynomial.polynomial.polyval(conductance / law.g_ref, law.coefficients)
    return np.maximum(sigma, 0.0)


@deviation.register
def _(law: SaturatingDeviation, conductance: Array) -> Array:
    return -law.limit * np.expm1(-conductance / law.scale)


@deviation.register
def _(law: FlickerDeviation, conductance: Array) -> Array:
    gathered = math.sqrt(math.log((law.t + law.t_read) / (2 * law.t_read)))
    # An open cell is silent; the tiny number only keeps its power finite.
    ratio = np.maximum(conductance / law.g_ref, 1e-30)
    relative: Array = np.minimum(law.q * ratio**-law.slope, law.q_max)
    return conductance * relative * gathered
