"""From weights to programmed conductances and back: matrices, tiles, differential pairs, chips."""

from xbarsim.mapping.chip import chip_generator as chip_generator
from xbarsim.mapping.compensate import CompensatedPairs as CompensatedPairs
from xbarsim.mapping.compensate import compensate as compensate
from xbarsim.mapping.gain import Gain as Gain
from xbarsim.mapping.layer import MappedLayer as MappedLayer
from xbarsim.mapping.layer import map_weights as map_weights
from xbarsim.mapping.layer import programmed_conductance as programmed_conductance
from xbarsim.mapping.tiles import TilePlan as TilePlan
