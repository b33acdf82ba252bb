"""What conditions share is worked out once, and gives what each would give alone."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from xbarsim.cures import adapt_norm, correct_outputs, recalibrate_thresholds
from xbarsim.data import Dataset
from xbarsim.errors import InfeasibleError, ParameterError
from xbarsim.hardware import to_crossbar
from xbarsim.learning import convert, load_recipe, measure_accuracy, search_thresholds
from xbarsim.learning.build import initial_network
from xbarsim.network import LIF, BatchNormThroughTime, NetworkSpec, NeuronParams
from xbarsim.parameters import load_crossbar, load_device
from xbarsim.study import Condition, Hardware, Subject, cures, measure_chips, measure_software
from xbarsim.study.plans import ladder

STEPS = 4
TILE = 8


@pytest.fixture
def data():
    images = torch.rand(24, 1, 4, 4, generator=torch.Generator().manual_seed(7))
    labels = torch.arange(24) % 3
    return Dataset("tiny", images[:16], labels[:16], images[16:], labels[16:])


@pytest.fixture
def hardware():
    name = "bhattacharjee2022"
    return Hardware(
        load_crossbar(name, rows=TILE, cols=TILE), load_device(name), allow_unvalidated=True
    )


def spiking(*, norm):
    torch.manual_seed(3)
    neuron = NeuronParams(leak=0.9, threshold=0.3)
    layers = [nn.Conv2d(1, 4, 3, bias=False), *([BatchNormThroughTime(STEPS, 4)] if norm else []),
              LIF(neuron), nn.Flatten(), nn.Linear(16, 3, bias=False)]  # fmt: skip
    return nn.Sequential(*layers).eval()


def alone(network, condition, hardware, data, chip):
    """Measure one condition step by step, with nothing shared."""
    cells = hardware.cells(condition)
    net = to_crossbar(
        network, hardware.array(condition), cells, gain=condition.gain, chip=chip,
        compensated=condition.compensated, allow_unvalidated=True,
    )  # fmt: skip
    if condition.corrected:
        net = correct_outputs(net, network, data.train_images[: condition.corrected], STEPS)
    if condition.adaptation:
        net = adapt_norm(net, data.train_images[: condition.adaptation], STEPS)
    if condition.thresholds == "matched":
        net = recalibrate_thresholds(net, network, data.train_images[: condition.samples], STEPS)
    if condition.thresholds == "chip":
        net = search_thresholds(net, data.train_images[: condition.samples], STEPS)
    accuracy, rates = measure_accuracy(net, data, STEPS)
    return tuple(accuracy.tolist()), tuple(rates.mean(axis=1).tolist())


@pytest.mark.parametrize("method", ["surrogate", "BNTT", "conversion"])
def test_every_condition_measures_what_it_does_alone(method, data, hardware):
    network = spiking(norm=method == "BNTT")
    base = Condition(tile=TILE, gain="none", samples=8)
    conditions = [
        base, base.replace(compensated=True), base.replace(gain="column"),
        base.replace(gain="tile", variation=False), base.replace(gain="column", compensated=True),
        base.replace(thresholds="matched"), base.replace(thresholds="chip"),
        base.replace(adaptation=6, gain="layer"), base.replace(adaptation=6, thresholds="matched"),
        base.replace(corrected=9), base.replace(corrected=5, gain="bitline", adaptation=6),
    ]  # fmt: skip
    suiting = [c for c in conditions if c.suits(method)]
    subject = Subject("net", method, network, STEPS)
    found = list(measure_chips(subject, suiting, hardware, data, 2))
    assert len(found) == 2 * len(suiting) - 1
    for condition, chip, measured in found:
        accuracy, rates = alone(network, condition, hardware, data, chip)
        assert measured.accuracy == accuracy
        assert measured.rates == rates
        assert (measured.residual is not None) == condition.compensated
    assert len({m.rates for _, _, m in found}) > len(suiting)


def test_tiles_are_solved_once_a_chip_and_compensated_once_for_all(data, hardware, monkeypatch):
    from xbarsim.study import design

    calls = []
    for name in ("to_crossbar_gains", "write_targets"):
        real = getattr(design, name)

        def watch(*args, name=name, real=real, **options):
            calls.append(name)
            return real(*args, **options)

        monkeypatch.setattr(design, name, watch)
    column = Condition(tile=TILE)
    conditions = [
        column, column.replace(compensated=True), column.replace(gain="none"),
        column.replace(gain="none", thresholds="matched"), column.replace(variation=False),
    ]  # fmt: skip
    subject = Subject("net", "surrogate", spiking(norm=False), STEPS)
    found = list(measure_chips(subject, conditions, hardware, data, 3))
    assert len(found) == 13
    assert calls.count("write_targets") == 2
    assert calls.count("to_crossbar_gains") == 7


def test_only_what_is_not_known_is_made(data, hardware, monkeypatch):
    subject = Subject("net", "surrogate", spiking(norm=False), STEPS)
    conditions = [Condition(tile=TILE), Condition(tile=TILE, gain="none")]
    first = {(c, k): m for c, k, m in measure_chips(subject, conditions, hardware, data, 2)}
    monkeypatch.setattr(
        "xbarsim.study.design.to_crossbar_gains", lambda *_, **__: pytest.fail("solved again")
    )
    again = list(
        measure_chips(subject, conditions, hardware, data, 2, known=lambda c, k: first[c, k])
    )
    assert {(c, k): m for c, k, m in again} == first


def test_chips_that_cannot_be_made_are_worked_out_once_and_said(data, hardware, monkeypatch):
    tries = []

    def refuse(*_, **__):
        tries.append(1)
        msg = "no gain keeps all cells in range"
        raise InfeasibleError(msg)

    monkeypatch.setattr("xbarsim.study.design.write_targets", refuse)
    subject = Subject("net", "surrogate", spiking(norm=False), STEPS)
    condition = Condition(tile=TILE, compensated=True)
    found = [m for _, _, m in measure_chips(subject, [condition], hardware, data, 3)]
    assert [m.failure for m in found] == ["no gain keeps all cells in range"] * 3
    assert len(tries) == 1


@pytest.fixture
def digits():
    stream = torch.Generator().manual_seed(5)
    images, labels = torch.rand(20, 1, 8, 8, generator=stream), torch.arange(20) % 10
    return Dataset("digits", images[:16], labels[:16], images[16:], labels[16:])


def test_training_goes_through_the_gain_that_is_judged(digits, hardware, monkeypatch):
    seen = []

    def fit(network, *_, mapping, **__):
        seen.append(mapping.gain)
        return network

    monkeypatch.setattr("xbarsim.study.design.noise_aware_fit", fit)
    small = NetworkSpec(name="small", input_shape=(1, 8, 8), features=(6, "A"), hidden=(16,))
    recipe = load_recipe("digits-ann").replace(network=small)
    source = initial_network(recipe).eval()
    subject = Subject("net", "ANN", source, 0, "direct", recipe, source)
    trained = Condition(tile=TILE, training=3, variation=False)
    conditions = [trained, trained.replace(gain="bitline"), Condition(tile=TILE, gain="none")]
    assert len(list(measure_chips(subject, conditions, hardware, digits, 1))) == 3
    assert sorted(seen) == ["bitline", "column"]


def test_a_network_trained_through_arrays_is_judged_in_place_of_its_own(digits, hardware):
    small = NetworkSpec(name="small", input_shape=(1, 8, 8), features=(6, "A"), hidden=(16,))
    recipe = load_recipe("digits-ann").replace(batch=8, network=small)
    source = initial_network(recipe).eval()
    subject = Subject(
        "net", "conversion", convert(source, digits.train_images, 12), 12, "poisson", recipe, source
    )
    plain = Condition(tile=16, wires=False, thresholds="chip")
    conditions = [plain, plain.replace(training=2)]
    before, after = (m for _, _, m in measure_chips(subject, conditions, hardware, digits, 1))
    assert before.network == after.network == subject.fingerprint
    assert before.rates != after.rates
    assert after.once_s > before.once_s
    with pytest.raises(ParameterError, match="cannot be trained on"):
        list(measure_chips(replace(subject, source=None), conditions, hardware, digits, 1))


def test_software_is_measured_as_it_is(data):
    network = spiking(norm=False)
    found = measure_software(Subject("net", "surrogate", network, STEPS), data)
    assert found.accuracy == tuple(measure_accuracy(network, data, STEPS)[0].tolist())
    assert found.condition is None


def test_cures_that_build_on_each_other_are_among_the_cures():
    steps = ladder(64)
    assert set(steps) < set(cures(64, training=0))
    assert [c.gain for c in steps] == ["none"] + ["bitline"] * 4
    assert [(c.compensated, bool(c.corrected)) for c in steps[1:]] == [
        (False, False), (False, True), (True, False), (True, True),
    ]  # fmt: skip
    assert all(c.suits("ANN") and not c.training for c in steps)
    assert not [c for c in cures(32, training=0) if c.training]
    assert set(ladder(32)) < set(cures(32))
