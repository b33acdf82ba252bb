"""Rows, columns, transposes and the sign of currents: asymmetric arrays only."""

import numpy as np
import pytest
import torch

from xbarsim.fast import effective_conductance
from xbarsim.mapping.matrix import matrix_to_weight, weight_to_matrix
from xbarsim.mapping.tiles import TilePlan
from xbarsim.parameters import CrossbarParams
from xbarsim.reference import solve_nodal
from xbarsim.spice import spice_currents


def test_one_conducting_cell_joins_its_row_to_its_column(crossbar):
    g = np.zeros(crossbar.shape)
    g[3, 1] = 4e-5
    effective = effective_conductance(g, crossbar)
    path = (
        crossbar.r_driver + 1 * crossbar.r_wire_row + 1 / 4e-5
        + (crossbar.rows - 1 - 3) * crossbar.r_wire_col + crossbar.r_sense
    )  # fmt: skip
    expected = np.zeros(crossbar.shape)
    expected[3, 1] = 1 / path
    np.testing.assert_allclose(effective, expected, rtol=1e-13)


@pytest.mark.spice
def test_ngspice_agrees_on_every_single_cell():
    crossbar = CrossbarParams(
        rows=3, cols=2, r_driver=100.0, r_wire_row=30.0, r_wire_col=70.0, r_sense=11.0
    )
    for i in range(3):
        for j in range(2):
            g = np.zeros((3, 2))
            g[i, j] = 1e-3
            found = spice_currents(g, np.array([[1.0, 2.0, 4.0]]), crossbar).i_col[0]
            path = 100 + 30 * j + 1000 + 70 * (2 - i) + 11
            expected = np.zeros(2)
            expected[j] = (1.0, 2.0, 4.0)[i] / path
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-16)


def test_currents_fall_along_the_word_line_and_rise_towards_the_sense_end():
    crossbar = CrossbarParams(
        rows=4, cols=6, r_driver=0.0, r_wire_row=50.0, r_wire_col=50.0, r_sense=0.0
    )
    effective = effective_conductance(np.full((4, 6), 1e-4), crossbar)
    assert (np.diff(effective, axis=1) < 0).all()
    assert (np.diff(effective, axis=0) > 0).all()


def test_a_weight_out_in_becomes_a_matrix_in_out():
    weight = np.arange(2 * 3 * 2 * 2, dtype=float).reshape(2, 3, 2, 2)
    matrix = weight_to_matrix(weight)
    assert matrix.shape == (12, 2)
    assert matrix[1 * 4 + 2, 1] == weight[1, 1, 1, 0]
    np.testing.assert_array_equal(matrix_to_weight(matrix, weight.shape), weight)


def test_a_matrix_product_with_the_unfolded_image_is_the_convolution():
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 5, 4, generator=generator, dtype=torch.float64)
    weight = torch.rand(2, 3, 3, 3, generator=generator, dtype=torch.float64)
    columns = torch.nn.functional.unfold(image, 3)[0].T
    product = columns.numpy() @ weight_to_matrix(weight.numpy())
    direct = torch.nn.functional.conv2d(image, weight)[0].flatten(1).T
    np.testing.assert_allclose(product, direct.numpy())


def test_tiles_keep_their_place():
    matrix = np.arange(35.0).reshape(7, 5)
    plan = TilePlan((7, 5), (3, 2))
    tiles = plan.cut(matrix, unused=-1.0)
    assert tiles.shape == (9, 3, 2)
    np.testing.assert_array_equal(tiles[1 * 3 + 2], [[19, -1], [24, -1], [29, -1]])
    np.testing.assert_array_equal(plan.join(tiles), matrix)


def test_current_flows_out_of_the_driver_and_into_the_sense_amplifier(crossbar, draw):
    g = draw.uniform(1e-5, 1e-4, crossbar.shape)
    solution = solve_nodal(g, np.ones((1, crossbar.rows)), crossbar)
    assert (solution.i_col > 0).all()
    assert (solution.v_word > solution.v_bit).all()
