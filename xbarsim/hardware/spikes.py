"""This module is what nonlinear cells ask of a network: rows at 0 or V_read, or pulses of V_read.

A nonlinear cell does not draw half its current at half its voltage, so that a size between 0 and 1 has
to be a time. Pulses of V_read begin together and last x_i of the read; with levels k q, k = 0..K, the
mean current of a read is that of K spike patterns,

    I(x) = q sum_{k=1..K} I(s_k),   s_k,i = [x_i >= k q].

It is assumed that bit lines settle within the shortest pulse. A model that is linear in the pattern
gives I(x) = x @ G at once.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.fast import cell_law
from xbarsim.hardware.drivers import CrossbarLayer, Inputs, Source, layer_inputs
from xbarsim.hardware.reading import ReadParams
from xbarsim.mapping import DriverParams
from xbarsim.parameters import DeviceParams


def settled(reading: ReadParams, device: DeviceParams) -> ReadParams:
    """Return the reading with the voltage of a spike filled in where cells are nonlinear.

    Raises:
        ParameterError: If the model needs a law of cells that is missing or that only ngspice knows.
    """
    if reading.nonlinear_cell is None:
        if reading.ir_drop == "nonlinear_static":
            msg = (
                "ir_drop is 'nonlinear_static' but the cells are linear; say their law ([reading.cell] "
                "in a setup, [cell] in a device file), or use 'exact'"
            )
            raise ParameterError(msg)
        return reading
    cell_law(reading.nonlinear_cell)
    return reading if reading.v_read is not None else reading.replace(v_read=device.v_read)


def check_spikes(
    network: nn.Module,
    reading: ReadParams,
    driver: DriverParams,
    source: Source,
    digital: set[str],
) -> None:
    """Refuse a network one of whose layers drives nonlinear cells with anything but spikes.

    Raises:
        ParameterError: Naming the layer, what it gets, and the remedies.
    """
    cell = reading.nonlinear_cell
    _check_pulses(reading, driver)
    if cell is None:
        return
    for name, layer, inputs in layer_inputs(network, source):
        if not isinstance(layer, CrossbarLayer) or name in digital:
            continue
        if inputs.signed and driver.signed == "bipolar":
            msg = (
                f"layer {name!r} gets signed inputs, but {cell.kind} cells are fitted to rows at 0 or "
                "v_read; read them as two phases (driver signed 'two_phase'), or keep the layer "
                "digital"
            )
            raise ParameterError(msg)
        if driver.coding == "amplitude" and not _full_or_nothing(inputs, driver):
            sizes = "any size" if inputs.levels is None else f"{inputs.levels} levels up to 1"
            msg = (
                f"layer {name!r} gets inputs of {sizes}, but {cell.kind} cells do not scale with their "
                "voltage; drive sizes as pulse widths (driver coding 'width'), use "
                "pool_before_threshold(network) where pools make them, or keep the layer digital"
            )
            raise ParameterError(msg)


def _check_pulses(reading: ReadParams, driver: DriverParams) -> None:
    """Refuse pulse widths that the activity model cannot follow."""
    if reading.ir_drop != "activity" or driver.coding != "width":
        return
    if driver.levels is None or reading.adc is not None:
        what = "no levels" if driver.levels is None else "a converter (adc)"
        msg = (
            f"pulse widths with the activity model and {what}: every level is a pattern of its own, "
            "read before any converter; give the driver's levels, and leave the converter out"
        )
        raise ParameterError(msg)


def _full_or_nothing(inputs: Inputs, driver: DriverParams) -> bool:
    """Return whether a layer's rows are at 0 or the full voltage only."""
    if driver.rounding and driver.levels == 2:
        return True
    return inputs.levels == 2 and (driver.levels is None or driver.full_scale == 1)


def pulses(x: Tensor, driver: DriverParams) -> Iterator[tuple[float, Tensor]]:
    """Yield q and the spike pattern s_k of every level that occurs in sizes ``x``, low to high.

    Args:
        x: Sizes, not negative: levels of the driver or, where it has none, any.
        driver: Its levels and full scale.
    """
    if driver.levels is None:
        ends = torch.unique(x[x > 0]).tolist()
    else:
        step = driver.full_scale / (driver.levels - 1)
        ends = [k * step for k in range(1, driver.levels)]
    for begin, end in zip([0.0, *ends], ends, strict=False):
        pattern = (x > (begin + end) / 2).to(x.dtype)
        if not bool(pattern.any()):
            return
        yield end - begin, pattern


class SpikesOnly(nn.Module):
    """A layer of nonlinear cells that refuses inputs other than 0 and the full scale."""

    def __init__(self, layer: nn.Module, driver: DriverParams) -> None:
        super().__init__()
        self.layer = layer
        self.full = 1.0 if driver.levels is None else driver.full_scale
        self.lowest = -self.full if driver.signed == "two_phase" else 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Run the layer on spikes.

        Raises:
            ParameterError: If there is another input; half a voltage is not half a current.
        """
        strange = (x != 0) & (x != self.full) & (x != self.lowest)
        if bool(strange.any()):
            msg = (
                f"nonlinear cells get an input of {float(x[strange][0]):g}, not 0 or {self.full:g}; "
                "say the encoder that makes the inputs to to_crossbar, which then names remedies"
            )
            raise ParameterError(msg)
        return torch.as_tensor(self.layer(x))
