# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 5. Cure it
#
# A spiking network collapses on crossbars when raw currents are taken for weights. Why, and what brings it back? From the collapse
# to the cure in four pictures, without any retraining.

# %%
# %matplotlib inline
from itertools import pairwise

import numpy as np
import torch
from torch import nn

import xbarsim as xb
from xbarsim.data import load_dataset
from xbarsim.inference import encode
from xbarsim.mapping import MappingSpec, write_layer
from xbarsim.mapping.gain import bit_line_gains
from xbarsim.network import LIF, NeuronParams, unroll
from xbarsim.report.style import CYCLE, GREY, MARKERS, figure_style
from xbarsim.study import Condition, Hardware, Subject, measure_chips, measure_software
from xbarsim.validation import find_record

torch.manual_seed(0)
data = load_dataset("digits")
steps = 20

# %% [markdown]
# A spiking network with fixed thresholds and three layers of neurons, trained in a few seconds.

# %%
sizes = (64, 64, 64, 64)
layers = [nn.Flatten()]
for n_in, n_out in pairwise(sizes):
    layers += [nn.Linear(n_in, n_out, bias=False), LIF(NeuronParams(leak=0.9, threshold=1.0))]
network = nn.Sequential(*layers, nn.Linear(64, 10, bias=False))
with torch.no_grad():
    for layer in network[3::2]:
        layer.weight.mul_(2)  # spikes reach the last layer from the start
optimiser = torch.optim.Adam(network.parameters(), 3e-3)
stream = torch.Generator().manual_seed(0)
for _ in range(80):
    spikes = encode(data.train_images, 8, stream, "poisson")
    optimiser.zero_grad()
    nn.functional.cross_entropy(unroll(network, spikes)[0].mean(0), data.train_labels).backward()
    optimiser.step()

# %% [markdown]
# Every condition below is measured on three chips; what conditions have in common is worked out once. The record is ngspice's
# word on arrays of these cells and wires, from 16x16 to 128x128.

# %%
device = xb.load_device("bhattacharjee2022")
crossbar = xb.load_crossbar(device.name, rows=64, cols=64)
hardware = Hardware(crossbar, device, find_record(crossbar, device).record)
subject = Subject("three layers", "surrogate", network.eval(), steps)

raw = [Condition(tile=tile, gain="none") for tile in (16, 32, 64)]
ladder = {
    "raw currents": raw[-1],
    "one gain a layer": Condition(tile=64, gain="layer"),
    "gain per column": Condition(tile=64, gain="column"),
    "gain per bit line": Condition(tile=64, gain="bitline"),
    "thresholds matched, no gain": Condition(tile=64, gain="none", thresholds="matched"),
    "outputs corrected, no gain": Condition(tile=64, gain="none", corrected=256),
    "outputs corrected, per bit line": Condition(tile=64, gain="bitline", corrected=256),
    "compensated, one gain": Condition(tile=64, gain="layer", compensated=True),
    "compensated, gain per column": Condition(tile=64, gain="column", compensated=True),
    "the same without variation": Condition(
        tile=64, gain="column", compensated=True, variation=False
    ),
}
software = measure_software(subject, data)
found = {}
for condition, _, measured in measure_chips(
    subject, [*raw, *ladder.values()], hardware, data, chips=3
):
    found.setdefault(condition, []).append(measured)


def over_time(condition):
    return 100 * np.array([m.accuracy for m in found[condition]])


# %% [markdown]
# ## The collapse
#
# Raw currents: the larger the tile, the less arrives.

# %%
time = np.arange(1, steps + 1)
with figure_style() as figure_class:
    figure = figure_class(figsize=(6.4, 3))
    axes = figure.subplots()
    axes.plot(time, 100 * np.array(software.accuracy), color=GREY, linewidth=2.5, label="software")
    for k, condition in enumerate(raw):
        axes.plot(
            time,
            over_time(condition).mean(axis=0),
            color=CYCLE[k],
            marker=MARKERS[k],
            markevery=4,
            label=condition.words,
        )
    axes.set(xlabel="time-step", ylabel="accuracy [%]", ylim=(0, 100))
    axes.legend(fontsize=8)
figure

# %% [markdown]
# ## Why: signals fade with depth
#
# Every layer passes on less than it should, its thresholds stay, and the next layer starts from less. With one gain a
# layer spikes arrive again.

