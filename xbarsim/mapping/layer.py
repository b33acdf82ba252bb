"""This module is one layer's way through the hardware: weights, cells, chip, wires, gain, weights."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.mapping.chip import program
from xbarsim.mapping.compensate import compensate
from xbarsim.mapping.gain import Gain, bit_line_gains, readout_gain
from xbarsim.mapping.models import StaticModel, apply_wires
from xbarsim.mapping.order import ordered
from xbarsim.mapping.plan import LayerPlan, plan_layer
from xbarsim.mapping.scheme import read_tiles, sides_of, write_tiles
from xbarsim.mapping.spec import MappingSpec
from xbarsim.parameters import CrossbarParams, DeviceParams

Array = NDArray[np.float64]
Program = Callable[[Array], Array]


@dataclass(frozen=True)
class ProgrammedLayer:
    """A layer as it is programmed: what cells conduct, before any wire.

    Attributes:
        conductance: Cells, [side, slice, tile, row, col]; see ``Written``. [S]
        unit: Weight per siemens of difference, [slice, tile or 1, 1, 1]. [1/S]
        plan: Where every weight sits.
        target: Weights that were meant, [tile, row, col].
        residual: What compensation left before variation; not a number without compensation.
        kept_gain: Gain of compensated arrays over that of the arrays as they were; likewise.
    """

    conductance: Array
    unit: Array
    plan: LayerPlan
    target: Array
    residual: float = float("nan")
    kept_gain: float = float("nan")


@dataclass(frozen=True)
class MappedLayer:
    """A layer as the hardware computes it.

    Attributes:
        weight: Weights that the arrays apply, gain included, in the layer's own shape.
        plan: How the matrix was cut.
        gain: Read-out gain that was applied, broadcastable over [tile, row, col]; the mean of both
            bit lines where each has its own.
        balance: Gain of either bit line over that mean, broadcastable over [side, tile, row, col].
        raw_gain: One least-squares scale from raw to wanted weights: how far currents are off.
        conductance_range: Lowest and highest programmed conductance. [S]
        residual: What compensation left before variation; not a number without compensation.
        kept_gain: Gain of compensated arrays over that of the arrays as they were; likewise.
        fit_error: Largest error of models fitted to its arrays, on spike patterns held out, as a
            share of an array's largest current; None where nothing was fitted.
    """

    weight: Array
    plan: LayerPlan
    gain: Array
    balance: Array
    raw_gain: float
    conductance_range: tuple[float, float]
    residual: float = float("nan")
    kept_gain: float = float("nan")
    fit_error: float | None = None


def write_layer(
    weight: NDArray[Any],
    crossbar: CrossbarParams,
    device: DeviceParams,
    spec: MappingSpec,
    *,
    groups: int = 1,
    on_tile: Callable[[int], None] | None = None,
) -> ProgrammedLayer:
    """Return a layer's cells as every chip is to be programmed: targets, without any variation.

    Args:
        weight: Layer weight, [out, in / groups, kernel...].
        crossbar: Size of an array and its resistances. [Ω]
        device: Conductance range. [S]
        spec: How weights become conductances.
        groups: Groups of a convolution.
        on_tile: Called with the number of arrays just solved, while compensating.
    """
    weight = np.asarray(weight, dtype=np.float64)
    plan = plan_layer(weight.shape, crossbar.shape, spec, groups)
    if spec.order == "strong_near":
        plan = ordered(plan, weight, crossbar, device)
    tiles = plan.cut(weight)
    written = write_tiles(tiles, plan.used(), spec, device)
    if not spec.compensated:
        return ProgrammedLayer(written.conductance, written.unit, plan, tiles)
    cured = compensate(written.conductance[:, 0], crossbar, device, on_tile=on_tile)
    return ProgrammedLayer(
        cured.conductance[:, None], written.unit, plan, tiles, cured.residual,
        cured.gain / cured.uncompensated_gain,
    )  # fmt: skip


def program_layer(
    weight: NDArray[Any],
    crossbar: CrossbarParams,
    device: DeviceParams,
    spec: MappingSpec,
    program_cells: Program,
    *,
    groups: int = 1,
    on_tile: Callable[[int], None] | None = None,
) -> ProgrammedLayer:
    """Write a layer's weights into the cells of a chip; see ``write_layer`` for the arguments.

    ``program_cells`` is what the chip makes of conductances that are to be programmed.
    """
    written = write_layer(weight, crossbar, device, spec, groups=groups, on_tile=on_tile)
    return replace(written, conductance=program_cells(written.conductance))


def read_layer(
    programmed: ProgrammedLayer,
    crossbar: CrossbarParams,
    *,
    gain: Gain,
    spec: MappingSpec,
    model: StaticModel = "exact",
    on_tile: Callable[[int], None] | None = None,
) -> MappedLayer:
    """Read back the weights that a programmed layer applies.

    Args:
        programmed: The layer's cells.
        crossbar: Size of an array and its resistances. [Ω]
        gain: Read-out gain; see ``readout_gain``.
        spec: How weights became conductances.
        model: What the wires do.
        on_tile: Called with the number of arrays just solved.
    """
    effective = apply_wires(programmed.conductance, crossbar, model, on_tile=on_tile)
    return weigh(programmed, sides_of(effective, spec), gain)


def weigh(programmed: ProgrammedLayer, sides: Array, gain: Gain) -> MappedLayer:
    """Return the layer whose arrays apply ``sides`` [2, slice, tile, row, col]. [S]"""
    plan, cells, used = programmed.plan, programmed.conductance, programmed.plan.used()
    # Unused cells take part in the circuit, but no weight is read from them.
    measured = read_tiles(sides, programmed.unit) * used
    balance = np.ones((2, 1, 1, 1))
    if gain == "bitline":
        each = bit_line_gains(programmed.target, (sides * programmed.unit).sum(axis=1) * used)
        scale = each.mean(axis=0)
        balance = each / scale
        weight = read_tiles(sides * balance[:, None], programmed.unit) * used * scale
    else:
        scale = readout_gain(programmed.target, measured, gain)
        weight = measured * scale
    return MappedLayer(
        weight=plan.join(weight),
        plan=plan,
        gain=scale,
        balance=balance,
        raw_gain=float(readout_gain(programmed.target, measured, "layer").item()),
        conductance_range=(float(cells.min()), float(cells.max())),
        residual=programmed.residual,
        kept_gain=programmed.kept_gain,
    )


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
    spec = MappingSpec(compensated=compensated)
    programmed = program_layer(
        weight, crossbar, device, spec, lambda g: program(g, device, generator), on_tile=on_tile
    )
    return read_layer(programmed, crossbar, gain=gain, spec=spec, on_tile=on_tile)


def target_conductance(
    weight: NDArray[Any], crossbar: CrossbarParams, device: DeviceParams
) -> tuple[Array, LayerPlan]:
    """Return the differential pairs [2, tile, row, col] that are to be programmed, and the plan. [S]"""
    layer = program_layer(weight, crossbar, device, MappingSpec(), lambda g: g)
    return layer.conductance[:, 0], layer.plan


def programmed_conductance(
    weight: NDArray[Any],
    crossbar: CrossbarParams,
    device: DeviceParams,
    generator: np.random.Generator,
) -> tuple[Array, LayerPlan]:
    """Return the programmed conductances [2, tile, row, col] (positive, negative) of a layer. [S]

    The weight is cut into tiles of the crossbar's size; unused cells stay at ``g_min``.
    """
    targets, plan = target_conductance(weight, crossbar, device)
    return program(targets, device, generator), plan
