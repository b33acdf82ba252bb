"""The commands: train in slices, convert, and collect the table."""

import json

import pytest
from safetensors import safe_open
from typer.testing import CliRunner

from xbarsim.cli.app import app
from xbarsim.data import load_dataset
from xbarsim.errors import ParameterError, StorageError
from xbarsim.inference import classify, simulate
from xbarsim.learning import (
    TrainingRun,
    load_metrics,
    load_network,
    load_recipe,
    recipe_names,
    save_network,
    software_results,
    starting_weights,
    train,
)
from xbarsim.learning.software import software_rows

ANN = """
dataset = "digits"
network = "vgg-digits"
method = "ann"
epochs = 1
epoch_images = 96
batch = 32
"""


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def ann(tmp_path):
    (tmp_path / "small-ann.toml").write_text(ANN)
    out = tmp_path / "small-ann.safetensors"
    command = ("train", tmp_path / "small-ann.toml", "-o", out, "--device", "cpu")
    assert "stopped after update 1 of 3" in run(*command, "--minutes", 0)
    assert (tmp_path / "small-ann.state.safetensors").exists()
    assert "test accuracy" in run(*command)
    assert not (tmp_path / "small-ann.state.safetensors").exists()
    return out


def test_train_convert_and_start_from_an_ann(ann, tmp_path):
    lines = [json.loads(line) for line in (tmp_path / "small-ann.jsonl").read_text().splitlines()]
    assert lines[-2]["update"] == 3
    assert lines[-1] == {**load_metrics(ann), "seed": 0}
    assert load_metrics(ann)["test_images"] == 359
    with safe_open(ann, framework="pt") as stream:
        assert {stream.get_tensor(name).dtype.itemsize for name in stream.keys()} == {2}  # noqa: SIM118
    spiking = tmp_path / "converted.safetensors"
    told = run("convert", ann, "-o", spiking, "--steps", 60, "--test-images", 20, "--json")
    assert json.loads(told[told.index("{") :])["test_images"] == 20
    assert load_metrics(spiking)["test_images"] == 20
    recipe = ANN.replace('"ann"', '"surrogate"') + 'steps = 3\nstart_from = "small-ann"\n'
    (tmp_path / "snn.toml").write_text(recipe)
    snn = tmp_path / "snn.safetensors"
    run("train", tmp_path / "snn.toml", "-o", snn, "--start", ann)
    assert load_metrics(snn)["command"].endswith("--start small-ann.safetensors")
    with pytest.raises(ParameterError, match=r"starts from small-ann, but --start is None"):
        run("train", tmp_path / "snn.toml", "-o", tmp_path / "other.safetensors")


def test_a_network_of_ones_own_with_batch_norm_converts(tmp_path):
    """Its batch norms are folded, so the spiking network has biases where they were."""
    recipe = (
        ANN.replace('network = "vgg-digits"', 'norm = "batch"')
        + """
[network]
name = "mine"
input_shape = [1, 8, 8]
features = [6, "A"]
hidden = [12]
"""
    )
    (tmp_path / "mine.toml").write_text(recipe)
    ann, spiking = tmp_path / "ann.safetensors", tmp_path / "snn.safetensors"
    run("train", tmp_path / "mine.toml", "-o", ann, "--test-images", 30)
    assert load_metrics(ann)["test_images"] == 30
    run("convert", ann, "-o", spiking, "--steps", 100, "--test-images", 30)
    network, made_by = load_network(spiking)
    assert made_by.norm == "folded"
    assert made_by.network.features == (6, "A")
    assert [m.bias is None for m in network if hasattr(m, "bias")] == [False, False, True]
    images = load_dataset("digits").test_images[:60]
    logits = simulate(network, images, 100).logits[-1]
    assert (logits.argmax(axis=1) == classify(load_network(ann)[0], images)).mean() > 0.9
    start = recipe.replace('"ann"', '"surrogate"').replace("norm", 'start_from = "mine"\nnorm', 1)
    (tmp_path / "start.toml").write_text(start)
    with pytest.raises(ParameterError, match="mine has norm"):
        run("train", tmp_path / "start.toml", "-o", tmp_path / "x.safetensors", "--start", ann)


def test_the_table_says_what_is_not_trained(ann, tmp_path):
    out = tmp_path / "table.json"
    ann.rename(tmp_path / "mnist-vgg5-ann.safetensors")
    (tmp_path / "mnist-vgg5-ann-seed1.safetensors").write_bytes(
        (tmp_path / "mnist-vgg5-ann.safetensors").read_bytes()
    )
    log = tmp_path / "mnist-vgg5-ann-seed2.jsonl"
    log.write_text('{"update": 1}\n{"seed": 2, "test_accuracy": 0.25}\n')
    run("study", "software", "--checkpoints", tmp_path, "-o", out)
    rows = json.loads(out.read_text())["rows"]
    assert len(rows) == len(software_rows()) == 12
    measured = load_metrics(tmp_path / "mnist-vgg5-ann.safetensors")["test_accuracy"]
    assert rows[0]["value"] == pytest.approx(100 * (2 * measured + 0.25) / 3)
    assert rows[0]["seed_spread"] == pytest.approx(100 * abs(measured - 0.25))
    assert [made["seed"] for made in rows[0]["runs"]] == [0, 0, 2]
    assert all(row["value"] == "not yet trained" for row in rows[1:])
    assert rows[2]["command"].startswith("xbarsim train mnist-vgg5-surrogate-t10 -o ")
    assert rows[2]["command"].endswith("mnist-vgg5-ann.safetensors")
    assert rows[4]["command"].startswith("xbarsim train mnist-vgg5-bntt-t10 -o ")
    assert software_results(tmp_path) == rows
    log.write_text('{"update": 1}\n')
    with pytest.raises(StorageError, match="does not end in a test accuracy"):
        software_results(tmp_path)


def test_a_device_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ParameterError, match="device is 'tpu'"):
        run("train", "digits-ann", "-o", tmp_path / "x.safetensors", "--device", "tpu")


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_is_valid(name):
    assert load_recipe(name).name == name


def test_weights_from_an_ann_keep_its_opinion(tmp_path):
    """Balanced weights in a network of many steps say what the ANN says."""
    data = load_dataset("digits")
    ann = load_recipe("digits-ann", epochs=3)
    network = train(ann, data)
    save_network(network, ann, tmp_path / "ann.safetensors")
    fields = {"method": "surrogate", "start_from": "digits-ann", "steps": 40}
    recipe = load_recipe("digits-ann", **fields)
    start = TrainingRun(recipe, data, starting_weights(recipe, tmp_path / "ann.safetensors", data))
    images = data.test_images[:100]
    logits = simulate(start.network, images, 40).logits[-1]
    assert (logits.argmax(axis=1) == classify(network, images)).mean() > 0.9
