"""This module is a layer's tiles as the kernel reads them: cells, scales, ranges."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError
from xbarsim.fast import (
    ActivityModel,
    NonlinearStatic,
    fit_activity,
    fit_nonlinear_activity,
    fit_nonlinear_static,
)
from xbarsim.hardware.noise import fit_noise
from xbarsim.hardware.reading import AdcParams, ReadParams
from xbarsim.mapping import MappedLayer, MappingSpec, ProgrammedLayer, apply_wires, weigh
from xbarsim.mapping.scheme import sides_of
from xbarsim.parameters import CrossbarParams, Deviation

Array = NDArray[np.float64]
Single = NDArray[np.float32]

LINEAR, NOISY, ACTIVE = 0, 1, 2
_DENSITY = 0.1
_HELD_OUT = 32


@dataclass(frozen=True)
class TileBank:
    """What every tile of a layer does to its inputs; see ``kernel`` for the layout of ``cells``.

    Attributes:
        mode: LINEAR, NOISY or ACTIVE.
        cells: [slice, tile, row, plane * col], currents in units of the converter's step.
        scale: Weight per unit of current, gain included, [slice, tile, col].
        rise: By how much a unit of current lifts its bit line, [slice, tile, side, col]; with noise.
        power: Sums of P, [slice, tile, side, col]; with noise.
        limit: Largest code of the converter; 0 without one.
    """

    mode: int
    cells: Single
    scale: Single
    rise: Single
    power: Single
    limit: float

    def __deepcopy__(self, memo: dict[int, object]) -> "TileBank":
        return self  # nothing in it ever changes


@dataclass(frozen=True)
class Sides:
    """Both sides of all tiles, [side, slice, tile, row, col].

    Attributes:
        current: Current per volt of each row, of the activity model A where it is used. [S]
        load: B of the activity model; None without.
        power: P of the noise model; None without. [S^2]
        rise: r of the noise model. [Ω]
        fit_error: Largest error of a fitted model on patterns held out, as a share of the largest
            current of its array; None without a fit.
    """

    current: Array
    load: Array | None = None
    power: Array | None = None
    rise: float = 0.0
    fit_error: float | None = None


def apply_array(
    programmed: ProgrammedLayer,
    crossbar: CrossbarParams,
    spec: MappingSpec,
    reading: ReadParams,
    law: Deviation | None,
    *,
    seed: int,
    on_tile: Callable[[int], None] | None = None,
) -> Sides:
    """Pass a programmed layer through the model of the wires, and through that of the noise.

    Raises:
        ParameterError: If noise is asked for together with a fitted model.
    """
    cells = programmed.conductance
    if reading.ir_drop == "activity" or reading.ir_drop == "nonlinear_static":  # noqa: PLR1714
        if law is not None:
            msg = (
                f"read noise and ir_drop {reading.ir_drop!r} are both asked for, but the variance is "
                "that of grounded rows and linear cells; choose another ir_drop, or effects without "
                "read_noise"
            )
            raise ParameterError(msg)
        fitted = _fit(cells, crossbar, reading, seed, on_tile)
        worst = float(fitted.error_max.max())
        if isinstance(fitted, NonlinearStatic):
            return Sides(sides_of(fitted.g_eff, spec), fit_error=worst)
        gain, load = (sides_of(part, spec) for part in (fitted.gain, fitted.load))
        return Sides(gain, load=load, fit_error=worst)
    effective = apply_wires(cells, crossbar, reading.ir_drop, on_tile=on_tile)
    if law is None:
        return Sides(sides_of(effective, spec))
    wires = reading.ir_drop != "ideal" and any(crossbar.resistances)
    model = fit_noise(cells.reshape(-1, *crossbar.shape), crossbar, law, wires=wires, seed=seed)
    power = model.power.reshape(cells.shape)
    return Sides(sides_of(effective, spec), power=sides_of(power, spec), rise=model.rise)


def _fit(
    cells: Array,
    crossbar: CrossbarParams,
    reading: ReadParams,
    seed: int,
    on_tile: Callable[[int], None] | None,
) -> ActivityModel | NonlinearStatic:
    """Fit arrays [..., row, col], to exact solves or to nonlinear ones."""
    draw, cell, v_read = np.random.default_rng(seed), reading.nonlinear_cell, reading.v_read
    if cell is None or v_read is None:
        return fit_activity(
            cells,
            crossbar,
            reading.silent_rows,
            generator=draw,
            held_out=_HELD_OUT,
            on_tile=on_tile,
        )
    if reading.ir_drop == "nonlinear_static":
        return fit_nonlinear_static(
            cells, crossbar, cell, v_read, generator=draw, held_out=_HELD_OUT, on_tile=on_tile
        )
    return fit_nonlinear_activity(
        cells, crossbar, cell, reading.silent_rows, v_read, generator=draw, held_out=_HELD_OUT,
        on_tile=on_tile,
    )  # fmt: skip


def read_weights(programmed: ProgrammedLayer, sides: Sides, spec: MappingSpec) -> MappedLayer:
    """Return the weights that tiles apply, gain included; the average ones where they vary.

    With the activity model these are the weights of a row when a tenth of the rows spikes.
    """
    current = sides.current
    if sides.load is not None:
        current = current / (1 + _DENSITY * sides.load.sum(axis=-2, keepdims=True))
    return replace(weigh(programmed, current, spec.gain), fit_error=sides.fit_error)


def build_bank(
    programmed: ProgrammedLayer, mapped: MappedLayer, sides: Sides, adc: AdcParams | None
) -> TileBank:
    """Lay tiles out for the kernel."""
    balance = mapped.balance[:, None]
    current = sides.current * balance
    difference = current[0] - current[1]
    step = _converter_step(difference, sides.load, adc)
    shape = difference.shape[:2]
    used = programmed.plan.used().max(axis=-2, keepdims=True)
    scale = (programmed.unit * mapped.gain * used * step)[..., 0, :]
    planes = [difference / step]
    lines = (*shape, 2, difference.shape[-1])
    rise, power, mode = np.zeros(lines), np.zeros(lines), LINEAR
    if sides.load is not None:
        mode, planes = ACTIVE, [*(current / step), *sides.load]
    elif sides.power is not None:
        scaled = sides.power * (balance / step) ** 2
        mode, planes = NOISY, [*(current / step), *scaled]
        rise = sides.rise * np.moveaxis((step / balance)[..., 0, :], 0, 2)
        power = np.moveaxis(scaled.sum(axis=-2), 0, 2)
    cells = np.stack([np.broadcast_to(p, difference.shape) for p in planes], axis=-2)
    return TileBank(
        mode=mode,
        cells=_single(cells.reshape(*difference.shape[:3], -1)),
        scale=_single(np.broadcast_to(scale, (*shape, difference.shape[-1]))),
        rise=_single(np.broadcast_to(rise, lines)),
        power=_single(power),
        limit=0.0 if adc is None else float(2 ** (adc.bits - 1) - 1),
    )


def _converter_step(difference: Array, load: Array | None, adc: AdcParams | None) -> Array:
    """Return the current of one code of every tile, [slice, tile, 1, 1]; 1 without converters. [S]"""
    if adc is None:
        return np.ones((*difference.shape[:2], 1, 1))
    if adc.bits < 2:
        msg = f"adc.bits is {adc.bits}; a signed converter has at least 2"
        raise ParameterError(msg)
    reach = difference if load is None else difference / (1 + load.mean(axis=(0, -2))[..., None, :])
    most = np.maximum(np.maximum(reach, 0).sum(axis=-2), np.maximum(-reach, 0).sum(axis=-2))
    full = most.max(axis=-1)[..., None, None] * adc.share
    step: Array = np.where(full > 0, full, 1.0) / (2 ** (adc.bits - 1) - 1)
    return step


def _single(array: Array) -> Single:
    return np.ascontiguousarray(array, dtype=np.float32)
