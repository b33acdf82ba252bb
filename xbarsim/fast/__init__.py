"""The fast models: what the array computes, at the speed of arithmetic, checked against references."""

from xbarsim.fast.effective import effective_conductance as effective_conductance
from xbarsim.fast.ideal import ideal_currents as ideal_currents
