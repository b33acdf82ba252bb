"""This module is a hardware setup as one TOML file: mapping, reading, effects."""

import tomllib
from pathlib import Path

from xbarsim.errors import ParameterError
from xbarsim.hardware.reading import ReadParams
from xbarsim.mapping import MappingSpec
from xbarsim.parameters import EffectParams
from xbarsim.parameters.base import Parameters
from xbarsim.storage import read_text


class HardwareSetup(Parameters):
    """Everything about a network's hardware but the arrays and the cells themselves."""

    mapping: MappingSpec = MappingSpec()
    """How weights become conductances, and what drives the rows."""
    reading: ReadParams = ReadParams()
    """What wires and converters do to every read."""
    effects: EffectParams | None = None
    """Laws of variation, read noise, drift and stuck cells; None for the device's sigma alone."""
    seconds: float | None = None
    """Time between programming and reading; needed with drift. [s]"""


def load_setup(path: Path | None) -> HardwareSetup:
    """Read a setup; None gives the default one.

    Raises:
        ParameterError: If the file is no TOML, or a key or value is not acceptable.
        StorageError: If it cannot be read.
    """
    if path is None:
        return HardwareSetup()
    try:
        return HardwareSetup(**tomllib.loads(read_text(path)))
    except tomllib.TOMLDecodeError as error:
        msg = f"{path} is not TOML: {error}"
        raise ParameterError(msg) from None
