"""Networks on crossbars: a new network that computes what the arrays do."""

from xbarsim.hardware.chips import to_chips as to_chips
from xbarsim.hardware.crossbar_network import count_arrays as count_arrays
from xbarsim.hardware.crossbar_network import to_crossbar as to_crossbar
from xbarsim.hardware.crossbar_network import write_targets as write_targets
from xbarsim.hardware.drivers import Source as Source
from xbarsim.hardware.drivers import check_drivers as check_drivers
from xbarsim.hardware.gains import to_crossbar_gains as to_crossbar_gains
from xbarsim.hardware.outputs import scale_outputs as scale_outputs
from xbarsim.hardware.reading import AdcParams as AdcParams
from xbarsim.hardware.reading import ReadParams as ReadParams
from xbarsim.hardware.setup import HardwareSetup as HardwareSetup
from xbarsim.hardware.setup import load_setup as load_setup
from xbarsim.hardware.stream import stream_to_crossbar as stream_to_crossbar
from xbarsim.hardware.summary import ArraySummary as ArraySummary
from xbarsim.hardware.summary import LayerSummary as LayerSummary
from xbarsim.hardware.summary import array_summary as array_summary
from xbarsim.hardware.summary import keep_summaries as keep_summaries
from xbarsim.hardware.summary import layer_summaries as layer_summaries
from xbarsim.hardware.tiled import TiledLayer as TiledLayer
from xbarsim.hardware.tiled import per_read_noise as per_read_noise
from xbarsim.hardware.tiled import reseed as reseed
