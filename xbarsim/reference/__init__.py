"""Reference currents: what a trusted solver says, and the sparse nodal solve that is one of the two."""

from xbarsim.reference.currents import Provenance as Provenance
from xbarsim.reference.currents import ReferenceCurrents as ReferenceCurrents
from xbarsim.reference.distrust import Distrust as Distrust
from xbarsim.reference.linear import (
    circuit_effective_conductance as circuit_effective_conductance,
)
from xbarsim.reference.network import CircuitSolution as CircuitSolution
from xbarsim.reference.network import solve_circuit as solve_circuit
from xbarsim.reference.nodal import NodalSolution as NodalSolution
from xbarsim.reference.nodal import nodal_effective_conductance as nodal_effective_conductance
from xbarsim.reference.nodal import solve_nodal as solve_nodal
