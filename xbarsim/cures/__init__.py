"""Cures for what hardware does to networks, each with its cost: statistics, thresholds, training."""

from xbarsim.cures.norm import adapt_norm as adapt_norm
from xbarsim.cures.outputs import OutputStatistics as OutputStatistics
from xbarsim.cures.outputs import correct_outputs as correct_outputs
from xbarsim.cures.outputs import output_statistics as output_statistics
from xbarsim.cures.thresholds import recalibrate_thresholds as recalibrate_thresholds
from xbarsim.cures.training import noise_aware_fit as noise_aware_fit
from xbarsim.cures.training import through_crossbar as through_crossbar
