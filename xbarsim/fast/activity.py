r"""This module is the activity model: gated or floating rows at the price of two static products.

The exact matrix belongs to one spike pattern. Per column a rational function of the spikes s,

    I_j = V_read (s @ A)_j / (1 + (s @ B)_j),

stays close to the exact currents: A is what each row would give alone and B how much it loads the
column. Multiplied by the denominator, the fit of A and B [row, col] to exact solves of random
patterns is linear least squares.

What was tried, worst error on 200 held-out patterns in % of full scale, 64x64, the preset
``bhattacharjee2022``, uniform (and mostly low) conductances, densities 2 to 50 %:

    ======================================================= ============  ============
    form, number of random patterns                         gated         floating
    ======================================================= ============  ============
    static matrix of grounded rows                          21.2 (18.6)   20.8 (14.7)
    A, B from single rows in closed form, one fitted gain    5.0 (2.9)    11.7 (7.7)
    A, B drawn towards that by a ridge, 80 patterns          2.9 (1.5)     4.7 (4.0)
    A, B by least squares, 150 patterns                      3.0 (0.9)     0.4 (0.5)
    A, B by least squares, 400 patterns                      1.1 (0.3)     0.2 (0.1)
    A, B by least squares, 450 patterns, half denser         0.6 (0.3)     0.2 (0.1)
    ======================================================= ============  ============
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import check_conductance
from xbarsim.errors import ParameterError
from xbarsim.fast.effective import effective_conductance
from xbarsim.fast.silence import SilentRows
from xbarsim.parameters import CrossbarParams

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CHUNK = 64
_RIDGE = 1e-9


@dataclass(frozen=True)
class ActivityModel:
    """A fitted tile whose silent rows are gated or floating.

    Attributes:
        gain: A, current per volt of each row alone, [row, col]. [S]
        load: B, by how much each row loads each column, [row, col].
        error_max: Largest error on held-out patterns, as a share of their largest current.
        error_rms: Root mean square of the same.
    """

    gain: Array
    load: Array
    error_max: float
    error_rms: float

    def currents(self, spikes: ArrayLike, v_read: float) -> Array:
        """Return the column currents of binary spikes [..., row], [..., col]. [A]"""
        s = np.asarray(spikes, dtype=np.float64)
        if s.shape[-1:] != self.gain.shape[:1]:
            msg = (
                f"spikes has shape {s.shape}; the tile takes [..., row] with {len(self.gain)} rows"
            )
            raise ParameterError(msg)
        return v_read * (s @ self.gain) / (1 + s @ self.load)


def fit_activity(
    conductance: ArrayLike,
    crossbar: CrossbarParams,
    silent_rows: SilentRows,
    *,
    generator: np.random.Generator,
    patterns: int = 450,
    held_out: int = 200,
    density: tuple[float, float] = (0.02, 0.5),
) -> ActivityModel:
    """Fit one tile to exact solves of random patterns, and report the error on other patterns.

    Args:
        conductance: Cell conductances, [row, col]. [S]
        crossbar: Geometry and resistances. [Ω]
        silent_rows: ``gated`` or ``floating``; ``grounded`` needs no fit.
        generator: Source of the random patterns.
        patterns: Number of patterns to fit to, at least two a row.
        held_out: Number of other patterns, for the error.
        density: Least and largest share of spiking rows that will be asked for.

    Raises:
        ParameterError: If ``conductance`` or ``silent_rows`` does not fit, or patterns are too few.
    """
    g = check_conductance(conductance, crossbar)
    if silent_rows == "grounded":
        msg = "silent_rows is 'grounded': effective_conductance is exact for every pattern, use it"
        raise ParameterError(msg)
    if patterns < 2 * crossbar.rows or held_out < 1:
        msg = (
            f"patterns is {patterns} and held_out is {held_out}: use at least two a row "
            f"({2 * crossbar.rows}) and one"
        )
        raise ParameterError(msg)
    spikes = np.concatenate(
        [
            training_patterns(patterns, crossbar.rows, density, generator),
            random_patterns(held_out, crossbar.rows, density, generator),
        ]
    )
    i_col = pattern_currents(g, crossbar, silent_rows, spikes)
    gain, load = _least_squares(spikes[:patterns].astype(float), i_col[:patterns])
    model = ActivityModel(gain, load, 0.0, 0.0)
    scale = max(i_col[patterns:].max(), np.finfo(float).tiny)
    error = (model.currents(spikes[patterns:], 1.0) - i_col[patterns:]) / scale
    return ActivityModel(gain, load, float(np.abs(error).max()), float(np.sqrt((error**2).mean())))


def random_patterns(
    count: int, rows: int, density: tuple[float, float], generator: np.random.Generator
) -> Mask:
    """Return spike patterns [count, row], spread in the logarithm of density; none is empty."""
    low, high = (float(np.log(x)) for x in density)
    share = np.exp(generator.uniform(low, high, (count, 1)))
    return _draw(share, rows, generator)


def training_patterns(
    count: int, rows: int, density: tuple[float, float], generator: np.random.Generator
) -> Mask:
    """Return patterns to fit to: half as ``random_patterns``, half spread evenly and denser.

    The worst errors lie at the dense end, where few of the first kind fall.
    """
    low, high = density
    share = generator.uniform(low, min(1.0, 1.3 * high), (count - count // 2, 1))
    sparse = random_patterns(count // 2, rows, density, generator)
    return np.concatenate([sparse, _draw(share, rows, generator)])


def _draw(share: Array, rows: int, generator: np.random.Generator) -> Mask:
    """Draw one pattern for each share of spiking rows; every pattern gets at least one spike."""
    count = len(share)
    spikes: Mask = generator.random((count, rows)) < share
    spikes[np.arange(count), generator.integers(0, rows, count)] = True
    return spikes


def pattern_currents(
    conductance: Array, crossbar: CrossbarParams, silent_rows: SilentRows, spikes: Mask
) -> Array:
    """Return the exact currents of spike patterns at 1 V, [pattern, col], some at a time. [A]"""
    parts = [
        effective_conductance(
            conductance, crossbar, silent_rows=silent_rows, active=spikes[k : k + _CHUNK]
        ).sum(axis=-2)
        for k in range(0, len(spikes), _CHUNK)
    ]
    return np.concatenate(parts)


def _least_squares(s: Array, i_col: Array) -> tuple[Array, Array]:
    """Solve I_j (1 + s @ B_j) = s @ A_j for all columns, each scaled to its largest current."""
    scale = np.maximum(i_col.max(axis=0), np.finfo(float).tiny)
    y = (i_col / scale).T
    weighted = -y[:, :, None] * s
    matrix = np.concatenate([np.broadcast_to(s, weighted.shape), weighted], axis=2)
    normal = matrix.transpose(0, 2, 1) @ matrix
    # Far below the patterns' own weight; it only settles rows that do not conduct.
    normal += _RIDGE * len(s) * np.eye(normal.shape[-1])
    right = (matrix.transpose(0, 2, 1) @ y[:, :, None])[..., 0]
    solution = np.linalg.solve(normal, right[..., None])[..., 0].T
    rows = s.shape[1]
    return solution[:rows] * scale, solution[rows:]
