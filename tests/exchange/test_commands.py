"""Networks as NIR files by the command line only."""

import csv
import json

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from xbarsim.cli.app import app
from xbarsim.cures import correct_outputs
from xbarsim.data import load_dataset
from xbarsim.errors import ParameterError
from xbarsim.exchange import from_nir, from_onnx, write_nir
from xbarsim.hardware import to_crossbar
from xbarsim.inference import simulate
from xbarsim.learning import convert, load_network, load_recipe, save_network
from xbarsim.learning.build import initial_network
from xbarsim.network import LIF, NeuronParams, leaves
from xbarsim.parameters import load_crossbar, load_device


def run(*args):
    done = CliRunner().invoke(app, ["nir", *map(str, args)], catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_a_checkpoint_becomes_a_nir_file(tmp_path):
    recipe = load_recipe("digits-surrogate")
    save_network(initial_network(recipe), recipe, tmp_path / "net.safetensors")
    done = run("write", tmp_path / "net.safetensors", "-o", tmp_path / "net.nir", "--json")
    assert json.loads(done.stdout)["recipe"] == "digits-surrogate"
    wanted = [type(m) for m in leaves(load_network(tmp_path / "net.safetensors")[0])]
    found = list(leaves(from_nir(tmp_path / "net.nir")))
    assert [type(m) for m in found] == wanted
    neuron = next(m for m in found if isinstance(m, LIF))
    assert neuron.params.reset == recipe.neuron.reset
    assert float(neuron.leak) == pytest.approx(recipe.neuron.leak)


def test_a_nir_file_on_crossbars(tmp_path):
    params = NeuronParams(leak=0.75, threshold=0.3)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, bias=False), LIF(params))
    write_nir(network, tmp_path / "net.nir", (1, 8, 8))
    done = run(
        "infer", tmp_path / "net.nir", "--steps", 3, "--images", 12, "--tile", 16,
        "--allow-unvalidated", "--table", tmp_path / "t.csv", "--json",
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["evidence"] == ["unvalidated"]
    assert len(found["software"]) == len(found["hardware"]) == 3
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [float(row["hardware"]) for row in rows] == found["hardware"]


def test_images_that_do_not_fit_are_refused_in_words(tmp_path):
    write_nir(nn.Sequential(nn.Linear(5, 2), LIF()), tmp_path / "net.nir", (5,))
    with pytest.raises(ParameterError, match=r"does not take images of shape \(1, 8, 8\)"):
        run("infer", tmp_path / "net.nir", "--images", 2, "--allow-unvalidated", "--tile", 8)


def answer(*args):
    done = CliRunner().invoke(app, list(map(str, args)), catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout)


def infer(*args):
    return answer("infer", *args)


def test_a_checkpoint_and_its_nir_file_have_equal_accuracies(tmp_path):
    recipe = load_recipe("digits-surrogate", steps=4, encoder="ternary")
    network = initial_network(recipe)
    save_network(network, recipe, tmp_path / "net.safetensors")
    run("write", tmp_path / "net.safetensors", "-o", tmp_path / "net.nir")
    common = ("--images", 40, "--allow-unvalidated", "--tile", 32, "--json")
    wanted = infer(tmp_path / "net.safetensors", *common)
    given = ("--dataset", "digits", "--steps", 4, "--encoder", "ternary")
    found = infer(tmp_path / "net.nir", *given, *common)
    assert found == wanted
    assert len(found["hardware"]) == 4
    fewer = infer(tmp_path / "net.safetensors", "--steps", 2, *common)
    assert fewer["hardware"] == wanted["hardware"][:2]


def test_a_network_without_time_has_no_time_steps(tmp_path):
    recipe = load_recipe("digits-ann")
    save_network(initial_network(recipe), recipe, tmp_path / "net.safetensors")
    common = ("--images", 8, "--allow-unvalidated", "--json")
    report = tmp_path / "new" / "report.html"
    found = infer(tmp_path / "net.safetensors", "--report", report, *common)
    assert len(found["hardware"]) == 1
    assert "net on crossbars" in report.read_text()
    with pytest.raises(ParameterError, match="has no neurons, so no time-steps"):
        infer(tmp_path / "net.safetensors", "--steps", 2, *common)


@pytest.fixture
def both(tmp_path):
    """The same spiking network as a checkpoint and as a NIR file, in a small form."""
    recipe = load_recipe("digits-surrogate", steps=3)
    network = initial_network(recipe)
    save_network(network, recipe, tmp_path / "net.safetensors")
    run("write", tmp_path / "net.safetensors", "-o", tmp_path / "net.nir")
    return tmp_path / "net.safetensors", tmp_path / "net.nir"


def test_outputs_are_corrected_on_training_images(both, tmp_path):
    words = ("--images", 30, "--tile", 64, "--gain", "none", "--allow-unvalidated", "--json")
    report = tmp_path / "r.html"
    plain = infer(both[0], *words)
    found = infer(both[0], "--correct", 20, "--report", report, *words)
    assert "scaled and shifted, fitted on 20 images" in report.read_text()
    network, recipe = load_network(both[0])
    array = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    chip = to_crossbar(
        network, array, load_device("bhattacharjee2022"), gain="none", allow_unvalidated=True
    )
    data = load_dataset("digits")
    chip = correct_outputs(chip, network, data.train_images[:20], 3, encoder=recipe.encoder)
    trace = simulate(chip, data.test_images[:30], 3, encoder=recipe.encoder)
    assert found["hardware"] == list(trace.accuracy(data.test_labels[:30]))
    assert found["software"] == plain["software"]
    assert found["hardware"] != plain["hardware"]


def test_cures_of_a_network_from_elsewhere_are_those_of_its_checkpoint(both):
    words = ("--images", 8, "--chips", 1, "--samples", 4, "--tile", 32, "--json")
    ours = answer("cure", both[0], *words)
    found = answer("cure", both[1], "--steps", 3, *words)
    kept = ("cure", "needs", "images", "software", "before", "after", "kept_gain")
    assert [[row[k] for k in kept] for row in found["rows"]] == [
        [row[k] for k in kept] for row in ours["rows"]
    ]
    assert {row["method"] for row in found["rows"]} == {"surrogate"}
    assert any("thresholds matched" in row["cure"] for row in found["rows"])
    with pytest.raises(ParameterError, match="how it was trained"):
        answer("cure", both[1], "--steps", 3, "--updates", 2, *words)


def test_a_network_from_elsewhere_runs_in_ngspice(both):
    words = (
        "--images",
        1,
        "--tiles",
        1,
        "--vectors",
        2,
        "--tile",
        16,
        "--allow-unvalidated",
        "--json",
    )
    ours = answer("cosim", both[0], *words)
    found = answer("cosim", both[1], "--steps", 3, *words)
    assert found["outputs"] == ours["outputs"] > 0
    assert max(layer["max_error"] for layer in found["layers"]) < 1e-9


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_onnx_network_is_cured_without_time(tmp_path):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 12, bias=False), nn.ReLU(), nn.Linear(12, 10)
    )
    torch.onnx.export(network, torch.zeros(1, 1, 8, 8), tmp_path / "net.onnx", dynamo=False)
    words = ("--images", 8, "--chips", 1, "--samples", 4, "--tile", 16, "--json")
    found = answer("cure", tmp_path / "net.onnx", *words)
    assert {row["method"] for row in found["rows"]} == {"ANN"}
    assert found["steps"] == 0
    with pytest.raises(ParameterError, match="convert it first"):
        answer("cosim", tmp_path / "net.onnx", "--images", 1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_onnx_network_becomes_a_spiking_one(tmp_path):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10))
    torch.onnx.export(network, torch.zeros(1, 1, 8, 8), tmp_path / "net.onnx", dynamo=False)
    words = ("--steps", 30, "--images", 20, "--test-images", 40, "--json")
    done = answer("convert", tmp_path / "net.onnx", "-o", tmp_path / "net.nir", *words)
    found, data = from_nir(tmp_path / "net.nir"), load_dataset("digits")
    wanted = convert(from_onnx(tmp_path / "net.onnx"), data.train_images[:20], 30)
    accuracy = simulate(wanted, data.test_images[:40], 30).accuracy(data.test_labels[:40])
    assert done["test_accuracy"] == accuracy[-1]
    assert done["test_images"] == 40
    ours, theirs = (simulate(n, data.test_images[:40], 30) for n in (found, wanted))
    np.testing.assert_allclose(ours.rates, theirs.rates, atol=1e-3)
    assert ours.rates.max() > 0.01
    with pytest.raises(ParameterError, match=r"write a NIR file: -o net\.nir"):
        answer("convert", tmp_path / "net.onnx", "-o", tmp_path / "net.safetensors", *words)
