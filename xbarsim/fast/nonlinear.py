r"""This module is the model of nonlinear cells: each step is one exact linear solve.

About the cell voltages v of the last step a cell is a slope s and a source beside it,

    i(u) = i(v) + s (u - v),

so that the array is linear again. The start is the linear solve with the cells' slope at 0 V. What
the straight line misses at the new voltages, i(u) minus the above, is the exact violation of
Kirchhoff's law there: it is the residual that is reported, and that decides when to stop. With each
input's own slopes (``own``) this is Newton's method; with slopes that all inputs share (``shared``)
it converges linearly, but one factorisation serves them all. Where a step makes an input's residual
grow, it goes only part of the way. A transistor's dependence on its bit line is taken from the step
before.

Assumptions: drivers and sense resistors at one end. Cost: a linear solve a step and input with own
slopes, two triangular sweeps with shared ones. Measured at 64x64, 0.5 V: residual below 1e-6 after
three steps, and within 1e-10 of ngspice (``validation/benchmarks/models.json``). Source: Newton's
method on companion models, as in Nagel's SPICE2 (ERL-M520, Berkeley 1975).
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from xbarsim.circuit import check_conductance, check_inputs
from xbarsim.errors import ParameterError, SolveError
from xbarsim.fast.laws import CellLaw, SeriesLaw, branch, cell_law
from xbarsim.fast.nodes import factorise
from xbarsim.fast.silence import SilentRows, apply_silence
from xbarsim.parameters import CrossbarParams
from xbarsim.parameters.base import Parameters

Array = NDArray[np.float64]
Slopes = Literal["own", "shared"]

_NUMBERS_AT_A_TIME = 2**24
_HALVINGS = 6


@dataclass(frozen=True)
class NonlinearSolution:
    """Currents of nonlinear cells, and how well they fulfil Kirchhoff's law.

    Attributes:
        i_col: Column currents, [batch, col]. [A]
        v_cell: Word-line minus bit-line voltage of every cell, [batch, row, col]. [V]
        i_cell: Current of every cell, [batch, row, col]. [A]
        residuals: Worst violation of Kirchhoff's current law after each step, as a share of the
            largest cell current, [step].
    """

    i_col: Array
    v_cell: Array
    i_cell: Array
    residuals: Array


def nonlinear_currents(
    conductance: ArrayLike,
    v_row: ArrayLike,
    crossbar: CrossbarParams,
    law: CellLaw | SeriesLaw | Parameters,
    *,
    tolerance: float = 1e-10,
    most_steps: int = 50,
    slopes: Slopes = "own",
    silent_rows: SilentRows = "grounded",
    active: ArrayLike | None = None,
) -> NonlinearSolution:
    """Solve an array of nonlinear cells for a batch of inputs.

    Args:
        conductance: Cell conductances at 0 V, [row, col]. [S]
        v_row: Input vectors, [batch, row]. [V]
        crossbar: Geometry and resistances. [Ω]
        law: A kind of cell such as ``SinhCell``, or its law; its slope may not be negative.
        tolerance: Residual to reach, as a share of the largest cell current.
        most_steps: Steps after which to give up.
        slopes: ``own`` for few inputs or strong nonlinearity; ``shared`` for many inputs.
        silent_rows: What rows do that are not ``active``; needs ``own`` slopes unless grounded.
        active: Rows that carry an input, [batch, row].

    Raises:
        ParameterError: If shapes or values are not physical, or the law is unknown.
        SolveError: If ``tolerance`` is not reached, or the law falls where the cells are.
    """
    g = torch.from_numpy(check_conductance(conductance, crossbar))
    v = torch.from_numpy(check_inputs(v_row, crossbar.rows))
    if slopes == "shared" and silent_rows != "grounded":
        msg = (
            f"silent_rows is {silent_rows!r}: every pattern has slopes of its own, use slopes='own'"
        )
        raise ParameterError(msg)
    found: CellLaw | SeriesLaw = cell_law(law) if isinstance(law, Parameters) else law  # type: ignore[arg-type]
    # Grounded rows are all driven, so that patterns make no difference.
    mask = None if silent_rows == "grounded" else active
    cells, floating = apply_silence(g, silent_rows, mask, crossbar)
    lost = None if floating is None else torch.from_numpy(floating.copy())
    one_each = slopes == "shared" or silent_rows == "gated"
    numbers = crossbar.rows * crossbar.cols * (1 if one_each else crossbar.cols)
    size = max(1, _NUMBERS_AT_A_TIME // numbers)
    parts = []
    for k in range(0, len(v), size):
        part = slice(k, k + size)
        array = _Array(
            cells if cells.ndim == 2 else cells[part], v[part], crossbar, found,
            None if lost is None else lost[part], shared=slopes == "shared",
            spiking=np.asarray(active)[part] if silent_rows == "gated" else None,
        )  # fmt: skip
        parts.append(_iterate(array, tolerance, most_steps))
    steps = max(len(residuals) for _, residuals in parts)
    worst = [max(r[min(k, len(r) - 1)] for _, r in parts) for k in range(steps)]
    v_cell = torch.cat([state.v for state, _ in parts])
    i_cell = torch.cat([state.current for state, _ in parts])
    return NonlinearSolution(
        i_cell.sum(dim=-2).numpy(), v_cell.numpy(), i_cell.numpy(), np.array(worst)
    )


class _State(NamedTuple):
    """Cell voltages, the currents that the wires carry to cells, and the cells' own currents.

    ``missed`` is the largest violation of Kirchhoff's law of every input, [batch]. [A]
    """

    v: Tensor
    carried: Tensor
    current: Tensor
    slope: Tensor
    missed: Tensor


@dataclass(frozen=True)
class _Array:
    """An array, its cells' law and its inputs."""

    g: Tensor
    v_row: Tensor
    crossbar: CrossbarParams
    law: CellLaw | SeriesLaw
    floating: Tensor | None
    shared: bool
    spiking: NDArray[np.bool_] | None

    def start(self) -> _State:
        """Return the solution of linear cells with the slope at 0 V."""
        nothing = torch.zeros_like(self.g)
        _, slope = branch(self.law, self.g, nothing, nothing)
        if self.g.ndim == 2:
            v = factorise(slope, self.crossbar.resistances).cell_voltages(self.v_row)
        else:
            v = self._voltages(slope, torch.zeros_like(slope))
        return self.state(v, slope * v)

    def state(self, v: Tensor, carried: Tensor) -> _State:
        """Return the cells' own currents and slopes at these voltages."""
        # Only cells in series with something know their bit line.
        series = isinstance(self.law, SeriesLaw)
        v_bit = bit_line_voltages(carried, self.crossbar) if series else v
        current, slope = branch(self.law, self.g, v, v_bit)
        _check_slope(slope, v)
        missed = (current - carried).abs_().amax(dim=(-1, -2))
        return _State(v, carried, current, slope, missed)

    def steps(self, state: _State) -> Generator[_State, _State, None]:
        """Yield the states of undamped steps from whatever state is sent."""
        factor, common = None, state.slope
        before = float("inf")
        while True:
            missed = float(state.missed.max())
            if self.shared and (factor is None or missed > 0.5 * before):
                common = state.slope.mean(dim=0)
                factor = factorise(common, self.crossbar.resistances)
            before = missed
            if factor is None:
                common = state.slope
            beside = state.current - common * state.v
            if factor is None:
                v = self._voltages(common, beside)
            else:
                v = factor.cell_voltages(self.v_row, injected=beside)
            state = yield self.state(v, common * v + beside)

    def _voltages(self, slope: Tensor, beside: Tensor) -> Tensor:
        """Solve every input's own array, [batch, row, col] each."""
        if self.spiking is None:
            factor = factorise(slope, self.crossbar.resistances, self.floating)
            return factor.cell_voltages(self.v_row[:, None], injected=beside[:, None])[:, 0]
        from xbarsim.fast.word_cells import gated_voltages

        v = np.empty(tuple(slope.shape))
        gated_voltages(
            slope.numpy(), beside.numpy(), self.v_row.numpy(), self.spiking,
            np.array(self.crossbar.resistances), v,
        )  # fmt: skip
        return torch.from_numpy(v)


