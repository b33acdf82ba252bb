"""NIR files: out and in again gives the same spikes, and other tools' files and ours agree."""

import nir
import norse.torch
import numpy as np
import pytest
import snntorch
import torch
from snntorch.export_nir import export_to_nir
from snntorch.import_nir import import_from_nir as snntorch_from_nir
from spikingjelly.activation_based import neuron
from spikingjelly.activation_based.nir_exchange import export_to_nir as jelly_to_nir
from spikingjelly.activation_based.nir_exchange import import_from_nir as jelly_from_nir
from torch import nn

from xbarsim.errors import ParameterError, StorageError
from xbarsim.exchange import (
    GeneralLIF,
    from_nir,
    from_snntorch,
    from_spikingjelly,
    to_nir,
    write_nir,
)
from xbarsim.exchange.nir_read import DEFAULT_DT
from xbarsim.network import LIF, BatchNormThroughTime, NeuronParams, unroll

PARAMS = NeuronParams(leak=0.875, threshold=0.75, reset="subtract")


@pytest.fixture(autouse=True)
def _same_weights():
    torch.manual_seed(2)


def draws(*shape, seed=4):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def network_of(params, size=1.5):
    stream = torch.Generator().manual_seed(1)
    network = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1, bias=False), LIF(params), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(3 * 2 * 3, 5), LIF(params.replace(leak=1.0)),
    )  # fmt: skip
    for parameter in network.parameters():
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 10
        draw = torch.randn(parameter.shape, generator=stream) * size / fan_in**0.5
        parameter.data = (64 * draw).round() / 64
    return network


def outputs(network, x):
    with torch.no_grad():
        out, _, spikes = unroll(network, x)
    return out, spikes


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("leak", [0.875, 0.9, 0.3])
def test_out_and_in_again_spikes_the_same(tmp_path, reset, leak):
    network = network_of(PARAMS.replace(reset=reset, leak=leak))
    write_nir(network, tmp_path / "net.nir", (2, 4, 6))
    found = from_nir(tmp_path / "net.nir")
    assert type(found[1]) is LIF
    assert found[1].leak == network[1].leak
    x = (draws(9, 3, 2, 4, 6) < 0.5).float()
    wanted, rates = outputs(network, x)
    assert 0.05 < rates[1].mean() < 0.95
    assert torch.equal(outputs(found, x)[0], wanted)


def test_what_nir_cannot_say_travels_in_the_metadata(tmp_path):
    other = nn.Sequential(nn.Linear(4, 3), snntorch.Leaky(beta=0.7, threshold=0.6), nn.Linear(3, 3))
    for imported in (
        from_snntorch(other),
        from_spikingjelly(nn.Sequential(nn.Linear(4, 3), neuron.LIFNode(3.0, v_threshold=0.4))),
    ):
        imported[0].weight.data.abs_()
        write_nir(imported, tmp_path / "net.nir", (4,))
        x = 3 * draws(9, 6, 4)
        wanted, spikes = outputs(imported, x)
        assert 0.05 < spikes[0].mean() < 0.95
        found, again = outputs(from_nir(tmp_path / "net.nir"), x)
        assert torch.equal(again[0], spikes[0])
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("delay", [True, False])
def test_a_synaptic_current_travels_as_cubalif(tmp_path, reset, delay):
    # Off the grid: time constants are divisions, after which the last bits differ.
    synaptic = snntorch.Synaptic(
        alpha=0.7, beta=0.6, threshold=0.613, reset_mechanism=reset, reset_delay=delay
    )
    imported = from_snntorch(nn.Sequential(nn.Linear(4, 5), synaptic, nn.Linear(5, 3)))
    write_nir(imported, tmp_path / "net.nir", (4,))
    kinds = [type(node).__name__ for node in nir.read(tmp_path / "net.nir").nodes.values()]
    assert "CubaLIF" in kinds
    x = 3 * draws(9, 6, 4)
    wanted, spikes = outputs(imported, x)
    assert 0.05 < spikes[0].mean() < 0.95
    found, again = outputs(from_nir(tmp_path / "net.nir"), x)
    assert torch.equal(again[0], spikes[0])
    torch.testing.assert_close(found, wanted)


