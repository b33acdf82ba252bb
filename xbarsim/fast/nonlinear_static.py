r"""This module is whole networks with nonlinear cells: linear cells that stand in for them.

With spikes of one voltage a cell is at nearly one operating point whenever its row spikes. The
linear cell that draws the same charge there over the training patterns p is the secant

    \bar g = \sum_p i_p / \sum_p v_p,   p where the row spikes,

from nonlinear solves of those patterns. Grounded rows: the exact matrix of the secant array, and a
factor for each column fitted to the same patterns: one static product a time-step. Gated or floating
rows, or grounded ones at a higher accuracy: the activity model, fitted to nonlinear solves.

Assumptions: rows are at 0 or V_read; the fit is for that voltage. Cost of a fit: two nonlinear solves
a row, or six for the activity model. Measured against ngspice at 64x64 with sinh cells of mostly low
conductance, in % of full scale at V / V_0 = 0.4, 1, 2: 0.06, 0.35, 1.2, where cells of 0 V err by 0.3,
2.0, 6.9; two products reach 0.06 at V / V_0 = 1 (``validation/benchmarks/models.json``). On more
arrays, a trained network's among them: ``validation/records/sinh-grounded.json``. Smaller arrays err
more, as less wire evens out what cells see. Full matrices drawn to the secants by a ridge were tried
and are no better; factors from fewer patterns than one a row lower the rms error and raise the worst.
Source: none; the fit was made for this package.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import check_conductance
from xbarsim.errors import ParameterError
from xbarsim.fast.activity import ActivityModel, fit_activity_currents, join_tiles
from xbarsim.fast.effective import effective_conductance
from xbarsim.fast.laws import CellLaw, SeriesLaw
from xbarsim.fast.nonlinear import NonlinearSolution, nonlinear_currents
from xbarsim.fast.patterns import Mask, random_patterns, training_patterns
from xbarsim.fast.silence import SilentRows
from xbarsim.fast.threads import tile_by_tile
from xbarsim.parameters import CrossbarParams
from xbarsim.parameters.base import Parameters

Array = NDArray[np.float64]
Law = CellLaw | SeriesLaw | Parameters

# Two orders below the best fits; every further step costs as much as the one before.
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class NonlinearStatic:
    """Tiles of nonlinear cells as one matrix each.

    Attributes:
        secant: Conductances of the linear cells that stand in, [..., row, col]. [S]
        g_eff: Current per volt of a spiking row, [..., row, col]. [S]
        v_read: Word-line voltage of a spike that the fit is for. [V]
        error_max: Largest error of each tile on held-out patterns, as a share of the largest of
            their currents, [...].
        error_rms: Root mean square of the same.
    """

    secant: Array
    g_eff: Array
    v_read: float
    error_max: Array
    error_rms: Array

    def currents(self, spikes: ArrayLike) -> Array:
        """Return the column currents of binary spikes [..., batch, row], [..., batch, col]. [A]"""
        s = np.asarray(spikes, dtype=np.float64)
        return np.asarray(self.v_read * (s @ self.g_eff))

    @property
    def figures(self) -> dict[str, float]:
        """The fit in numbers, for a record: read voltage, and errors over all tiles."""
        return {
            "v_read": self.v_read,
            "held_out_error_max": float(self.error_max.max()),
            "held_out_error_rms": float(np.sqrt((self.error_rms**2).mean())),
        }


def fit_nonlinear_static(
    conductance: ArrayLike,
    crossbar: CrossbarParams,
    law: Law,
    v_read: float,
    *,
    generator: np.random.Generator,
    patterns: int | None = None,
    held_out: int = 64,
    density: tuple[float, float] = (0.01, 0.5),
    on_tile: Callable[[int], None] | None = None,
) -> NonlinearStatic:
    """Fit tiles with grounded silent rows, and report the error on other patterns.

    Args:
        conductance: Cell conductances at 0 V, [..., row, col]. [S]
        crossbar: Geometry and resistances. [Ω]
        law: A kind of cell such as ``SinhCell``, or its law.
        v_read: Word-line voltage of a spike. [V]
        generator: Source of the random patterns.
        patterns: Number of patterns to fit to; two a row by default.
        held_out: Number of other patterns, for the error.
        density: Least and largest share of spiking rows that will be asked for.
        on_tile: Called with the number of tiles just fitted, for progress bars.

    Raises:
        ParameterError: If ``conductance`` or ``v_read`` is not physical, or there are no patterns.
        SolveError: If a nonlinear solve fails.
    """
    count = 2 * crossbar.rows if patterns is None else patterns
    train, test = _patterns(count, held_out, v_read, crossbar, density, generator)
    both = np.concatenate([train, test])

    def fit(g: Array) -> NonlinearStatic:
        solved = _solve(g, both, crossbar, law, v_read, "grounded")
        secant = secant_conductance(g, train, solved.v_cell[:count], solved.i_cell[:count])
        plain = effective_conductance(secant, crossbar)
        found, wanted = v_read * (train @ plain), solved.i_col[:count]
        column = (found * wanted).sum(axis=0) / np.maximum((found**2).sum(axis=0), 1e-300)
        g_eff = plain * column
        scale = max(float(np.abs(solved.i_col[count:]).max()), np.finfo(float).tiny)
        error = (v_read * (test @ g_eff) - solved.i_col[count:]) / scale
        rms = np.sqrt((error**2).mean())
        return NonlinearStatic(secant, g_eff, v_read, np.abs(error).max(), rms)

    flat, lead = _tiles(conductance)
    parts = tile_by_tile(fit, flat, on_tile)
    return NonlinearStatic(
        np.stack([p.secant for p in parts]).reshape(*lead, *crossbar.shape),
        np.stack([p.g_eff for p in parts]).reshape(*lead, *crossbar.shape),
        v_read,
        np.array([p.error_max for p in parts]).reshape(lead),
        np.array([p.error_rms for p in parts]).reshape(lead),
    )


def secant_conductance(conductance: Array, spikes: Mask, v_cell: Array, i_cell: Array) -> Array:
    """Return the conductances [row, col] that draw the same charge while their rows spike. [S]

    Args:
        conductance: Cell conductances at 0 V, for rows that never spike, [row, col]. [S]
        spikes: Patterns, [pattern, row].
        v_cell: Cell voltages of each, [pattern, row, col]. [V]
        i_cell: Cell currents of each, same shape. [A]
    """
    weight = spikes[..., None].astype(np.float64)
    charge, volts = (i_cell * weight).sum(axis=0), (v_cell * weight).sum(axis=0)
    known = np.abs(volts) > 0
    return np.where(known, charge / np.where(known, volts, 1.0), conductance)


def fit_nonlinear_activity(
    conductance: ArrayLike,
    crossbar: CrossbarParams,
    law: Law,
    silent_rows: SilentRows,
    v_read: float,
    *,
    generator: np.random.Generator,
    patterns: int | None = None,
    held_out: int = 64,
    density: tuple[float, float] = (0.01, 0.5),
    on_tile: Callable[[int], None] | None = None,
) -> ActivityModel:
    """Fit the activity model to nonlinear cells, any silent rows; two products a time-step.

    Every pattern is a nonlinear solve: with gated rows compiled, with grounded ones by slopes that
    all patterns share, with floating ones by a factorisation each, which is slow.

    The arguments are those of ``fit_nonlinear_static`` and ``fit_activity``; six patterns a row.

    Raises:
        ParameterError: If ``conductance`` or ``v_read`` is not physical, or patterns are too few.
        SolveError: If a nonlinear solve fails.
    """
    count = 6 * crossbar.rows if patterns is None else patterns
    train, test = _patterns(count, held_out, v_read, crossbar, density, generator)
    both = np.concatenate([train, test])

    def fit(g: Array) -> ActivityModel:
        i_col = _solve(g, both, crossbar, law, v_read, silent_rows).i_col
        return fit_activity_currents(
            train, i_col[:count], test, i_col[count:], v_read=v_read, linear=False
        )

    flat, lead = _tiles(conductance)
    return join_tiles(tile_by_tile(fit, flat, on_tile), lead)


def _tiles(conductance: ArrayLike) -> tuple[Array, tuple[int, ...]]:
    cells = np.asarray(conductance, dtype=np.float64)
    return cells.reshape(-1, *cells.shape[-2:]), cells.shape[:-2]


def _patterns(
    count: int,
    held_out: int,
    v_read: float,
    crossbar: CrossbarParams,
    density: tuple[float, float],
    generator: np.random.Generator,
) -> tuple[Mask, Mask]:
    """Draw patterns to fit to, and others."""
    if count < 1 or held_out < 1 or not 0 < abs(v_read) < float("inf"):
        msg = (
            f"patterns is {count}, held_out {held_out}, v_read {v_read!r} V: use at least one "
            "pattern each, and a voltage that is not zero"
        )
        raise ParameterError(msg)
    return (
        training_patterns(count, crossbar.rows, density, generator),
        random_patterns(held_out, crossbar.rows, density, generator),
    )


def _solve(
    g: Array,
    spikes: Mask,
    crossbar: CrossbarParams,
    law: Law,
    v_read: float,
    silent_rows: SilentRows,
) -> NonlinearSolution:
    return nonlinear_currents(
        check_conductance(g, crossbar),
        v_read * spikes,
        crossbar,
        law,
        tolerance=_TOLERANCE,
        slopes="shared" if silent_rows == "grounded" else "own",
        silent_rows=silent_rows,
        active=spikes,
    )
