"""This module is the order of rows and columns that puts large weights where wires take least.

Inputs and outputs may be wired to any row and column, so a permutation costs nothing but wiring.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from xbarsim.fast import effective_conductance
from xbarsim.mapping.matrix import weight_to_blocks
from xbarsim.mapping.plan import LayerPlan
from xbarsim.parameters import CrossbarParams, DeviceParams

Array = NDArray[np.float64]


def ordered(
    plan: LayerPlan, weight: Array, crossbar: CrossbarParams, device: DeviceParams
) -> LayerPlan:
    r"""Return the plan with rows, then columns, assigned to places at least total cost.

    With f the share of its current that a cell keeps in an array of average cells, a weight w at
    place (p, q) costs $w^2 (f_{max} - f_{pq})^2$: the squared error that is left when everything is
    read by the gain of the best place. Both assignments are solved exactly, block by block.

    Args:
        plan: Plan in natural order.
        weight: The layer's weight, [out, in / groups, kernel...].
        crossbar: Size of an array and its resistances. [Ω]
        device: Conductance range. [S]
    """
    loss = place_loss(crossbar, device)
    rows, cols = plan.block.matrix_shape
    tiled = np.tile(loss, (-(-rows // loss.shape[0]), -(-cols // loss.shape[1])))[:rows, :cols]
    row_order, col_order = np.empty_like(plan.row_order), np.empty_like(plan.col_order)
    for k, matrix in enumerate(weight_to_blocks(weight, plan.groups, plan.unrolling)):
        power = matrix * matrix
        row_order[k] = _assign(power @ tiled.T)
        col_order[k] = _assign(power[row_order[k]].T @ tiled)
    return replace(plan, row_order=row_order, col_order=col_order)


def place_loss(crossbar: CrossbarParams, device: DeviceParams) -> Array:
    """Return (f_max - f)**2 of every place [row, col] of an array whose cells are all average."""
    g = np.full(crossbar.shape, 0.75 * device.g_min + 0.25 * device.g_max)
    kept = effective_conductance(g, crossbar) / g
    return np.asarray((kept.max() - kept) ** 2)


def _assign(cost: Array) -> NDArray[np.intp]:
    """Return which item sits at each place, for costs [item, place]."""
    items, places = linear_sum_assignment(cost)
    order = np.empty(len(items), dtype=np.intp)
    order[places] = items
    return order
