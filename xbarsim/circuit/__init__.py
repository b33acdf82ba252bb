"""The circuit of one array: nodes and branches, with no simulator's word in it."""

from xbarsim.circuit.build import build_circuit as build_circuit
from xbarsim.circuit.checks import check_conductance as check_conductance
from xbarsim.circuit.checks import check_inputs as check_inputs
from xbarsim.circuit.checks import check_segments as check_segments
from xbarsim.circuit.circuit import GROUND as GROUND
from xbarsim.circuit.circuit import R_FLOOR as R_FLOOR
from xbarsim.circuit.circuit import Circuit as Circuit
from xbarsim.circuit.circuit import Resistor as Resistor
