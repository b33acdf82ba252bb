# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 5. Cure it
#
# Three things may help a network on crossbars that lose most of their current: smaller tiles, a gain when currents are read,
# and programming conductances that make up for IR drop. Which does, and by how much?

# %%
# %matplotlib inline
from itertools import pairwise

import numpy as np
import torch
from torch import nn

import xbarsim as xb
from xbarsim.data import load_dataset
from xbarsim.inference import encode
from xbarsim.mapping import MappingSpec
from xbarsim.network import LIF, NeuronParams, unroll
from xbarsim.report.style import CYCLE, GREY, MARKERS, figure_style

torch.manual_seed(0)
data = load_dataset("digits")
labels = data.test_labels.numpy()
steps = 20

# %% [markdown]
# A spiking network with fixed thresholds and three layers of neurons: currents that are too small in each layer add up to
# silence.

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
software = xb.simulate(network, data.test_images, steps)
print(f"software: {100 * software.accuracy(labels)[-1]:.1f} %")

# %%
device = xb.load_device("bhattacharjee2022")
cures = {
    "nothing": MappingSpec(gain="none"),
    "one gain": MappingSpec(gain="layer"),
    "gain per column": MappingSpec(gain="column"),
    "compensated": MappingSpec(gain="column", compensated=True),
}


def accuracy(tile, mapping, device=device):
    crossbar = xb.load_crossbar(device.name, rows=tile, cols=tile)
    traces = []
    for chip in range(3):
        hardware = xb.to_crossbar(network, crossbar, device, mapping=mapping, chip=chip)
        traces.append(xb.simulate(hardware, data.test_images, steps).accuracy(labels))
    return 100 * np.array(traces)


found = {
    (tile, cure): accuracy(tile, spec) for tile in (16, 32, 64) for cure, spec in cures.items()
}
for (tile, cure), values in found.items():
    last = values[:, -1]
    print(f"{tile}x{tile}, {cure:16} {last.mean():5.1f} % ({last.min():.1f} to {last.max():.1f})")

# %%
with figure_style() as figure_class:
    figure = figure_class(figsize=(8, 3))
    panels = figure.subplots(1, 3, sharey=True)
    for axes, tile in zip(panels, (16, 32, 64), strict=True):
        axes.plot(
            np.arange(1, steps + 1),
            100 * software.accuracy(labels),
            color=GREY,
            linewidth=2.5,
            label="software",
        )
        for k, cure in enumerate(cures):
            values = found[tile, cure].mean(axis=0)
            axes.plot(
                np.arange(1, steps + 1),
                values,
                color=CYCLE[k],
                marker=MARKERS[k],
                markevery=4,
                label=cure,
            )
        axes.set(title=f"{tile}x{tile} tiles", xlabel="time-step")
    panels[0].set(ylabel="accuracy [%]", ylim=(0, 100))
    panels[0].legend(fontsize=8)
figure

# %% [markdown]
# What is left after compensation is programming variation: without it, the compensated network should be the software
# network again.

# %%
perfect = device.replace(sigma=0.0)
for cure in ("gain per column", "compensated"):
    last = accuracy(64, cures[cure], perfect)[:, -1]
    print(f"64x64 without variation, {cure}: {last[0]:.1f} %")
