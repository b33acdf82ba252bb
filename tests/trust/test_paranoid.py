"""Distrust on request: every kind of run aborts when an oracle disagrees, and passes when none does."""

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from xbarsim.campaign import ResultStore, drawn_cases, run_campaign
from xbarsim.cli.app import app
from xbarsim.cosim import CosimParams, cosimulate
from xbarsim.errors import ParameterError, SolveError
from xbarsim.hardware import ReadParams
from xbarsim.hardware.recheck import recheck_network
from xbarsim.learning.build import initial_network
from xbarsim.learning.recipe import load_recipe
from xbarsim.learning.store import save_network
from xbarsim.mapping import MappingSpec
from xbarsim.network import LIF, NeuronParams
from xbarsim.parameters import (
    CrossbarParams,
    LinearCell,
    SinhCell,
    SubcircuitCell,
    TopologyParams,
    TransistorCell,
)
from xbarsim.reference import Distrust
from xbarsim.spice import currents, spice_currents
from xbarsim.validation import ValidationCase, validate

pytestmark = pytest.mark.spice
SMALL = CrossbarParams(rows=4, cols=3, r_driver=200.0, r_wire_row=3.0, r_wire_col=7.0, r_sense=90.0)
ALMOST = 1 + 3e-8


@pytest.fixture
def spoiled_ngspice(monkeypatch):
    """Make every answer of ngspice a little wrong, in one column."""
    ordered = currents._ordered

    def wrong(parts, order):
        found = ordered(parts, order).copy()
        if found.size:
            found[:, -1] *= ALMOST
        return found

    monkeypatch.setattr(currents, "_ordered", wrong)


@pytest.mark.parametrize("cell", [LinearCell(), SinhCell(v0=0.2), TransistorCell()])
@pytest.mark.parametrize("topology", [TopologyParams(), TopologyParams(silent="floating")])
def test_ngspice_passes_whatever_cells_and_rows_are(cell, topology, draw):
    g, v = draw.uniform(5e-6, 5e-5, (4, 3)), draw.uniform(0.05, 0.3, (6, 4))
    v[1, 2] = v[2, :3] = v[3] = 0
    found = spice_currents(g, v, SMALL, topology=topology, cell=cell).i_col
    distrust = Distrust(1.0)
    distrust.look("here", g, v, found, SMALL, topology, cell)
    assert distrust.checked == 1
    worse = found.copy()
    worse[0, 1] += 3e-5 * np.abs(found).max()
    with pytest.raises(SolveError, match="here: ngspice and the nodal solve differ by 3"):
        distrust.look("here", g, v, worse, SMALL, topology, cell)


def test_the_draw_is_by_content_and_about_the_share(draw):
    picked = []
    for g in draw.uniform(1e-6, 1e-5, (400, 4, 3)):
        distrust = Distrust(0.25, checked=1)
        v = np.ones((1, 4))
        distrust.look("", g, v, _exact(g, v), SMALL, TopologyParams(), LinearCell())
        picked.append(distrust.checked == 2)
    assert 70 < sum(picked) < 130
    with pytest.raises(ParameterError, match="paranoid is 0"):
        Distrust(0.0)
    own = SubcircuitCell(path="x.lib", subckt="mine")
    with pytest.raises(
        ParameterError, match="only ngspice knows the law of the sub-circuit 'mine'"
    ):
        Distrust(1.0).look("", g, v, v, SMALL, TopologyParams(), own)


def _exact(g, v):
    from xbarsim.reference import solve_nodal

    return solve_nodal(g, v, SMALL).i_col


@pytest.mark.usefixtures("spoiled_ngspice")
def test_a_campaign_aborts_on_new_and_on_kept_results(device, tmp_path):
    cases = drawn_cases(device, SMALL, cases=3, vectors=2)
    with pytest.raises(SolveError, match="case bhattacharjee2022 0: ngspice and the nodal solve"):
        run_campaign(cases, ResultStore(tmp_path), workers=1, show=False, paranoid=1.0)
    run_campaign(cases, ResultStore(tmp_path), workers=1, show=False)
    with pytest.raises(SolveError, match="do not use this result"):
        run_campaign(cases, ResultStore(tmp_path), workers=1, show=False, paranoid=0.5)


def test_a_campaign_of_right_results_passes(device, tmp_path):
    cases = drawn_cases(device, SMALL, cases=3, vectors=2)
    assert run_campaign(cases, ResultStore(tmp_path), workers=2, show=False, paranoid=1.0).computed


CASE = ValidationCase(name="t", sizes=((4, 3),), circuits=2, vectors=3, models=("exact",))


@pytest.mark.usefixtures("spoiled_ngspice")
def test_a_validation_aborts():
    with pytest.raises(SolveError, match="ngspice and the nodal solve differ"):
        validate(CASE, paranoid=1.0)


def test_a_validation_of_right_results_passes():
    assert validate(CASE, paranoid=1.0).passed


@pytest.fixture
def spiking():
    torch.manual_seed(5)
    return torch.nn.Sequential(torch.nn.Linear(6, 4, bias=False), LIF(NeuronParams(leak=0.8)))


def cosimulated(spiking, device):
    torch.manual_seed(6)
    return cosimulate(
        spiking, torch.rand(2, 6), 2, SMALL, device, CosimParams(mode="inject"),
        allow_unvalidated=True, paranoid=1.0,
    )  # fmt: skip


@pytest.mark.usefixtures("spoiled_ngspice")
def test_a_cosimulation_aborts_for_ngspice(spiking, device):
    with pytest.raises(SolveError, match="a tile: ngspice and the nodal solve differ"):
        cosimulated(spiking, device)


def test_a_cosimulation_of_right_results_passes(spiking, device):
    assert cosimulated(spiking, device).layers[0].max_error < 1e-9


@pytest.fixture
def broken_model(monkeypatch):
    """Make the fast model a little wrong where a network's arrays are read."""
    from xbarsim.hardware import bank

    right = bank.apply_wires

    def wrong(*args, **options):
        return right(*args, **options) * ALMOST

    monkeypatch.setattr(bank, "apply_wires", wrong)
    return bank


@pytest.fixture
def checkpoint(tmp_path):
    recipe = load_recipe("digits-ann")
    save_network(initial_network(recipe), recipe, tmp_path / "net.safetensors")
    return str(tmp_path / "net.safetensors")


@pytest.mark.usefixtures("broken_model")
@pytest.mark.parametrize("verb", ["infer", "cure"])
def test_inference_and_cures_abort_for_the_fast_model(verb, checkpoint):
    few = ["--images", "4"]
    more = {"infer": ["--allow-unvalidated"], "cure": ["--chips", "1", "--samples", "4"]}[verb]
    result = CliRunner().invoke(app, [verb, checkpoint, *few, *more, "--paranoid", "0.01"])
    assert isinstance(result.exception, SolveError)
    assert "differ from those of the sparse nodal solve" in str(result.exception)


def test_inference_of_right_tiles_passes(checkpoint):
    arguments = ["infer", checkpoint, "--images", "4", "--allow-unvalidated", "--paranoid", "0.01"]
    assert CliRunner().invoke(app, arguments).exit_code == 0


def test_approximate_wires_cannot_be_checked_and_say_so():
    with pytest.raises(ParameterError, match="where ir_drop is 'activity', an approximation"):
        recheck_network(SMALL, MappingSpec(), ReadParams(ir_drop="activity"), share=0.5)
