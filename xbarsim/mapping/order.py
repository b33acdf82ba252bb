"""This module is the order of rows and columns that puts large weights where wires take least.

Inputs and outputs may be wired to any row and column, so a permutation costs nothing but wiring.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast import effective_conductance
from xbarsim.mapping.matrix import weight_to_blocks
from xbarsim.mapping.plan import LayerPlan
from xbarsim.mapping.transport import assign_to_kinds
from xbarsim.parameters import CrossbarParams, DeviceParams

Array = NDArray[np.float64]
Order = NDArray[np.intp]


def ordered(
    plan: LayerPlan, weight: Array, crossbar: CrossbarParams, device: DeviceParams
) -> LayerPlan:
    r"""Return the plan with rows, then columns, assigned to places at least total cost.

    With f the share of its current that a cell keeps in an array of average cells, a weight w at
    place (p, q) costs $w^2 (f_{max} - f_{pq})^2$: the squared error that is left when everything is
    read by the gain of the best place. Both assignments are solved exactly, block by block; the
    places that one wire of an array has in all tiles are of one kind.

    Args:
        plan: Plan in natural order.
        weight: The layer's weight, [out, in / groups, kernel...].
        crossbar: Size of an array and its resistances. [Ω]
        device: Conductance range. [S]
    """
    loss = place_loss(crossbar, device)
    row_order, col_order = np.empty_like(plan.row_order), np.empty_like(plan.col_order)
    for k, matrix in enumerate(weight_to_blocks(weight, plan.groups, plan.unrolling)):
        row_order[k], col_order[k] = order_of(matrix * matrix, loss)
    return replace(plan, row_order=row_order, col_order=col_order)


def order_of(power: Array, loss: Array) -> tuple[Order, Order]:
    """Return which row and which column of a block sits at each place.

    Args:
        power: Squared weights of the block, [row, col].
        loss: Loss of every place of a tile, [row, col].
    """
    rows, cols = (
        np.arange(size) % side for size, side in zip(power.shape, loss.shape, strict=True)
    )
    row_order = _placed(power @ loss[:, cols].T, rows)
    return row_order, _placed(power[row_order].T @ loss[rows], cols)


def place_loss(crossbar: CrossbarParams, device: DeviceParams) -> Array:
    """Return (f_max - f)**2 of every place [row, col] of an array whose cells are all average."""
    g = np.full(crossbar.shape, 0.75 * device.g_min + 0.25 * device.g_max)
    kept = effective_conductance(g, crossbar) / g
    return np.asarray((kept.max() - kept) ** 2)


def _placed(cost: Array, kinds: Order) -> Order:
    """Return which item sits at each place, for costs [item, kind] and the places' kinds."""
    kind = assign_to_kinds(cost, np.bincount(kinds, minlength=cost.shape[1]))
    order = np.empty_like(kinds)
    order[np.argsort(kinds, kind="stable")] = np.argsort(kind, kind="stable")
    return order
