"""This module is the question that a validation answers: which arrays, which inputs, how exact."""

import tomllib
from pathlib import Path
from typing import Literal

from xbarsim.errors import ParameterError
from xbarsim.parameters import CrossbarParams, DeviceParams, load_crossbar, load_device
from xbarsim.parameters.base import Parameters
from xbarsim.storage import read_text
from xbarsim.units import Count, Fraction, Ratio, Second

Statistics = Literal["uniform", "bimodal", "lognormal", "low_g", "wide"]


class ValidationCase(Parameters):
    """Arrays to run in ngspice, and the tolerance that a fast model is held to.

    Random arrays take the listed conductance statistics in turn: ``uniform`` in [g_min, g_max];
    ``bimodal``, g_min or g_max; ``lognormal`` around the middle of the range; ``low_g``, near g_min
    as in trained networks; ``wide``, log-uniform over a range ``spread`` times wider at both ends,
    so that programming variation stays inside the envelope.
    """

    name: str
    """Name of the case; the record is called after it."""
    device: str = "bhattacharjee2022"
    """Preset or TOML file of the device and the wires."""
    sizes: tuple[tuple[Count, Count], ...] = ((16, 16), (32, 32), (64, 64))
    """Rows and columns of the arrays."""
    circuits: Count = 4
    """Random arrays per size."""
    statistics: tuple[Statistics, ...] = ("uniform", "wide", "low_g", "bimodal", "lognormal")
    """Distributions of the cells' conductances, taken in turn."""
    vectors: Count = 6
    """Input vectors per array: dense analogue ones and spike vectors in turn."""
    densities: tuple[Fraction, ...] = (0.05, 0.2, 0.5)
    """Shares of spiking rows, taken in turn."""
    spread: Ratio = 3.0
    """How far conductances go beyond the device's range, as a factor."""
    tolerance: Ratio = 1e-9
    """Largest error allowed, relative to the largest current of the circuit."""
    seed: int = 0
    """Seed of arrays and inputs."""
    budget: Second | None = None
    """Longest time to spend; the record says when it ended the run."""

    def device_params(self) -> DeviceParams:
        """Return the device of this case."""
        return load_device(self.device)

    def crossbar_params(self, rows: int, cols: int) -> CrossbarParams:
        """Return the crossbar of this case at one size."""
        return load_crossbar(self.device, rows=rows, cols=cols)


def load_case(path: str | Path) -> ValidationCase:
    """Read a case from a TOML file; a device path in it is relative to the file.

    Raises:
        ParameterError: If the file is not valid TOML or holds unknown keys.
        StorageError: If it cannot be read.
    """
    path = Path(path)
    try:
        data = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        msg = f"{path} is not valid TOML: {error}"
        raise ParameterError(msg) from None
    device = str(data.get("device", "bhattacharjee2022"))
    if device.endswith(".toml"):
        data["device"] = str(path.parent / device)
    for key in ("sizes", "densities", "statistics"):
        if isinstance(data.get(key), list):
            data[key] = tuple(tuple(v) if isinstance(v, list) else v for v in data[key])
    return ValidationCase(**{"name": path.stem, **data})
