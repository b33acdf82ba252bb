"""Networks on crossbars: a new network whose weights are those that the arrays apply."""

from xbarsim.hardware.crossbar_network import LayerSummary as LayerSummary
from xbarsim.hardware.crossbar_network import layer_summaries as layer_summaries
from xbarsim.hardware.crossbar_network import to_crossbar as to_crossbar
