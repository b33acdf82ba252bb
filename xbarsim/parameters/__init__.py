"""What an array and its cells are made of: typed, frozen, unit-carrying parameters."""

from xbarsim.parameters.crossbar import CrossbarParams as CrossbarParams
from xbarsim.parameters.device import DeviceParams as DeviceParams
from xbarsim.parameters.presets import load_crossbar as load_crossbar
from xbarsim.parameters.presets import load_device as load_device
from xbarsim.parameters.presets import preset_names as preset_names
