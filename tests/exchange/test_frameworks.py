"""Networks of snnTorch, SpikingJelly and Norse spike here as there, step by step.

Weights and inputs are multiples of 1/64 and leaks of 1/8, so that no spike hangs on rounding; leak,
threshold and reset differ from 1 and 0.
"""

import norse.torch
import pytest
import snntorch
import torch
from norse.torch import (
    IAFCell,
    LIFBoxCell,
    LIFBoxParameters,
    LIFCell,
    LIFParameters,
    LIFRecurrentCell,
    SequentialState,
)
from norse.torch.functional.iaf import IAFParameters
from norse.torch.functional.reset import reset_subtract, reset_value
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

import xbarsim
from xbarsim.errors import ParameterError
from xbarsim.exchange import GeneralLIF, as_network, from_norse, from_snntorch, from_spikingjelly
from xbarsim.network import LIF, leaves, unroll

STEPS = 9


def dyadic(network, seed=3, size=1.5):
    stream = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        if parameter.dim() > 1:
            fan_in = parameter[0].numel()
            draw = torch.randn(parameter.shape, generator=stream) * size / fan_in**0.5
            parameter.data = (draw * 64).round() / 64
    return network


def inputs(*shape, seed=4):
    return (torch.rand(STEPS, *shape, generator=torch.Generator().manual_seed(seed)) < 0.5).float()


def same_spikes(network, x, wanted, low=0.02):
    """The last layer's spikes are those wanted, and neither all nor none."""
    with torch.no_grad():
        out, _, spikes = unroll(network, x)
    assert low < wanted.mean() < 0.98
    assert torch.equal(out, wanted)
    return spikes


def leaky(**kwargs):
    return snntorch.Leaky(**{"beta": 0.875, "threshold": 0.75, **kwargs})


def run_snntorch(layers, x):
    states = {k: m.init_leaky() for k, m in enumerate(layers) if isinstance(m, snntorch.Leaky)}
    outs = []
    for step in x:
        y = step
        for k, module in enumerate(layers):
            if k in states:
                y, states[k] = module(y, states[k])
            else:
                y = module(y)
        outs.append(y)
    return torch.stack(outs).detach()


@pytest.mark.parametrize("delay", [True, False])
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_snntorch_with_each_reset(reset, delay):
    made = [
        nn.Conv2d(2, 4, 3, padding=1, bias=False), leaky(reset_mechanism=reset, reset_delay=delay),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4 * 2 * 3, 5),
        leaky(beta=0.5, reset_mechanism=reset, reset_delay=delay),
    ]  # fmt: skip
    network = dyadic(nn.Sequential(*made))
    network[4].bias.data = torch.arange(5) / 16
    x = inputs(3, 2, 4, 6)
    same_spikes(from_snntorch(network), x, run_snntorch(made, x))


def test_snntorch_neurons_that_differ_within_a_layer():
    beta, threshold = torch.tensor([0.25, 0.5, 0.875]), torch.tensor([0.5, 0.75, 1.25])
    made = [nn.Linear(4, 3, bias=False), leaky(beta=beta, threshold=threshold, learn_beta=True)]
    network = dyadic(nn.Sequential(*made), size=3)
    x = inputs(6, 4)
    same_spikes(from_snntorch(network), x, run_snntorch(made, x))


@pytest.mark.parametrize("delay", [True, False])
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_snntorch_with_a_synaptic_current(reset, delay):
    common = {"reset_mechanism": reset, "reset_delay": delay}
    made = [
        nn.Linear(7, 6, bias=False),
        snntorch.Synaptic(alpha=0.75, beta=0.5, threshold=0.75, **common),
        nn.Linear(6, 5, bias=False),
        snntorch.Synaptic(
            alpha=torch.linspace(0.25, 0.75, 5), beta=torch.linspace(0.5, 0.75, 5),
            threshold=0.375, **common,
        ),
    ]  # fmt: skip
    network = dyadic(nn.Sequential(*made), size=4)
    x = inputs(4, 7)
    state, outs = {}, []
    for step in x:
        y = step
        for k, module in enumerate(made):
            if k % 2:
                y, *state[k] = module(y, *state.get(k, module.init_synaptic()))
            else:
                y = module(y)
        outs.append(y)
    spikes = same_spikes(from_snntorch(network), x, torch.stack(outs).detach())
    assert 0.05 < spikes[0].mean() < 0.95