# %%
with figure_style() as figure_class:
    figure = figure_class(figsize=(6.4, 3))
    axes = figure.subplots()
    axes.plot([1, 2, 3], software.rates, color=GREY, linewidth=2.5, label="software")
    for k, name in enumerate(("raw currents", "one gain a layer", "compensated, one gain")):
        rates = np.mean([m.rates for m in found[ladder[name]]], axis=0)
        axes.plot([1, 2, 3], rates, color=CYCLE[k], marker=MARKERS[k], label=f"64x64, {name}")
    axes.set(xlabel="layer of neurons", ylabel="spikes per neuron and step", xticks=[1, 2, 3])
    axes.set_ylim(0, None)
    axes.legend(fontsize=8)
figure

# %% [markdown]
# ## What a gain cannot give back
#
# One tile of the first layer: each dot is a weight, as wanted and as the array applies it. A gain turns the cloud onto the
# diagonal; its width is IR drop's pattern. One part of that adds up over rows, an offset that a column's weights share, because
# the fuller line of a pair loses more: a gain for each line takes it away. Compensation programs other conductances, so that
# the array applies the wanted weights exactly.

# %%
weight = network[1].weight.detach().double().numpy()
lines, kept = {}, {}
for compensated in (False, True):
    cells = write_layer(weight, crossbar, device, MappingSpec(compensated=compensated))
    g_eff = xb.effective_conductance(cells.conductance[:, 0, 0], crossbar)
    lines[compensated] = g_eff * cells.unit.item()
    kept[compensated] = cells.kept_gain
wanted = cells.target[0]
plus, minus = bit_line_gains(wanted[None], lines[False][:, None])[:, 0]
raw_weights = {compensated: each[0] - each[1] for compensated, each in lines.items()}
one = {c: (wanted * raw).sum() / (raw**2).sum() for c, raw in raw_weights.items()}
scaled = {
    f"one gain, {one[False]:.1f}": one[False] * raw_weights[False],
    "a gain for each bit line": plus * lines[False][0] - minus * lines[False][1],
    f"compensated, one gain, {one[True]:.1f}": one[True] * raw_weights[True],
}
with figure_style() as figure_class:
    figure = figure_class(figsize=(9.4, 3.4))
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    for axes, (name, weights) in zip(panels, scaled.items(), strict=True):
        limits = [wanted.min(), wanted.max()]
        axes.plot(limits, limits, color=GREY, linewidth=1)
        axes.scatter(wanted, weights, s=2, color=CYCLE[0])
        offset = np.abs((weights - wanted).mean(axis=0)).mean()
        axes.set(title=name, xlabel="wanted weight")
        axes.text(
            0.04, 0.9, f"offset of a column: {offset:.4f}", transform=axes.transAxes, fontsize=8
        )
    panels[0].set(ylabel="applied weight")
figure

# %%
print(f"compensated arrays keep {100 * kept[True]:.0f} % of the gain of those as mapped")

# %% [markdown]
# ## The cure, step by step
#
# One dot a chip. What compensation leaves is programming variation: without it the compensated network is the software network
# again. Against variation helps a scale and an offset of every output, fitted on 256 images without labels: inputs are never
# negative, so what variation adds up to along their mean is an offset that no gain sees. So do training through
# arrays and, where a network has batch norms, adapting them: `xbarsim cure net.safetensors --updates 200` tries everything and says what it costs.

# %%
with figure_style() as figure_class:
    figure = figure_class(figsize=(8.4, 3.6))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, limits in zip(panels, ((0, 102), (94, 99)), strict=True):
        axes.axvline(100 * software.accuracy[-1], color=GREY, linewidth=2.5, label="software")
        for place, condition in enumerate(ladder.values()):
            last = over_time(condition)[:, -1]
            axes.scatter(last, [place] * len(last), color=CYCLE[0], zorder=3)
        axes.set(xlabel="accuracy after the last time-step [%]", xlim=limits)
    panels[0].set(yticks=range(len(ladder)), yticklabels=list(ladder))
    panels[0].set_ylim(len(ladder) - 0.5, -0.5)
    panels[0].legend(fontsize=8, loc="lower left")
figure

# %%
for name, condition in ladder.items():
    last = over_time(condition)[:, -1]
    print(f"{name:30} {last.mean():5.1f} % ({last.min():.1f} to {last.max():.1f})")
