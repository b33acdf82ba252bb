r"""This module is the activity model: gated or floating rows at the price of two static products.

The exact matrix belongs to one spike pattern. Per column a rational function of the spikes s,

    I_j = V_read (s @ A)_j / (1 + (s @ B)_j),

stays close to the exact currents: A is what each row would give alone and B how much it loads the
column. A and B [row, col] are fitted to the exact currents of random patterns (``rational``), or to
those of any other source, such as ngspice.

Assumptions: rows are at 0 or V_read; the cells' law is fixed, and with nonlinear cells V_read too.
Cost: two products a time-step; a fit is six patterns a row, solved exactly, and one linear
system [row, row] a column. Measured at 64x64 with the preset ``bhattacharjee2022``, densities 1 to
50 %, held-out patterns: within 0.7 % of full scale gated and 0.2 % floating, where the static matrix
of grounded rows errs by 22 % and 20 %; ngspice, cost, and what else was tried stand in
``validation/benchmarks/models.json``. Source: none; the form was found for this package.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import check_conductance
from xbarsim.errors import ParameterError
from xbarsim.fast.patterns import Mask, pattern_currents, random_patterns, training_patterns
from xbarsim.fast.rational import fit_rational
from xbarsim.fast.silence import SilentRows
from xbarsim.fast.threads import tile_by_tile
from xbarsim.parameters import CrossbarParams

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ActivityModel:
    """Fitted tiles whose silent rows are gated or floating.

    Attributes:
        gain: A, current per volt of each row alone, [..., row, col]. [S]
        load: B, by how much each row loads each column, [..., row, col].
        error_max: Largest error of each tile on held-out patterns, as a share of the largest of
            their currents, [...].
        error_rms: Root mean square of the same.
        v_read: The only read voltage that the fit is good for; None when cells are linear. [V]
    """

    gain: Array
    load: Array
    error_max: Array
    error_rms: Array
    v_read: float | None = None

    def currents(self, spikes: ArrayLike, v_read: float) -> Array:
        """Return the column currents of binary spikes, [..., batch, col]. [A]

        Args:
            spikes: Zeros and ones, [..., batch, row], leading axes as those of ``gain``; one tile
                takes any shape [..., row].
            v_read: Word-line voltage of a spike. [V]

        Raises:
            ParameterError: If the shape does not fit, or the fit is for another read voltage.
        """
        s = np.asarray(spikes, dtype=np.float64)
        rows = self.gain.shape[-2]
        if s.shape[-1:] != (rows,):
            msg = f"spikes has shape {s.shape}; the tile takes [..., row] with {rows} rows"
            raise ParameterError(msg)
        if self.v_read not in (None, v_read):
            msg = (
                f"v_read is {v_read!r} V, but these nonlinear cells were fitted at "
                f"{self.v_read!r} V; fit them again"
            )
            raise ParameterError(msg)
        return np.asarray(v_read * (s @ self.gain) / (1 + s @ self.load))


def fit_activity(
    conductance: ArrayLike,
    crossbar: CrossbarParams,
    silent_rows: SilentRows,
    *,
    generator: np.random.Generator,
    patterns: int | None = None,
    held_out: int = 64,
    density: tuple[float, float] = (0.01, 0.5),
    on_tile: Callable[[int], None] | None = None,
) -> ActivityModel:
    """Fit tiles to exact solves of random patterns, and report the error on other patterns.

    All tiles are fitted to the same patterns, one tile a core at a time.

    Args:
        conductance: Cell conductances, [..., row, col]. [S]
        crossbar: Geometry and resistances. [Ω]
        silent_rows: ``gated`` or ``floating``; ``grounded`` needs no fit.
        generator: Source of the random patterns.
        patterns: Number of patterns to fit to; six a row by default, at least two.
        held_out: Number of other patterns, for the error.
        density: Least and largest share of spiking rows that will be asked for.
        on_tile: Called with the number of tiles just fitted, for progress bars.

    Raises:
        ParameterError: If ``conductance`` or ``silent_rows`` does not fit, or patterns are too few.
    """
    if silent_rows == "grounded":
        msg = "silent_rows is 'grounded': effective_conductance is exact for every pattern, use it"
        raise ParameterError(msg)
    rows = crossbar.rows
    count = 6 * rows if patterns is None else patterns
    train = training_patterns(count, rows, density, generator)
    test = random_patterns(held_out, rows, density, generator)
    _check_counts(train, test)
    cells = np.asarray(conductance, dtype=np.float64)
    flat = cells.reshape(-1, *cells.shape[-2:])
    both = np.concatenate([train, test])

    def fit(g: Array) -> ActivityModel:
        i_col = pattern_currents(check_conductance(g, crossbar), crossbar, silent_rows, both)
        return fit_activity_currents(train, i_col[:count], test, i_col[count:], v_read=1.0)

    return join_tiles(tile_by_tile(fit, flat, on_tile), cells.shape[:-2])


def join_tiles(models: list[ActivityModel], lead: tuple[int, ...]) -> ActivityModel:
    """Return one model of many tiles [tile], with leading axes ``lead``."""
    shape = models[0].gain.shape
    return ActivityModel(
        np.stack([m.gain for m in models]).reshape(*lead, *shape),
        np.stack([m.load for m in models]).reshape(*lead, *shape),
        np.array([m.error_max for m in models]).reshape(lead),
        np.array([m.error_rms for m in models]).reshape(lead),
        models[0].v_read,
    )


def fit_activity_currents(
    spikes: Mask,
    i_col: ArrayLike,
    held_out_spikes: Mask,
    held_out_i_col: ArrayLike,
    *,
    v_read: float,
    linear: bool = True,
) -> ActivityModel:
    """Fit one tile to currents from anywhere: ngspice, a nonlinear solve, a measurement.

    Args:
        spikes: Patterns to fit to, [pattern, row], at least two a row.
        i_col: Their column currents, [pattern, col]. [A]
        held_out_spikes: Other patterns, for the error.
        held_out_i_col: Their column currents. [A]
        v_read: Word-line voltage of a spike. [V]
        linear: Whether the cells are linear, so that the fit is good for other voltages.

    Raises:
        ParameterError: If shapes do not fit each other, or patterns are too few.
    """
    _check_counts(spikes, held_out_spikes)
    train, test = (np.asarray(x, dtype=np.float64) for x in (i_col, held_out_i_col))
    for s, i in ((spikes, train), (held_out_spikes, test)):
        if i.ndim != 2 or len(i) != len(s) or not np.isfinite(i).all():
            msg = f"currents of {len(s)} patterns have shape {i.shape}; use finite [pattern, col]"
            raise ParameterError(msg)
    gain, load = fit_rational(spikes.astype(np.float64), train / v_read)
    nothing = np.zeros(())
    model = ActivityModel(gain, load, nothing, nothing)
    scale = max(float(np.abs(test).max()), np.finfo(float).tiny)
    error = (model.currents(held_out_spikes, v_read) - test) / scale
    return ActivityModel(
        gain,
        load,
        np.abs(error).max(),
        np.sqrt((error**2).mean()),
        None if linear else v_read,
    )


def _check_counts(spikes: Mask, held_out: Mask) -> None:
    rows = spikes.shape[-1]
    if len(spikes) < 2 * rows or len(held_out) < 1:
        msg = (
            f"patterns is {len(spikes)} and held_out is {len(held_out)}: use at least two a row "
            f"({2 * rows}) and one"
        )
        raise ParameterError(msg)