class Net(nn.Module):
    """As in snnTorch's tutorials: layers in ``__init__``, the loop over time in ``forward``."""

    def __init__(self):
        super().__init__()
        self.lif2 = leaky(beta=0.5)
        self.lif1 = leaky()
        self.fc2 = nn.Linear(6, 3, bias=False)
        self.fc1 = nn.Linear(8, 6, bias=False)

    def forward(self, x):
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        out = []
        for step in x:
            spk, mem1 = self.lif1(self.fc1(step.flatten(1)), mem1)
            spk, mem2 = self.lif2(self.fc2(spk), mem2)
            out.append(spk)
        return torch.stack(out)


def test_snntorch_network_with_its_own_forward():
    network, x = dyadic(Net(), size=2.5), inputs(5, 2, 4)
    with pytest.raises(ParameterError, match="pass sample="):
        from_snntorch(network)
    found = from_snntorch(network, x)
    kinds = [type(module).__name__ for module in leaves(found)]
    assert kinds == ["Flatten", "Linear", "GeneralLIF", "Linear", "GeneralLIF"]
    with torch.no_grad():
        same_spikes(found, x, network(x))


class Wrong(Net):
    def __init__(self, how):
        super().__init__()
        self.how = how

    def forward(self, x):
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        spk, mem1 = self.lif1(self.fc1(x), mem1)
        between = {
            "relu": lambda: torch.relu(spk),
            "membrane": lambda: mem1,
            "skip": lambda: spk + 1,
        }
        return self.lif2(self.fc2(between[self.how]()), mem2)


@pytest.mark.parametrize(
    ("how", "match"),
    [("relu", "no layer"), ("skip", "no layer"), ("membrane", "reads the membrane")],
)
def test_what_is_no_chain_of_layers_is_refused(how, match):
    with pytest.raises(ParameterError, match=match):
        from_snntorch(Wrong(how), torch.ones(2, 8))


@pytest.mark.parametrize(
    ("layers", "match"),
    [
        ([snntorch.Alpha(alpha=0.75, beta=0.5)], "a snntorch.Alpha"),
        ([snntorch.Synaptic(alpha=0.5, beta=0.5, state_quant=abs)], "state_quant"),
        ([nn.Linear(2, 2), leaky(graded_spikes_factor=2.0)], "graded_spikes_factor=2"),
        ([nn.Linear(2, 2), leaky(state_quant=lambda x: x)], "state_quant"),
        ([nn.Sequential(nn.Softmax(1)), leaky()], r"'0\.0' is a .*Softmax"),
        ([nn.Flatten(2), leaky()], "flattens from axis 2"),
    ],
)
def test_what_snntorch_has_and_xbarsim_has_not_is_named(layers, match):
    with pytest.raises(ParameterError, match=match):
        from_snntorch(nn.Sequential(*layers))


@pytest.mark.parametrize("mode", ["s", "m"])
@pytest.mark.parametrize("v_reset", [None, 0.0, -0.25])
@pytest.mark.parametrize("decay_input", [True, False])
def test_spikingjelly_single_and_multi_step(mode, v_reset, decay_input):
    kwargs = {"v_reset": v_reset, "decay_input": decay_input, "tau": 4.0, "v_threshold": 0.25}
    network = nn.Sequential(
        layer.Conv2d(1, 4, 3, padding=1, bias=False), neuron.LIFNode(**kwargs),
        layer.AvgPool2d(2), layer.Flatten(), layer.Dropout(0.5), layer.Linear(4 * 2 * 3, 5, bias=False),
        neuron.IFNode(v_threshold=0.5, v_reset=v_reset),
    ).eval()  # fmt: skip
    functional.set_step_mode(dyadic(network, size=4), mode)
    x = inputs(3, 1, 4, 6)
    with torch.no_grad():
        wanted = network(x) if mode == "m" else torch.stack([network(step) for step in x])
    functional.reset_net(network)
    same_spikes(from_spikingjelly(network), x, wanted)


