"""Figures of time show what they are given, to scale, with axes that say what they are."""

import numpy as np
import pytest

from xbarsim.inference import ErrorTrace
from xbarsim.report.traces import accuracy_trace, error_growth, layer_time_map


@pytest.fixture
def errors():
    t = np.arange(1.0, 6.0)
    potential = np.stack([0.1 * t, 0.2 * t**0.5])
    return ErrorTrace(potential, potential, potential, 0.1 * potential, potential, np.ones(2))


def test_accuracy_is_drawn_in_percent_for_every_hardware():
    software, chip = np.array([0.5, 0.9, 1.0]), np.array([0.4, 0.8, 0.85])
    axes = accuracy_trace(software, {"chip 0": chip}).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    np.testing.assert_allclose(lines["software"], 100 * software)
    np.testing.assert_allclose(lines["chip 0"], 100 * chip)
    assert axes.get_ylabel().endswith("[%]")


def test_a_map_has_layers_down_and_steps_across():
    values = np.arange(6.0).reshape(2, 3)
    figure = layer_time_map(values, "rate")
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), values)
    assert axes.get_xlim() == (0.5, 3.5)
    assert axes.get_ylim() == (2.5, 0.5)
    assert figure.axes[1].get_ylabel() == "rate"


def test_growth_is_drawn_for_every_layer_beside_both_laws(errors):
    left, right = error_growth(errors).axes
    labels = [line.get_label() for line in left.lines]
    assert labels == ["layer 1", "layer 2", "~ t", "~ t^(1/2)"]
    np.testing.assert_allclose(right.lines[0].get_ydata(), errors.static.mean(axis=0))
    np.testing.assert_allclose(right.lines[1].get_ydata(), errors.per_read.mean(axis=0))
