r"""This module is the gradient: forward and adjoint cell voltages from one factorisation.

With the cell voltages $\varphi$ of the inputs and $\psi$ of the adjoint problem (inputs at 0 V, the
output's weights as voltages behind the sense resistors), the output L = w . i_col changes by

    dL/dG_kl = -psi_kl phi_kl,   dL/dR = sum over its resistors of i_phi i_psi,

by Tellegen's theorem; dL/dV_i is the adjoint current into driver i. Branch currents are sums of
cell currents, so that no resistance is divided by. Memory is rows x cols per output.
"""

from typing import Any

import torch
from torch import Tensor

from xbarsim.errors import ParameterError
from xbarsim.fast.nodes import Resistances, factorise
from xbarsim.parameters import CrossbarParams


def column_currents(
    v_row: Tensor,
    conductance: Tensor,
    crossbar: CrossbarParams,
    *,
    resistances: Tensor | None = None,
) -> Tensor:
    """Return the column currents of linear cells, differentiable in everything they depend on.

    Args:
        v_row: Input vectors, [batch, row]. [V]
        conductance: Cell conductances of one array, [row, col]. [S]
        crossbar: Geometry, and resistances where ``resistances`` is not given. [Ω]
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
    if resistances is None:
        resistances = torch.tensor(crossbar.resistances, dtype=torch.float64)
    result: Tensor = _Currents.apply(v_row, conductance, resistances)  # type: ignore[no-untyped-call]
    return result


def differentiable_conductance(
    conductance: Tensor, crossbar: CrossbarParams, floating: Tensor | None
) -> Tensor:
    """Return the effective conductance of [..., row, col] on the CPU, with its gradient."""
    result: Tensor = _Effective.apply(conductance, crossbar, floating)  # type: ignore[no-untyped-call]
    return result


class _Currents(torch.autograd.Function):
    """Currents of one array, for a batch of inputs."""

    @staticmethod
    def forward(ctx: Any, v_row: Tensor, g: Tensor, resistances: Tensor) -> Tensor:  # noqa: ANN401
        ctx.factor = factorise(g, _four(resistances))
        ctx.dtypes = v_row.dtype, g.dtype, resistances.dtype
        ctx.forward_voltages = ctx.factor.cell_voltages(v_row.double())
        i_col: Tensor = (ctx.factor.conductance * ctx.forward_voltages).sum(dim=-2)
        return i_col

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
        phi = ctx.forward_voltages
        psi = ctx.factor.cell_voltages(v_sense=weight.double())
        g = ctx.factor.conductance
        v_type, g_type, r_type = ctx.dtypes
        by_input = -(g * psi).sum(dim=-1)
        by_cell = -(phi * psi).sum(dim=0)
        by_resistance = resistance_gradient(g * phi, g * psi)
        return by_input.to(v_type), by_cell.to(g_type), by_resistance.to(r_type)


class _Effective(torch.autograd.Function):
    """The effective conductance by the compiled kernel, its gradient by the adjoint."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        g: Tensor,
        crossbar: CrossbarParams,
        floating: Tensor | None,
    ) -> Tensor:
        from xbarsim.fast.tiles import eliminate_tiles

        ctx.save_for_backward(g)
        ctx.resistances, ctx.floating = crossbar.resistances, floating
        open_rows = None if floating is None else floating.reshape(-1, crossbar.rows).numpy()
        flat = g.detach().reshape(-1, *crossbar.shape).numpy()
        return torch.from_numpy(eliminate_tiles(flat, crossbar, None, open_rows)).reshape(g.shape)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, weight: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        (g,) = ctx.saved_tensors
        factor = factorise(g, ctx.resistances, ctx.floating)
        phi = factor.cell_voltages(weight.double().transpose(-1, -2))
        psi = factor.cell_voltages(v_sense=torch.eye(g.shape[-1], dtype=torch.float64))
        return -(phi * psi).sum(dim=-3).to(g.dtype), None, None


def resistance_gradient(forward: Tensor, adjoint: Tensor) -> Tensor:
    """Return dL/dR of r_driver, r_wire_row, r_wire_col, r_sense, [4].

    Args:
        forward: Cell currents of the inputs, [batch, row, col]. [A]
        adjoint: Cell currents of the adjoint problem, same shape.
    """
    along = [x.flip(-1).cumsum(-1).flip(-1) for x in (forward, adjoint)]
    down = [x.cumsum(-2) for x in (forward, adjoint)]
    row, col = along[0] * along[1], down[0] * down[1]
    parts = [row[..., 0], row[..., 1:], col[..., :-1, :], col[..., -1, :]]
    return torch.stack([part.sum() for part in parts])


def _four(resistances: Tensor) -> Resistances:
    """Check and return the four resistances as numbers."""
    values = [float(r) for r in resistances.detach().reshape(-1)]
    if len(values) != 4 or not all(0 <= r < float("inf") for r in values):
        msg = f"resistances is {values} Ω; use four finite values that are not negative"
        raise ParameterError(msg)
    return values[0], values[1], values[2], values[3]
