"""A designer's questions about one array, answered with numbers and with decks that show them."""

from xbarsim.design.answers import DesignAnswers as DesignAnswers
from xbarsim.design.answers import answer as answer
from xbarsim.design.answers import count_steps as count_steps
from xbarsim.design.array import ArrayDesign as ArrayDesign
from xbarsim.design.array import load_design as load_design
from xbarsim.design.errors import design_error as design_error
from xbarsim.design.power import read_power as read_power
from xbarsim.design.sample import Sample as Sample
from xbarsim.design.sample import draw_sample as draw_sample