def test_a_plain_cubalif_follows_its_equations():
    graph = nir.NIRGraph.from_list(
        nir.Linear(np.array([[0.5, -1.0], [0.25, 2.0]])),
        nir.CubaLIF(tau_syn=np.full(2, 2e-4), tau_mem=np.full(2, 4e-4), r=np.full(2, 2.0),
                    v_leak=np.full(2, 0.125), v_threshold=np.array([0.25, 0.5]),
                    v_reset=np.full(2, -0.25), w_in=np.array([1.5, 0.75])),
    )  # fmt: skip
    x = 2 * draws(12, 3, 2)
    out, _ = outputs(from_nir(graph), x)
    v, current = torch.full((3, 2), 0.125), torch.zeros(3, 2)
    weight, w_in = torch.tensor([[0.5, -1.0], [0.25, 2.0]]), torch.tensor([1.5, 0.75])
    for t in range(12):
        current = current + (w_in * (x[t] @ weight.T) - current) / 2
        v = v + (0.125 - v + 2 * current) / 4
        spikes = (v > torch.tensor([0.25, 0.5])).float()
        v = torch.where(spikes > 0, -0.25, v)
        assert torch.equal(out[t], spikes)
    assert 0.05 < out.mean() < 0.95


@pytest.mark.filterwarnings("ignore:nirtorch:DeprecationWarning")
def test_snntorch_writes_a_synaptic_current_and_xbarsim_reads():
    alpha, beta = torch.linspace(0.3, 0.8, 5), torch.linspace(0.5, 0.9, 5)
    synaptic = snntorch.Synaptic(
        alpha, beta, torch.linspace(0.6, 1.4, 5), reset_mechanism="zero", reset_delay=False,
        init_hidden=True,
    )  # fmt: skip
    network = nn.Sequential(nn.Linear(4, 5), synaptic, nn.Linear(5, 3))
    graph = export_to_nir(network, torch.zeros(1, 4), ignore_dims=[0])
    x = 3 * draws(9, 6, 4)
    _, spikes = outputs(from_nir(graph), x)
    _, expected = outputs(from_snntorch(network), x)
    assert 0.05 < expected[0].mean() < 0.95
    assert torch.equal(spikes[0], expected[0])


def test_a_current_that_does_not_decay_has_no_node():
    synaptic = snntorch.Synaptic(alpha=1.0, beta=0.5)
    with pytest.raises(ParameterError, match="whose current does not decay"):
        to_nir(from_snntorch(nn.Sequential(nn.Linear(2, 2), synaptic)), (2,))


def test_batch_norm_through_time_travels_too(tmp_path):
    norm = BatchNormThroughTime(5, 3)
    norm.gamma.data = draws(5, 3) + 0.5
    norm.running_mean.copy_(draws(5, 3, seed=5))
    norm.running_var.copy_(draws(5, 3, seed=6) + 0.5)
    network = nn.Sequential(nn.Conv2d(1, 3, 3, bias=False), norm, LIF(PARAMS)).eval()
    network[0].weight.data = draws(3, 1, 3, 3, seed=7) - 0.4
    write_nir(network, tmp_path / "net.nir", (1, 5, 6))
    x = 3 * draws(5, 2, 1, 5, 6)
    wanted = outputs(network, x)[0]
    assert 0.05 < wanted.mean() < 0.95
    assert torch.equal(outputs(from_nir(tmp_path / "net.nir"), x)[0], wanted)
    scale = to_nir(network, (1, 5, 6)).nodes
    mean = (norm.gamma / (norm.running_var + 1e-4).sqrt()).mean(0).detach().numpy()
    found = next(node for node in scale.values() if isinstance(node, nir.Scale)).scale
    np.testing.assert_allclose(found[:, 1, 2], mean, rtol=1e-6)


