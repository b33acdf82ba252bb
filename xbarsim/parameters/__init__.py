"""What an array and its cells are made of: typed, frozen, unit-carrying parameters."""

from xbarsim.parameters.cells import CellParams as CellParams
from xbarsim.parameters.cells import LinearCell as LinearCell
from xbarsim.parameters.cells import PolynomialCell as PolynomialCell
from xbarsim.parameters.cells import SelectorCell as SelectorCell
from xbarsim.parameters.cells import SinhCell as SinhCell
from xbarsim.parameters.cells import SubcircuitCell as SubcircuitCell
from xbarsim.parameters.cells import TableCell as TableCell
from xbarsim.parameters.cells import TransistorCell as TransistorCell
from xbarsim.parameters.crossbar import CrossbarParams as CrossbarParams
from xbarsim.parameters.device import DeviceParams as DeviceParams
from xbarsim.parameters.presets import load_cell as load_cell
from xbarsim.parameters.presets import load_crossbar as load_crossbar
from xbarsim.parameters.presets import load_device as load_device
from xbarsim.parameters.presets import load_topology as load_topology
from xbarsim.parameters.presets import load_transient as load_transient
from xbarsim.parameters.presets import preset_names as preset_names
from xbarsim.parameters.topology import TopologyParams as TopologyParams
from xbarsim.parameters.transient import TransientParams as TransientParams
