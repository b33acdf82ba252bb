"""Every kind of cell in every topology: both engines to 1e-12, and the oracle beside them."""

import itertools
from typing import get_args

import numpy as np
import pytest

from xbarsim.circuit import build_circuit, interleaved_pairs, pair_difference
from xbarsim.errors import ParameterError, SpiceError
from xbarsim.parameters import (
    CellParams,
    CrossbarParams,
    LinearCell,
    PolynomialCell,
    SelectorCell,
    SinhCell,
    SubcircuitCell,
    TableCell,
    TopologyParams,
    TransistorCell,
)
from xbarsim.reference import solve_circuit, solve_nodal
from xbarsim.spice import spice_currents
from xbarsim.spice.judge import judge_differences
from xbarsim.spice.subckt import library_path

pytestmark = pytest.mark.spice

CROSSBAR = CrossbarParams(
    rows=3, cols=4, r_driver=300.0, r_wire_row=7.0, r_wire_col=20.0, r_sense=900.0
)
CELLS = [
    LinearCell(),
    SinhCell(v0=0.2),
    PolynomialCell(a2=0.3, a3=1.2),
    TableCell(v=(-1.0, 0.0, 0.1, 1.0), u=(-1.5, 0.0, 0.1, 2.0)),
    TransistorCell(),
    SelectorCell(),
    SubcircuitCell(path=library_path("own_device.lib"), subckt="own_device"),
]
CHOICES = {
    name: get_args(TopologyParams.model_fields[name].annotation)
    for name in ("drive", "sense", "silent", "columns")
}
TOPOLOGIES = [
    TopologyParams(**dict(zip(CHOICES, chosen, strict=True)), lead_row=k % 3, lead_col=(k // 2) % 2)
    for k, chosen in enumerate(itertools.product(*CHOICES.values()))
]


def test_the_grid_holds_every_cell_and_every_choice():
    assert {type(cell) for cell in CELLS} == set(get_args(CellParams))
    fields = set(TopologyParams.model_fields)
    assert fields == {*CHOICES, "lead_row", "lead_col"}, "a new choice belongs into the grid"
    assert len(TOPOLOGIES) == 24
    assert {t.lead_row for t in TOPOLOGIES} == {0, 1, 2}


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda t: "-".join(map(str, dict(t).values())))
@pytest.mark.parametrize("cell", CELLS, ids=lambda c: c.kind)
def test_both_engines_and_the_oracle_agree(cell, topology, draw):
    g = draw.uniform(5e-6, 5e-5, CROSSBAR.shape)
    v = np.array([[0.3, 0.0, 0.2], [0.1, 0.0, 0.4], [0.25, 0.15, 0.05]])
    wires = {
        "r_wire_row": draw.uniform(1, 40, (3, 3)), "r_wire_col": draw.uniform(1, 40, (2, 4)),
    }  # fmt: skip
    first, second = (
        spice_currents(g, v, CROSSBAR, cell=cell, topology=topology, engine=engine, **wires)
        for engine in ("pyspice", "batch")
    )
    np.testing.assert_allclose(first.i_col, second.i_col, rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(first.i_row, second.i_row, rtol=1e-12, atol=1e-18)
    if topology.columns == "differential":
        np.testing.assert_allclose(first.i_diff, second.i_diff, rtol=1e-12, atol=1e-18)
    if not isinstance(cell, SubcircuitCell):
        for k, row in enumerate(v):
            active = row != 0 if topology.silent != "grounded" else None
            circuit = build_circuit(
                g, CROSSBAR, cell=cell, topology=topology, active=active, **wires
            )
            expected = solve_circuit(circuit, row)
            scale = np.abs(expected.i_col).max()
            assert np.abs(first.i_col[k] - expected.i_col[0]).max() <= 1e-9 * scale
            if topology.columns == "differential":
                assert np.abs(first.i_diff[k] - expected.i_diff[0]).max() <= 1e-9 * scale
            else:
                assert expected.i_diff is first.i_diff is None


def test_pairs_count_their_even_column_for_and_their_odd_one_against(draw):
    crossbar = CROSSBAR.replace(cols=6)
    pos, neg = draw.uniform(5e-6, 5e-5, (2, 3, 3))
    v = draw.uniform(0, 0.2, (2, 3))
    g = interleaved_pairs(pos, neg)
    np.testing.assert_array_equal(g[:, 2], pos[:, 1])
    np.testing.assert_array_equal(g[:, 5], neg[:, 2])
    found = spice_currents(g, v, crossbar, topology=TopologyParams(columns="differential"))
    expected = pair_difference(solve_nodal(g, v, crossbar).i_col)
    np.testing.assert_allclose(found.i_diff, expected, rtol=1e-9)
    many = draw.uniform(0, 0.2, (5, 3))
    swept, superposed = (
        spice_currents(
            g, many, crossbar, topology=TopologyParams(columns="differential"), method=m
        ).i_diff
        for m in ("sweep", "transfer")
    )
    np.testing.assert_allclose(swept, superposed, rtol=1e-8)


def test_pairs_that_cannot_be_are_refused(crossbar):
    with pytest.raises(ParameterError, match="cols is 3: differential columns come in pairs"):
        build_circuit(
            np.ones(crossbar.shape), crossbar, topology=TopologyParams(columns="differential")
        )
    with pytest.raises(ParameterError, match=r"shapes \(2, 2\) and \(2, 3\)"):
        interleaved_pairs(np.ones((2, 2)), np.ones((2, 3)))
    with pytest.raises(SpiceError, match=r"differs by 1\.0e-06 A from that of its columns"):
        judge_differences(np.array([[3e-6, 1e-6]]), np.array([[1e-6]]), deck="")
