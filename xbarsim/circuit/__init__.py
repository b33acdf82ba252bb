"""The circuit of one array: nodes and branches, with no simulator's word in it."""

from xbarsim.circuit.build import build_circuit as build_circuit
from xbarsim.circuit.checks import check_conductance as check_conductance
from xbarsim.circuit.checks import check_inputs as check_inputs
from xbarsim.circuit.checks import check_segments as check_segments
from xbarsim.circuit.circuit import GROUND as GROUND
from xbarsim.circuit.circuit import R_FLOOR as R_FLOOR
from xbarsim.circuit.circuit import Amplifier as Amplifier
from xbarsim.circuit.circuit import Circuit as Circuit
from xbarsim.circuit.circuit import Resistor as Resistor
from xbarsim.circuit.circuit import Switch as Switch
from xbarsim.circuit.pairs import interleaved_pairs as interleaved_pairs
from xbarsim.circuit.pairs import pair_difference as pair_difference
from xbarsim.circuit.switches import switched_circuit as switched_circuit
