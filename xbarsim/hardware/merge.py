"""This module is the choice between one merged weight and reading tile by tile."""

from collections.abc import Callable

import torch
from torch import nn

from xbarsim.hardware.bank import apply_array, build_bank, read_weights
from xbarsim.hardware.drivers import CrossbarLayer, RoundedInput
from xbarsim.hardware.reading import ReadParams
from xbarsim.hardware.spikes import SpikesOnly
from xbarsim.hardware.tiled import TiledLayer
from xbarsim.mapping import DriverParams, MappedLayer, MappingSpec, ProgrammedLayer
from xbarsim.parameters import CrossbarParams, Deviation


def read_layer(
    layer: CrossbarLayer,
    programmed: ProgrammedLayer,
    crossbar: CrossbarParams,
    spec: MappingSpec,
    reading: ReadParams,
    law: Deviation | None,
    *,
    seed: int,
    on_tile: Callable[[int], None] | None = None,
) -> tuple[nn.Module, MappedLayer]:
    """Give ``layer`` the weights that its tiles apply, and return it, or what reads its tiles.

    Args:
        layer: The layer; its weight is overwritten.
        programmed: Its cells.
        crossbar: Size of an array and its resistances. [Ω]
        spec: How weights became conductances, and what drives the rows.
        reading: What wires and converters do.
        law: Standard deviation of one reading of a cell; None without read noise.
        seed: Seed of the read noise and of fits.
        on_tile: Called with the number of arrays just solved.
    """
    sides = apply_array(programmed, crossbar, spec, reading, law, seed=seed, on_tile=on_tile)
    mapped = read_weights(programmed, sides, spec)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(mapped.weight))
    read: nn.Module = layer
    if sides.load is not None or sides.power is not None or reading.adc is not None:
        bank = build_bank(programmed, mapped, sides, reading.adc)
        read = TiledLayer(layer, mapped.plan, bank, spec.driver, seed)
    elif spec.driver.rounding:
        return RoundedInput(layer, spec.driver), mapped
    if reading.nonlinear_cell is not None and not _any_size(spec.driver):
        read = SpikesOnly(read, spec.driver)
    return read, mapped


def _any_size(driver: DriverParams) -> bool:
    """Return whether sizes between 0 and 1 are times, or are rounded away."""
    return driver.coding == "width" or driver.rounding