def test_batch_norm_is_folded_on_the_way_out():
    norm = nn.BatchNorm2d(3).eval()
    norm.running_mean.copy_(draws(3))
    norm.bias.data = draws(3, seed=9) - 0.5
    network = nn.Sequential(nn.Conv2d(1, 3, 3, bias=False), norm, LIF(PARAMS)).eval()
    x = 4 * draws(5, 2, 1, 5, 6)
    wanted = outputs(network, x)[0]
    assert torch.equal(outputs(from_nir(to_nir(network, (1, 5, 6))), x)[0], wanted)


@pytest.mark.filterwarnings("ignore:nirtorch:DeprecationWarning")
def test_snntorch_writes_and_xbarsim_reads():
    # snnTorch's writer wants one value per neuron.
    beta, threshold = torch.linspace(0.5, 0.9, 5), torch.linspace(0.3, 0.7, 5)
    leaky = snntorch.Leaky(beta, threshold, reset_mechanism="zero", init_hidden=True)
    network = nn.Sequential(nn.Linear(4, 5), leaky, nn.Linear(5, 3))
    graph = export_to_nir(network, torch.zeros(1, 4), ignore_dims=[0])
    x = 3 * draws(9, 6, 4)
    found, spikes = outputs(from_nir(graph), x)
    wanted, expected = outputs(from_snntorch(network), x)
    assert 0.05 < expected[0].mean() < 0.95
    assert torch.equal(spikes[0], expected[0])
    torch.testing.assert_close(found, wanted)


def test_spikingjelly_writes_and_xbarsim_reads():
    network = nn.Sequential(nn.Linear(4, 5), neuron.LIFNode(4.0, v_threshold=0.4), nn.Linear(5, 3))
    graph = jelly_to_nir(network, torch.zeros(1, 4))
    x = 3 * draws(9, 6, 4)
    _, spikes = outputs(from_nir(graph), x)
    _, expected = outputs(from_spikingjelly(network), x)
    assert 0.05 < expected[0].mean() < 0.95
    assert torch.equal(spikes[0], expected[0])


def test_xbarsim_writes_and_spikingjelly_reads():
    # Off the grid of the potentials: SpikingJelly also spikes at the threshold itself.
    network = network_of(PARAMS.replace(reset="zero", threshold=0.76), size=2.5)
    theirs = jelly_from_nir(to_nir(network, (2, 4, 6)))
    x = (draws(9, 3, 2, 4, 6) < 0.5).float()
    state, outs = None, []
    with torch.no_grad():
        for step in x:
            out, state = theirs(step, state)
            outs.append(out)
    wanted = outputs(network, x)[0]
    assert 0.05 < wanted.mean() < 0.95
    assert torch.equal(torch.stack(outs), wanted)


def dense(gain=None):
    """A network of linear layers and leaky neurons that reset to zero; the gain of their input."""
    network = nn.Sequential(nn.Linear(6, 5), LIF(), nn.Linear(5, 4), LIF())
    for k, leak in ((1, 0.875), (3, 0.75)):
        params = PARAMS.replace(reset="zero", leak=leak, threshold=0.31)
        network[k] = LIF(params) if gain is None else GeneralLIF(params, gain=1 - leak)
    stream = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data = (torch.randn(parameter.shape, generator=stream) * 64).round() / 64
    return network


def run_theirs(network, x):
    """Step a network that takes and returns (output, state)."""
    state, outs = None, []
    with torch.no_grad():
        for step in x:
            out, state = network(step) if state is None else network(step, state)
            outs.append(out)
    return torch.stack(outs)


@pytest.mark.filterwarnings("ignore:nirtorch:DeprecationWarning")
def test_xbarsim_writes_and_snntorch_reads():
    network = dense()
    x = (draws(9, 3, 6) < 0.5).float()
    wanted = outputs(network, x)[0]
    assert 0.05 < wanted.mean() < 0.95
    assert torch.equal(run_theirs(snntorch_from_nir(to_nir(network, (6,))), x), wanted)


