"""What happens to cells: programming variation, read noise, drift and stuck cells, each by itself.

Pure functions on conductance arrays of any shape, each with its own stream of random numbers.
"""

from xbarsim.effects.deviation import deviation as deviation
from xbarsim.effects.drift import drift_cells as drift_cells
from xbarsim.effects.noise import program_cells as program_cells
from xbarsim.effects.noise import read_cells as read_cells
from xbarsim.effects.stages import age_cells as age_cells
from xbarsim.effects.streams import Effect as Effect
from xbarsim.effects.streams import effect_generator as effect_generator
from xbarsim.effects.stuck import stick_cells as stick_cells
