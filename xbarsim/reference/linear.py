"""This module is the nodal solve of a linear circuit of any topology, with zeros taken exactly.

Like ``network`` it reads the circuit's nodes and resistors; a resistor at the decks' floor is a
zero, and joins its two nodes into one unknown.
"""

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from xbarsim.circuit import GROUND, R_FLOOR, Circuit
from xbarsim.errors import ParameterError, SolveError

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Extended = NDArray[np.longdouble]

_ROUNDS = 3
"""One solve and two corrections: one node's conductances may differ by 1e9, at five digits' cost."""


def circuit_effective_conductance(circuit: Circuit) -> Array:
    """Return g_eff [row, col] in S of a circuit of linear cells; rows without a driver give zero.

    A column's current is the sum of its cells' currents, whichever ends they leave by.

    Raises:
        ParameterError: If the cells are not linear.
        SolveError: If the nodal matrix is singular to working precision.
    """
    if not circuit.linear:
        msg = f"cells of kind {circuit.cell.kind!r} have no effective conductance; use linear cells"
        raise ParameterError(msg)
    rows, cols = circuit.crossbar.shape
    number, n_free = _number_nodes(circuit)
    ends = [(number[r.a], number[r.b], 1 / r.ohm) for r in circuit.resistors if r.ohm != R_FLOOR]
    a, b, y = (np.array(x) for x in zip(*ends, strict=True)) if ends else (np.zeros(0, int),) * 3
    size = n_free + len(circuit.inputs) + 1
    return _column_currents(circuit, _voltages((a, b, y), size, n_free), number, (rows, cols))


def _voltages(ends: tuple[Index, Index, Array], size: int, n_free: int) -> Extended:
    """Return all nodes' voltages [input, node] with one volt at each input in turn."""
    a, b, y = ends
    where = (np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a]))
    full = coo_matrix((np.concatenate([y, y, -y, -y]), where), shape=(size, size)).tocsc()
    voltages = np.zeros((size, size - n_free - 1), np.longdouble)
    voltages[n_free:-1] = np.eye(size - n_free - 1)
    if not n_free:
        return voltages.T
    try:
        lu = splu(full[:n_free, :n_free], permc_spec="MMD_AT_PLUS_A")
    except RuntimeError as error:
        msg = f"the nodal matrix is singular ({error}): has every node a path to ground?"
        raise SolveError(msg) from error
    for _ in range(_ROUNDS):
        surplus = np.zeros_like(voltages)
        flow = y[:, None] * (voltages[a] - voltages[b])
        np.add.at(surplus, b, flow)
        np.add.at(surplus, a, -flow)
        voltages[:n_free] += lu.solve(surplus[:n_free].astype(np.float64))
    return voltages.T


def _number_nodes(circuit: Circuit) -> tuple[dict[str, int], int]:
    """Number the nodes, joined ones alike: free ones, then the inputs, then ground."""
    graph = nx.Graph()
    for r in circuit.resistors:
        graph.add_nodes_from((r.a, r.b))
        if r.ohm == R_FLOOR:
            graph.add_edge(r.a, r.b)
    fixed = {node: k for k, node in enumerate((*circuit.inputs, GROUND))}
    groups = [
        sorted(group, key=lambda x: x not in fixed) for group in nx.connected_components(graph)
    ]
    free = [group for group in groups if group[0] not in fixed]
    number = {node: k for k, group in enumerate(free) for node in group}
    for group in groups:
        if group[0] in fixed:
            number |= dict.fromkeys(group, len(free) + fixed[group[0]])
    return number, len(free)


def _column_currents(
    circuit: Circuit,
    voltages: Extended,
    number: dict[str, int],
    shape: tuple[int, int],
) -> Array:
    """Return the columns' currents [row, col] for the voltages [input, node]."""
    g_eff = np.zeros(shape)
    for cell in circuit.cells:
        j = int(cell.name.rpartition("_")[2])
        across = voltages[:, number[cell.a]] - voltages[:, number[cell.b]]
        g_eff[list(circuit.driven), j] += across / cell.ohm
    return g_eff
