"""From weights to programmed conductances and back: matrices, tiles, cells, chips."""

from xbarsim.mapping.chip import chip_generator as chip_generator
from xbarsim.mapping.compensate import CompensatedPairs as CompensatedPairs
from xbarsim.mapping.compensate import compensate as compensate
from xbarsim.mapping.gain import Gain as Gain
from xbarsim.mapping.layer import MappedLayer as MappedLayer
from xbarsim.mapping.layer import ProgrammedLayer as ProgrammedLayer
from xbarsim.mapping.layer import map_weights as map_weights
from xbarsim.mapping.layer import program_layer as program_layer
from xbarsim.mapping.layer import programmed_conductance as programmed_conductance
from xbarsim.mapping.layer import read_layer as read_layer
from xbarsim.mapping.layer import weigh as weigh
from xbarsim.mapping.layer import write_layer as write_layer
from xbarsim.mapping.models import StaticModel as StaticModel
from xbarsim.mapping.models import apply_wires as apply_wires
from xbarsim.mapping.plan import LayerPlan as LayerPlan
from xbarsim.mapping.plan import plan_layer as plan_layer
from xbarsim.mapping.spec import DriverParams as DriverParams
from xbarsim.mapping.spec import MappingSpec as MappingSpec
from xbarsim.mapping.tiles import TilePlan as TilePlan
