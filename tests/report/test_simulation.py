"""The report of a simulation says what was reached, on which arrays, and by which evidence."""

import base64
import csv
import io
import re

import numpy as np
import pytest
import torch
from torch import nn

import xbarsim as xb
from xbarsim.errors import ParameterError
from xbarsim.network import LIF, NeuronParams

EVIL = "</script><img src=x onerror='window.injected=1'>"


@pytest.fixture(scope="module")
def run():
    """A small network, its hardware, their traces on random images, and labels that some meet."""
    stream = torch.Generator().manual_seed(5)
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(12, 7, bias=False), LIF(NeuronParams(leak=0.75, threshold=0.4)),
        nn.Linear(7, 3, bias=False),
    )  # fmt: skip
    for parameter in network.parameters():
        parameter.data = torch.rand(parameter.shape, generator=stream) - 0.35
    crossbar = xb.load_crossbar("bhattacharjee2022", rows=16, cols=8)
    device = xb.load_device("bhattacharjee2022").replace(sigma=0.3)
    hardware = xb.to_crossbar(network, crossbar, device, allow_unvalidated=True, chip=4)
    images = torch.rand(40, 1, 3, 4, generator=stream)
    software = xb.simulate(network, images, 6)
    trace = xb.simulate(hardware, images, 6, software=network)
    labels = torch.from_numpy(software.logits[-1].argmax(1))
    labels[::4] = 2
    return hardware, trace, software, labels


def page_of(tmp_path, *args, **kwargs):
    return xb.write_simulation_report(tmp_path / "r.html", *args, **kwargs).read_text()


def columns(html, name):
    text = re.search(rf'download="{name}\.csv" href="data:[^,]+,([^"]+)"', html)[1]
    rows = list(csv.reader(io.StringIO(base64.b64decode(text).decode())))
    return {title: list(map(float, values)) for title, *values in zip(*rows, strict=True)}


def test_it_says_what_was_reached_and_on_what(run, tmp_path):
    hardware, trace, software, labels = run
    html = page_of(tmp_path, hardware, trace, labels, software=software, facts={"data": "noise"})
    hard, soft = trace.accuracy(labels), software.accuracy(labels.numpy())
    changed = (trace.logits[-1].argmax(1) != software.logits[-1].argmax(1)).mean()
    assert 0 < changed < 1
    for share in (hard[-1], soft[-1], changed):
        assert f"{100 * share:.2f}" in html
    for text in ("16x8", "r_wire_col 10 Ω", "σ/μ 0.3", "gain column", "<dd>4</dd>", "noise"):
        assert text in html
    assert "Unvalidated:" in html
    found = columns(html, "accuracy-over-time")
    np.testing.assert_allclose(found["hardware [1]"], hard)
    np.testing.assert_allclose(found["software [1]"], soft)
    flips = columns(html, "spike-flips")["layer 1, neurons that differ [%]"]
    np.testing.assert_allclose(flips, 100 * trace.errors.flips[0], rtol=1e-5)
    assert html.count("<svg") == 5


def test_without_software_it_compares_nothing(run, tmp_path):
    hardware, trace, _, labels = run
    html = page_of(tmp_path, hardware, trace, labels)
    assert "in software" not in html
    assert "software [%]" not in html
    assert html.count("<svg") == 4


def test_a_network_without_time_has_no_time_in_its_report(run, tmp_path):
    hardware, trace, software, labels = run
    still = [xb.InferenceTrace(t.logits[-1:], np.empty((0, 1))) for t in (trace, software)]
    html = page_of(tmp_path, hardware, still[0], labels, software=still[1])
    assert "right on\ncrossbars," in html
    assert "time-step" not in html
    assert "<svg" not in html


def test_names_are_escaped(run, tmp_path):
    hardware, trace, _, labels = run
    html = page_of(tmp_path, hardware, trace, labels, title=EVIL, facts={EVIL: EVIL})
    assert "<img src=x" not in html
    assert html.count("&lt;img src=x") == 4


def test_what_does_not_belong_together_is_refused(run, tmp_path):
    hardware, trace, software, labels = run
    with pytest.raises(ParameterError, match=r"labels have the shape \(39,\); the trace is of 40"):
        page_of(tmp_path, hardware, trace, labels[1:])
    short = xb.InferenceTrace(software.logits[:3], software.rates[:, :3])
    with pytest.raises(ParameterError, match=r"software ran \(3, 40\) steps and images, hardware"):
        page_of(tmp_path, hardware, trace, labels, software=short)
    with pytest.raises(ParameterError, match="was not made by to_crossbar"):
        page_of(tmp_path, nn.Linear(2, 2), trace, labels)