def _iterate(array: _Array, tolerance: float, most_steps: int) -> tuple[_State, list[float]]:
    """Return the last state and the residual after each step."""
    state = array.start()
    steps = array.steps(state)
    residuals: list[float] = []
    while len(residuals) < most_steps:
        trial = next(steps) if not residuals else steps.send(state)
        state = _damped(array, state, trial)
        largest = state.current.abs().max().clamp_min(1e-300)
        residuals.append(float(state.missed.max() / largest))
        if residuals[-1] <= tolerance:
            return state, residuals
    last = residuals[-1] if residuals else None
    msg = (
        f"the nonlinear solve left a residual of {last!r} of the largest cell current after "
        f"{most_steps} steps, more than {tolerance!r}; use smaller inputs, slopes='own' or a larger "
        "tolerance"
    )
    raise SolveError(msg)


def _damped(array: _Array, state: _State, trial: _State) -> _State:
    """Go part of the way where a full step makes the residual grow.

    Voltages and carried currents both obey the wires' linear laws, so that mixtures of them do.
    """
    floor = 1e-14 * trial.current.abs().amax(dim=(-1, -2))
    for _ in range(_HALVINGS):
        worse = trial.missed > torch.maximum(state.missed, floor)
        if not bool(worse.any()):
            break
        reach = torch.where(worse[:, None, None], 0.5, 1.0)
        trial = array.state(
            state.v + reach * (trial.v - state.v),
            state.carried + reach * (trial.carried - state.carried),
        )
    return trial


def bit_line_voltages(i_cell: Tensor, crossbar: CrossbarParams) -> Tensor:
    """Return bit-line voltages [..., row, col] from cell currents of the same shape. [V]"""
    down = i_cell.cumsum(dim=-2)
    ends = crossbar.r_sense * down[..., -1:, :]
    drops = crossbar.r_wire_col * down[..., :-1, :].flip(-2).cumsum(dim=-2).flip(-2)
    return torch.cat([ends + drops, ends], dim=-2)


def _check_slope(slope: Tensor, cell: Tensor) -> None:
    """Refuse slopes for which the linearised array is no network of resistors."""
    least, largest = (float(end) for end in torch.aminmax(slope))
    if not 0 <= least <= largest < float("inf"):
        bad = ~((slope >= 0) & torch.isfinite(slope))
        v = float(cell[bad][0])
        msg = (
            f"the cell law's slope is {float(slope[bad][0])!r} S at {v!r} V: it must be finite and not "
            "negative; use smaller inputs, or a law that rises there"
        )
        raise SolveError(msg)
