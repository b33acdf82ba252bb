"""Read noise for many time-steps: prepared once, the same as solved each time."""

import numpy as np
import pytest

from xbarsim.errors import ParameterError
from xbarsim.fast import prepare_read_noise, read_noise_deviation


def test_prepared_noise_is_the_noise_of_each_input(crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    sigma = 0.05 * g * draw.uniform(0.2, 2, g.shape)
    noise = prepare_read_noise(g, sigma, crossbar)
    for v in (draw.uniform(-1, 1, (4, 5)), 0.1 * (draw.random((6, 5)) < 0.5)):
        exact = read_noise_deviation(g, sigma, v, crossbar)
        np.testing.assert_allclose(noise.deviation(v), exact, rtol=1e-9)


def test_without_wires_cells_add_in_squares(crossbar, draw):
    ideal = crossbar.replace(r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0)
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    v = draw.uniform(0, 1, (3, 5))
    found = prepare_read_noise(g, 0.1 * g, ideal).deviation(v)
    np.testing.assert_allclose(found, np.sqrt(v**2 @ (0.1 * g) ** 2), rtol=1e-9)


def test_what_does_not_fit_is_refused(crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    with pytest.raises(ParameterError, match="finite and not negative"):
        prepare_read_noise(g, -g, crossbar)
    with pytest.raises(ParameterError, match=r"shape \(2, 3\)"):
        prepare_read_noise(g, g, crossbar).deviation(np.ones((2, 3)))
