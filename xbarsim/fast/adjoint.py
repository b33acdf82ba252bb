r"""This module is the gradient: forward and adjoint cell voltages from one factorisation.

With the cell voltages $\varphi$ of the inputs and $\psi$ of the adjoint problem (inputs at 0 V, the
output's weights as voltages behind the sense resistors), the output L = w . i_col changes by

    dL/dG_kl = -psi_kl phi_kl,   dL/dR = sum over its resistors of i_phi i_psi,

by Tellegen's theorem; dL/dV_i is the adjoint current into driver i. Branch currents are sums of
cell currents, so that no resistance is divided by. Memory is rows x cols per output.
"""

from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from xbarsim.errors import ParameterError
from xbarsim.fast.branches import resistance_gradient
from xbarsim.fast.chunks import chunks, eliminate_anywhere
from xbarsim.fast.lines import Wiring
from xbarsim.fast.nodes import Resistances, factorise
from xbarsim.parameters import CrossbarParams, TopologyParams


def column_currents(
    v_row: Tensor,
    conductance: Tensor,
    crossbar: CrossbarParams,
    *,
    topology: TopologyParams | None = None,
    r_wire_row: ArrayLike | None = None,
    r_wire_col: ArrayLike | None = None,
    resistances: Tensor | None = None,
) -> Tensor:
    """Return the column currents of linear cells, differentiable in everything they depend on.

    Args:
        v_row: Input vectors, [batch, row]. [V]
        conductance: Cell conductances of one array, [row, col]. [S]
        crossbar: Geometry, and resistances where ``resistances`` is not given. [Ω]
        topology: Driven and sensed ends, and leads; all rows are driven.
        r_wire_row: Each word-line segment, [row, col - 1]; then only leads have the one value. [Ω]
        r_wire_col: Each bit-line segment, [row - 1, col]; likewise. [Ω]
        resistances: r_driver, r_wire_row, r_wire_col, r_sense, [4]; gradients reach them. [Ω]

    Returns:
        Column currents, [batch, col], float64. [A]

    Raises:
        ParameterError: If a shape does not fit the array.

    References:
        Director and Rohrer, DOI 10.1109/TCT.1969.1082976, for the adjoint network.
    """
    if tuple(conductance.shape) != crossbar.shape or v_row.shape[1:] != (crossbar.rows,):
        msg = (
            f"conductance has shape {tuple(conductance.shape)} and v_row {tuple(v_row.shape)}; the "
            f"array is {crossbar.rows}x{crossbar.cols}: use [row, col] and [batch, row]"
        )
        raise ParameterError(msg)
    wiring = Wiring.of(crossbar, topology, r_wire_row, r_wire_col)
    r = _tensor(crossbar, resistances)
    result: Tensor = _Currents.apply(v_row, conductance, r, wiring)  # type: ignore[no-untyped-call]
    return result


def differentiable_conductance(
    conductance: Tensor,
    wiring: Wiring,
    floating: Tensor | None = None,
    resistances: Tensor | None = None,
) -> Tensor:
    """Return the effective conductance of [..., row, col], with its gradient.

    Gradients reach ``conductance`` and ``resistances`` [4]; ``floating`` [..., row] rows have no
    driver.
    """
    r = _tensor(wiring.crossbar, resistances)
    result: Tensor = _Effective.apply(conductance, r, wiring, floating)  # type: ignore[no-untyped-call]
    return result


class _Currents(torch.autograd.Function):
    """Currents of one array, for a batch of inputs."""

    @staticmethod
    def forward(ctx: Any, v_row: Tensor, g: Tensor, r: Tensor, wiring: Wiring) -> Tensor:  # noqa: ANN401
        ctx.factor = factorise(g, wiring.lines(four(r)))
        ctx.wiring, ctx.dtypes = wiring, (v_row.dtype, g.dtype, r.dtype)
        ctx.forward_voltages = ctx.factor.cell_voltages(v_row.double())
        i_col: Tensor = (ctx.factor.conductance * ctx.forward_voltages).sum(dim=-2)
        return i_col

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, weight: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:  # noqa: ANN401
        phi = ctx.forward_voltages
        psi = ctx.factor.cell_voltages(v_sense=weight.double())
        g = ctx.factor.conductance
        v_type, g_type, r_type = ctx.dtypes
        by_input = -(g * psi).sum(dim=-1)
        by_cell = -(phi * psi).sum(dim=0)
        by_resistance = resistance_gradient(g * phi, g * psi, ctx.factor.lines, ctx.wiring)
        return by_input.to(v_type), by_cell.to(g_type), by_resistance.to(r_type), None


class _Effective(torch.autograd.Function):
    """The effective conductance by the fastest means, its gradient by the adjoint."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        g: Tensor,
        r: Tensor,
        wiring: Wiring,
        floating: Tensor | None,
    ) -> Tensor:
        ctx.save_for_backward(g, r)
        ctx.wiring, ctx.floating = wiring, floating
        return eliminate_anywhere(g.detach(), wiring.lines(four(r)), floating)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, weight: Tensor) -> tuple[Tensor, Tensor, None, None]:  # noqa: ANN401
        g, r = ctx.saved_tensors
        shape = ctx.wiring.crossbar.shape
        flat, flat_weight = g.reshape(-1, *shape), weight.reshape(-1, *shape)
        floating = None if ctx.floating is None else ctx.floating.reshape(-1, shape[0])
        by_cell, by_resistance = [], torch.zeros(4, dtype=torch.float64, device=g.device)
        for part in chunks(flat):
            rows = None if floating is None else floating[part]
            cell, four_slopes = _slopes(flat[part], r, flat_weight[part], ctx.wiring, rows)
            by_cell.append(cell)
            by_resistance += four_slopes
        gradient = torch.cat(by_cell).reshape(g.shape).to(g.dtype)
        return gradient, by_resistance.to(r), None, None


def _slopes(
    g: Tensor, r: Tensor, weight: Tensor, wiring: Wiring, floating: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return the slopes of sum(weight * g_eff) in every cell and in the four resistances."""
    factor = factorise(g, wiring.lines(four(r)), floating)
    phi = factor.cell_voltages(weight.double().transpose(-1, -2))
    psi = factor.cell_voltages(v_sense=torch.eye(g.shape[-1], dtype=torch.float64, device=g.device))
    cell = factor.conductance[..., None, :, :]
    by_resistance = resistance_gradient(cell * phi, cell * psi, factor.lines, wiring, floating)
    by_cell = -(phi * psi).sum(dim=-3)
    if floating is not None:
        # A floating word line takes the voltage of its first conducting cell: no slope without one.
        by_cell = torch.where((floating & ~(g > 0).any(-1))[..., None], 0.0, by_cell)
    return by_cell, by_resistance


def four(resistances: Tensor) -> Resistances:
    """Check and return the four resistances as numbers. [Ω]

    Raises:
        ParameterError: If they are not four finite numbers that are not negative.
    """
    values = [float(r) for r in resistances.detach().reshape(-1)]
    if len(values) != 4 or not all(0 <= r < float("inf") for r in values):
        msg = f"resistances is {values} Ω; use four finite values that are not negative"
        raise ParameterError(msg)
    return values[0], values[1], values[2], values[3]


def _tensor(crossbar: CrossbarParams, resistances: Tensor | None) -> Tensor:
    if resistances is None:
        return torch.tensor(crossbar.resistances, dtype=torch.float64)
    return resistances