@pytest.mark.parametrize("mode", ["s", "m"])
@pytest.mark.parametrize("v_reset", [None, 0.0])
def test_spikingjelly_with_a_synaptic_current(mode, v_reset):
    network = nn.Sequential(
        layer.Linear(7, 6, bias=False),
        neuron.CUBALIFNode(c_decay=0.75, v_decay=0.5, v_threshold=0.625, v_reset=v_reset),
        layer.Linear(6, 5, bias=False),
        neuron.CUBALIFNode(c_decay=0.25, v_decay=0.875, v_threshold=1.25, v_reset=v_reset),
    ).eval()
    functional.set_step_mode(dyadic(network, size=4), mode)
    x = inputs(4, 7)
    with torch.no_grad():
        wanted = network(x) if mode == "m" else torch.stack([network(step) for step in x])
    functional.reset_net(network)
    same_spikes(from_spikingjelly(network), x, wanted)


def test_spikingjelly_current_that_starts_where_it_does_not_rest_is_refused():
    network = nn.Sequential(layer.Linear(2, 2), neuron.CUBALIFNode(v_reset=-0.5))
    with pytest.raises(ParameterError, match=r"'1' is a CUBALIFNode with v_reset=-0\.5"):
        from_spikingjelly(network)


def test_spikingjelly_spikes_at_the_threshold_itself():
    network = nn.Sequential(neuron.IFNode(v_threshold=0.5, v_reset=None))
    x = torch.full((4, 1, 1), 0.5)
    with torch.no_grad():
        wanted = torch.stack([network(step) for step in x])
    out, _, _ = unroll(from_spikingjelly(network), x)
    assert wanted.mean() == 1
    assert torch.equal(out, wanted)


def test_spikingjelly_with_its_own_forward_is_reset_after_the_sample():
    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            self.sn = neuron.ParametricLIFNode(init_tau=2.0, v_threshold=0.5, v_reset=None)
            self.fc = layer.Linear(8, 4, bias=False)

        def forward(self, x):
            return self.sn(self.fc(x.flatten(1)))

    network, x = dyadic(Module(), size=3), inputs(5, 2, 4)
    found = from_spikingjelly(network, x[0])
    with torch.no_grad():
        same_spikes(found, x, torch.stack([network(step) for step in x]))


def test_what_spikingjelly_has_and_xbarsim_has_not_is_named():
    with pytest.raises(ParameterError, match=r"'1' is a SpikingJelly QIFNode"):
        from_spikingjelly(nn.Sequential(layer.Linear(2, 2), neuron.QIFNode()))
    with pytest.raises(ParameterError, match="WSLinear"):
        from_spikingjelly(nn.Sequential(layer.WSLinear(2, 2), neuron.IFNode()))


@pytest.mark.parametrize("method", [reset_value, reset_subtract])
def test_norse_with_rest_and_reset_that_are_not_zero(method):
    box = LIFBoxParameters(
        tau_mem_inv=torch.tensor(128.0), v_leak=torch.tensor(0.125), v_th=torch.tensor(0.5),
        v_reset=torch.tensor(-0.25), reset_method=method,
    )  # fmt: skip
    iaf = IAFParameters(v_th=torch.tensor(0.75), v_reset=torch.tensor(0.25))
    network = SequentialState(
        nn.Linear(8, 6, bias=False), LIFBoxCell(box, dt=2.0**-9), nn.Linear(6, 4, bias=False),
        IAFCell(iaf, dt=2.0**-9),
    )  # fmt: skip
    dyadic(network, size=4)
    x, state, outs = inputs(5, 8), None, []
    with torch.no_grad():
        for step in x:
            out, state = network(step, state)
            outs.append(out)
    same_spikes(from_norse(network), x, torch.stack(outs))


