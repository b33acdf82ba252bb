"""Co-simulation: a network's own spikes go to ngspice, tile by tile, while it runs."""

from xbarsim.cosim.run import CosimResult as CosimResult
from xbarsim.cosim.run import cosimulate as cosimulate
from xbarsim.cosim.sample import CosimParams as CosimParams
from xbarsim.cosim.site import TileErrors as TileErrors
