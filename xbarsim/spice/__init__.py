"""Real ngspice: decks, the engines that run them, and the judgement of what comes back."""

from xbarsim.spice.batch import Limits as Limits
from xbarsim.spice.currents import spice_currents as spice_currents
from xbarsim.spice.deck import deck_hash as deck_hash
from xbarsim.spice.deck import write_netlist as write_netlist
from xbarsim.spice.ngspice import NgspiceInfo as NgspiceInfo
from xbarsim.spice.ngspice import find_ngspice as find_ngspice
from xbarsim.spice.rules import Finding as Finding
from xbarsim.spice.rules import check_deck as check_deck
from xbarsim.spice.run import Engine as Engine
from xbarsim.spice.run import Method as Method
from xbarsim.spice.rundeck import refuse_broken as refuse_broken
from xbarsim.spice.rundeck import run_deck as run_deck
from xbarsim.spice.transient import TransientCurrents as TransientCurrents
from xbarsim.spice.transient import spice_transient as spice_transient
