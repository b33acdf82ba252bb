"""Training is deterministic, and a run that is stopped at any update ends in the same weights."""

import json
from itertools import count

import pytest
import torch

from xbarsim.data import Dataset
from xbarsim.errors import ParameterError, StorageError
from xbarsim.learning import (
    Recipe,
    TrainingRun,
    continue_run,
    load_metrics,
    load_network,
    save_network,
    starting_weights,
    train,
)
from xbarsim.learning.schedule import learning_rate
from xbarsim.network import NeuronParams


@pytest.fixture
def data() -> Dataset:
    stream = torch.Generator().manual_seed(7)
    images = torch.rand(30, 1, 8, 8, generator=stream)
    labels = torch.randint(0, 10, (30,), generator=stream)
    return Dataset("tiny", images[:24], labels[:24], images[24:], labels[24:], {"file": "md5"})


def recipe(method: str, **changes) -> Recipe:
    fields = {
        "name": f"tiny-{method}",
        "dataset": "tiny",
        "network": "vgg-digits",
        "method": method,
        "epochs": 2,
        "batch": 10,
        "shift": 1,
        "flip": True,
        "label_smoothing": 0.1,
        "steps": 1 if method == "ann" else 3,
        "neuron": NeuronParams(leak=0.9, threshold=0.5, trainable=("leak", "threshold")),
    }
    return Recipe(**{**fields, **changes})


def same(one, other) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class KillError(Exception):
    """Stands for a kill between two updates."""


@pytest.mark.parametrize("method", ["ann", "surrogate", "bntt"])
@pytest.mark.parametrize("stop", [1, 4])
def test_a_stopped_run_ends_in_the_same_weights(method, stop, data, tmp_path):
    run_of = recipe(method)
    wanted = train(run_of, data)
    state, metrics = tmp_path / "state.safetensors", tmp_path / "metrics.jsonl"
    budgets = count(1)
    first = TrainingRun(run_of, data)
    while first.update < stop:
        assert not continue_run(first, state, metrics, budget_s=0).finished
        assert next(budgets) == first.update
    second = TrainingRun(run_of, data)
    progress = continue_run(second, state, metrics)
    assert progress.finished
    assert progress.update == second.total == 6
    assert same(second.network.eval(), wanted)
    last = json.loads(metrics.read_text().splitlines()[-1])
    assert last["update"] == 6
    assert last["epoch"] == 2.0


def test_a_kill_goes_back_to_the_last_state(data, tmp_path):
    run_of = recipe("ann")
    state, metrics = tmp_path / "state.safetensors", tmp_path / "metrics.jsonl"
    continue_run(TrainingRun(run_of, data), state, metrics, budget_s=0)

    def kill(_):
        raise KillError

    with pytest.raises(KillError):
        continue_run(TrainingRun(run_of, data), state, metrics, on_update=kill)
    run = TrainingRun(run_of, data)
    continue_run(run, state, metrics)
    assert same(run.network.eval(), train(run_of, data))


def test_a_state_of_another_recipe_or_of_nothing_is_refused(data, tmp_path):
    state, metrics = tmp_path / "state.safetensors", tmp_path / "metrics.jsonl"
    continue_run(TrainingRun(recipe("ann"), data), state, metrics, budget_s=0)
    with pytest.raises(StorageError, match="state of another recipe or other data"):
        continue_run(TrainingRun(recipe("ann", seed=1), data), state, metrics)
    state.write_bytes(b"damaged")
    with pytest.raises(StorageError, match="delete it to start anew"):
        continue_run(TrainingRun(recipe("ann"), data), state, metrics)


def test_small_parts_add_up_to_the_batch(data):
    whole = TrainingRun(recipe("ann"), data)
    parts = TrainingRun(recipe("ann", micro_batch=3), data)
    a, b = whole.advance(), parts.advance()
    assert a.loss == pytest.approx(b.loss, rel=1e-5)
    for one, other in zip(whole.network.parameters(), parts.network.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", ["ann", "surrogate", "bntt"])
def test_recomputing_ends_in_the_same_weights(method, data):
    norm = "none" if method == "bntt" else "batch"
    plain, sparing = (train(recipe(method, norm=norm, recompute=r), data) for r in (False, True))
    for (name, a), b in zip(plain.state_dict().items(), sparing.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, msg=name)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("method", ["ann", "surrogate"])
def test_a_compiled_run_agrees_to_rounding(method, data):
    plain, compiled = (TrainingRun(recipe(method, compiled=c), data) for c in (False, True))
    a, b = plain.advance(), compiled.advance()
    assert a.loss == pytest.approx(b.loss, rel=1e-4)
    for one, other in zip(plain.network.parameters(), compiled.network.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-5)


def test_an_epoch_may_be_a_part_of_the_images(data):
    run = TrainingRun(recipe("ann", epoch_images=15), data)
    assert (run.updates_per_epoch, run.total) == (2, 4)
    assert [run.advance().images for _ in range(4)] == [10, 5, 10, 5]


def test_schedules():
    steps = recipe("ann", schedule="steps", learning_rate=1e-4)
    rates = [learning_rate(steps, update, 100) for update in (0, 49, 50, 75, 99)]
    assert rates == pytest.approx([1e-4, 1e-4, 1e-5, 1e-6, 1e-6])
    model = torch.nn.Linear(1, 1)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    peer = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=3e-3, total_steps=40, pct_start=0.2, cycle_momentum=False
    )
    cycle = recipe("ann", learning_rate=3e-3)
    for update in range(40):
        assert learning_rate(cycle, update, 40) == pytest.approx(peer.get_last_lr()[0], rel=1e-6)
        optimiser.step()
        if update < 39:
            peer.step()


@pytest.mark.parametrize("method", ["ann", "surrogate", "bntt"])
def test_a_checkpoint_holds_weights_recipe_and_metrics(method, data, tmp_path):
    run_of, path = recipe(method), tmp_path / "net.safetensors"
    network = train(run_of, data)
    save_network(network, run_of, path, data_md5=data.md5, metrics={"test_accuracy": 0.5})
    loaded, found = load_network(path)
    assert found == run_of
    assert load_metrics(path) == {"test_accuracy": 0.5}
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=1e-3, atol=1e-4)
    path.write_bytes(b"damaged")
    with pytest.raises(StorageError, match="not a checkpoint"):
        load_metrics(path)


def test_norms_through_time_go_on_where_they_were(data, tmp_path):
    first = recipe("bntt", name="first")
    path = tmp_path / "first.safetensors"
    save_network(train(first, data), first, path)
    source, _ = load_network(path)
    weights = starting_weights(recipe("bntt", start_from="first"), path, data)
    for name, tensor in source.state_dict().items():
        if "gamma" in name or "running" in name or "weight" in name:
            assert torch.equal(weights[name], tensor.float()), name
    fresh = starting_weights(recipe("bntt", start_from="first", steps=4), path, data)
    assert fresh["1.gamma"].shape == (4, 32)
    assert (fresh["1.gamma"] == 1).all()
    with pytest.raises(ParameterError, match="tiny-bntt has 'batch'"):
        starting_weights(recipe("bntt", start_from="first", norm="batch"), path, data)


def test_a_conversion_is_not_trained(data):
    with pytest.raises(ParameterError, match=r"train its ANN and use learning\.convert"):
        train(recipe("conversion"), data)