@pytest.mark.parametrize("kind", [LIFCell, norse.torch.LIF])
def test_norse_with_a_synaptic_current(kind):
    p = LIFParameters(
        tau_mem_inv=torch.tensor(128.0), tau_syn_inv=torch.tensor(192.0),
        v_leak=torch.tensor(0.125), v_th=torch.tensor(0.375), v_reset=torch.tensor(-0.25),
    )  # fmt: skip
    network = dyadic(
        SequentialState(nn.Linear(8, 6, bias=False), kind(p, dt=2.0**-9), nn.Linear(6, 4, bias=False)),
        size=5,
    )  # fmt: skip
    x = inputs(5, 8)
    with torch.no_grad():
        if kind is norse.torch.LIF:
            wanted = network(x)[0]
        else:
            state, outs = None, []
            for step in x:
                out, state = network(step, state)
                outs.append(out)
            wanted = torch.stack(outs)
        found, _, spikes = unroll(from_norse(network), x)
    assert 0.05 < spikes[0].mean() < 0.95
    assert torch.equal(found, wanted)


def test_what_norse_has_and_xbarsim_has_not_is_named():
    with pytest.raises(ParameterError, match=r"'1' is a Norse LIFRecurrentCell.*no recurrence"):
        from_norse(SequentialState(nn.Linear(2, 2), LIFRecurrentCell(2, 2)))


def test_time_may_be_split_and_gradients_flow_with_a_synaptic_current():
    synaptic = from_snntorch(nn.Sequential(snntorch.Synaptic(alpha=0.75, beta=0.5)))
    drive = torch.rand(6, 2, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    whole, state, _ = unroll(synaptic, drive)
    first, between, _ = unroll(synaptic, drive[:2])
    second, last, _ = unroll(synaptic, drive[2:], between)
    assert torch.equal(torch.cat([first, second]), whole)
    assert torch.equal(last[0], state[0])
    assert 0 < whole.mean() < 1
    whole.sum().backward()
    assert drive.grad.abs().sum() > 0


def test_any_network_goes_through_one_door():
    torch_network = nn.Sequential(nn.Linear(2, 3), LIF())
    assert as_network(torch_network) is torch_network
    for other in (leaky(), neuron.IFNode(), LIFBoxCell()):
        found = as_network(nn.Sequential(nn.Linear(2, 3), other))
        assert isinstance(found[1], LIF)
    with pytest.raises(ParameterError, match="mixes snntorch and spikingjelly"):
        as_network(nn.Sequential(leaky(), neuron.IFNode()))
    with pytest.raises(ParameterError, match="a dict is no network"):
        as_network({})


def test_a_neuron_that_says_no_more_than_ours_is_ours():
    assert type(from_snntorch(nn.Sequential(leaky(reset_mechanism="zero")))[0]) is LIF
    assert type(from_snntorch(nn.Sequential(leaky(beta=1.0)))[0]) is LIF
    delayed = from_snntorch(nn.Sequential(leaky()))[0]
    assert isinstance(delayed, GeneralLIF)
    assert "threshold=0.75" in str(delayed)
    assert "timing=next" in str(delayed)


def test_gradients_flow_through_a_general_neuron():
    layer_ = from_snntorch(nn.Sequential(leaky()))[0]
    drive = torch.rand(3, 2, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    layer_(drive)[0].sum().backward()
    assert drive.grad.abs().sum() > 0


def test_to_crossbar_and_simulate_take_other_networks(device):
    network = dyadic(nn.Sequential(nn.Flatten(), nn.Linear(8, 3, bias=False), leaky()), size=3)
    crossbar = xbarsim.load_crossbar("bhattacharjee2022", rows=8, cols=4)
    hardware = xbarsim.to_crossbar(network, crossbar, device, allow_unvalidated=True)
    images = torch.rand(5, 1, 2, 4, generator=torch.Generator().manual_seed(1))
    trace = xbarsim.simulate(hardware, images, steps=4)
    assert trace.logits.shape == (4, 5, 3)
    direct = xbarsim.simulate(network, images, steps=4)
    through = xbarsim.simulate(from_snntorch(network), images, steps=4)
    assert (direct.logits == through.logits).all()
    assert direct.logits.any()
