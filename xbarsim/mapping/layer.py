"""This module is one layer's way through the hardware: weights, pairs, chip, wires, gain, weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast import effective_conductance
from xbarsim.mapping.chip import program
from xbarsim.mapping.compensate import compensate
from xbarsim.mapping.gain import Gain, readout_gain
from xbarsim.mapping.matrix import matrix_to_weight, weight_to_matrix
from xbarsim.mapping.pairs import pairs_to_weights, siemens_per_unit, weights_to_pairs
from xbarsim.mapping.tiles import TilePlan
from xbarsim.parameters import CrossbarParams, DeviceParams


@dataclass(frozen=True)
class MappedLayer:
    """A layer as the hardware computes it.

    Attributes:
        weight: Weights that the arrays apply, gain included, in the layer's own shape.
        plan: How the matrix was cut.
        gain: Read-out gain that was applied, broadcastable over [tile, row, col].
        raw_gain: One least-squares scale from raw to wanted weights: how far currents are off.
        conductance_range: Lowest and highest programmed conductance. [S]
        residual: What compensation left before variation; not a number without compensation.
    """

    weight: NDArray[np.float64]
    plan: TilePlan
    gain: NDArray[np.float64]
    raw_gain: float
    conductance_range: tuple[float, float]
    residual: float = float("nan")


def programmed_conductance(
    weight: NDArray[Any],
    crossbar: CrossbarParams,
    device: DeviceParams,
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], TilePlan]:
    """Return the programmed conductances [2, tile, row, col] (positive, negative) of a layer. [S]

    The weight is cut into tiles of the crossbar's size; unused cells stay at ``g_min``.
    """
    targets, plan = target_conductance(weight, crossbar, device)
    return program(targets, device, generator), plan


def target_conductance(
    weight: NDArray[Any], crossbar: CrossbarParams, device: DeviceParams
) -> tuple[NDArray[np.float64], TilePlan]:
    """Return the conductances [2, tile, row, col] that are to be programmed, and the plan. [S]"""
    matrix = weight_to_matrix(weight)
    plan = TilePlan((matrix.shape[0], matrix.shape[1]), crossbar.shape)
    pairs = weights_to_pairs(matrix, device)
    return np.stack([plan.cut(half, unused=device.g_min) for half in pairs]), plan


def map_weights(
    weight: NDArray[Any],
    crossbar: CrossbarParams,
    device: DeviceParams,
    generator: np.random.Generator,
    *,
    gain: Gain = "column",
    compensated: bool = False,
    on_tile: Callable[[int], None] | None = None,
) -> MappedLayer:
    """Put one layer's weights on crossbars and read back the weights that they apply.

    Args:
        weight: Layer weight, [out, in, kernel...].
        crossbar: Array size and resistances; its rows and columns are the tile's. [Ω]
        device: Conductance range and variation. [S]
        generator: Random stream of this chip and layer.
        gain: Read-out gain; see ``readout_gain``.
        compensated: Program the pairs that make up for IR drop; see ``compensate``.
        on_tile: Called with the number of tiles just solved.

    Returns:
        The mapped layer.
    """
    targets, plan = target_conductance(weight, crossbar, device)
    residual = float("nan")
    if compensated:
        cured = compensate(targets, crossbar, device, on_tile=on_tile)
        targets, residual = cured.conductance, cured.residual
    conductance = program(targets, device, generator)
    matrix = weight_to_matrix(weight)
    positive, negative = effective_conductance(conductance, crossbar, on_tile=on_tile)
    measured = pairs_to_weights(positive, negative, siemens_per_unit(matrix, device))
    target = plan.cut(matrix.astype(np.float64), unused=0.0)
    # Unused cells take part in the circuit, but no weight is read from them.
    measured *= plan.cut(np.ones(plan.matrix_shape), unused=0.0)
    scale = readout_gain(target, measured, gain)
    return MappedLayer(
        weight=matrix_to_weight(plan.join(measured * scale), weight.shape),
        plan=plan,
        gain=scale,
        raw_gain=float(readout_gain(target, measured, "layer").item()),
        conductance_range=(float(conductance.min()), float(conductance.max())),
        residual=residual,
    )
