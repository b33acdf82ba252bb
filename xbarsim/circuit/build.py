"""This module is the step from parameters and conductances to a circuit."""

from numpy.typing import ArrayLike

from xbarsim.circuit.checks import Array, check_conductance
from xbarsim.circuit.circuit import GROUND, R_FLOOR, Circuit, Resistor
from xbarsim.parameters import CrossbarParams


def build_circuit(conductance: ArrayLike, crossbar: CrossbarParams) -> Circuit:
    """Build the full circuit of one array, all four parasitic resistances included.

    Node ``wl_i_j`` (``bl_i_j``) is the word line (bit line) at the cell in row i and column j.
    A zero resistance becomes ``R_FLOOR``; a cell of zero conductance is left out.

    Args:
        conductance: Cell conductances, shape [row, col]. [S]
        crossbar: Geometry and resistances. [Ω]

    Returns:
        The circuit; nothing is simulated.

    Raises:
        ParameterError: If the conductances do not fit the array or are not physical.
    """
    g = check_conductance(conductance, crossbar)
    rows, cols = crossbar.shape
    r_driver = _floored(crossbar.r_driver)
    r_sense = _floored(crossbar.r_sense)
    inputs = tuple(f"in_{i}" for i in range(rows))
    return Circuit(
        crossbar=crossbar,
        inputs=inputs,
        drivers=tuple(Resistor(f"Rd{i}", inputs[i], f"wl_{i}_0", r_driver) for i in range(rows)),
        wires=_wires(crossbar),
        cells=_cells(g),
        senses=tuple(
            Resistor(f"Rs{j}", f"bl_{rows - 1}_{j}", GROUND, r_sense) for j in range(cols)
        ),
    )


def _floored(ohm: float) -> float:
    return max(ohm, R_FLOOR)


def _wires(crossbar: CrossbarParams) -> tuple[Resistor, ...]:
    rows, cols = crossbar.shape
    along_row = _floored(crossbar.r_wire_row)
    along_col = _floored(crossbar.r_wire_col)
    words = [
        Resistor(f"Rwr{i}_{j}", f"wl_{i}_{j}", f"wl_{i}_{j + 1}", along_row)
        for i in range(rows)
        for j in range(cols - 1)
    ]
    bits = [
        Resistor(f"Rwc{i}_{j}", f"bl_{i}_{j}", f"bl_{i + 1}_{j}", along_col)
        for i in range(rows - 1)
        for j in range(cols)
    ]
    return tuple(words + bits)


def _cells(g: Array) -> tuple[Resistor, ...]:
    return tuple(
        Resistor(f"Rm{i}_{j}", f"wl_{i}_{j}", f"bl_{i}_{j}", 1.0 / value)
        for i, row in enumerate(g.tolist())
        for j, value in enumerate(row)
        if value > 0
    )