@pytest.mark.filterwarnings("ignore:nirtorch:DeprecationWarning")
def test_xbarsim_writes_and_norse_reads():
    # Norse takes R to be 1 whatever a file says, which is a gain of 1 - leak.
    network = dense(gain="1 - leak")
    x = 4 * (draws(9, 3, 6) < 0.5).float()
    wanted = outputs(network, x)[0]
    assert 0.05 < wanted.mean() < 0.95
    theirs = norse.torch.from_nir(to_nir(network, (6,)), dt=DEFAULT_DT)
    assert torch.equal(run_theirs(theirs, x), wanted)


@pytest.mark.filterwarnings("ignore:nirtorch:DeprecationWarning")
def test_norse_writes_and_xbarsim_reads():
    dt = 2.0**-9
    p = norse.torch.LIFBoxParameters(
        tau_mem_inv=torch.full((5,), 128.0), v_th=torch.full((5,), 0.3), v_leak=torch.zeros(5)
    )
    network = norse.torch.SequentialState(nn.Linear(6, 5), norse.torch.LIFBoxCell(p, dt=dt))
    graph = norse.torch.to_nir(network, torch.zeros(1, 6), dt=dt)
    x = 4 * draws(9, 3, 6)
    wanted = run_theirs(network, x)
    assert 0.05 < wanted.mean() < 0.95
    # Norse 1.1 writes tau times its dt, so that a step of its file is dt squared.
    assert torch.equal(outputs(from_nir(graph, dt=dt**2), x)[0], wanted)


def test_a_plain_nir_graph_without_metadata():
    graph = nir.NIRGraph.from_list(
        nir.Linear(np.array([[0.5, -1.0], [0.25, 2.0]])),
        nir.LIF(tau=np.full(2, 4e-4), r=np.full(2, 2.0), v_leak=np.full(2, 0.125),
                v_threshold=np.array([0.25, 0.5]), v_reset=np.full(2, -0.25)),
    )  # fmt: skip
    x = 2 * draws(12, 3, 2)
    out, _ = outputs(from_nir(graph), x)
    v, weight = torch.full((3, 2), 0.125), torch.tensor([[0.5, -1.0], [0.25, 2.0]])
    for t in range(12):
        v = v + (0.125 - v + 2 * x[t] @ weight.T) / 4
        spikes = (v > torch.tensor([0.25, 0.5])).float()
        v = torch.where(spikes > 0, -0.25, v)
        assert torch.equal(out[t], spikes)
    assert 0.05 < out.mean() < 0.95


def ones(kind, **more):
    return kind(**more, r=np.ones(2), v_leak=np.zeros(2))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: nir.NIRGraph.from_list(nir.Linear(np.eye(2)), ones(nir.LI, tau=np.ones(2))), "NIR LI"),
        (lambda: nir.NIRGraph.from_list(nir.Linear(np.eye(2)), ones(
            nir.LIF, tau=np.full(2, 1e-5), v_threshold=np.ones(2))), "below the time-step"),
        (lambda: nir.NIRGraph.from_list(nir.Linear(np.eye(2)), ones(
            nir.CubaLIF, tau_mem=np.ones(2), tau_syn=np.full(2, 1e-5), v_threshold=np.ones(2))),
         "below the time-step"),
        (lambda: nir.NIRGraph(
            {"input": nir.Input(np.array([2])), "a": nir.Linear(np.eye(2)),
             "b": nir.Linear(np.eye(2)), "output": nir.Output(np.array([2]))},
            [("input", "a"), ("input", "b"), ("a", "output"), ("b", "output")]), "branches"),
    ],
)  # fmt: skip
def test_what_xbarsim_cannot_express_is_named(make, match):
    with pytest.raises(ParameterError, match=match):
        from_nir(make())


def test_what_nir_cannot_express_is_named():
    with pytest.raises(ParameterError, match=r"layer 1, MaxPool2d.*has no node in NIR"):
        to_nir(nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), LIF()), (1, 6, 6))
    with pytest.raises(ParameterError, match="dt is -1"):
        to_nir(nn.Sequential(nn.Linear(2, 2)), (2,), dt=-1)


def test_a_file_that_is_no_nir_file(tmp_path):
    (tmp_path / "net.nir").write_text("not hdf5")
    with pytest.raises(StorageError, match="is not a NIR file"):
        from_nir(tmp_path / "net.nir")
