# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 4. Spiking inference, and what accumulates
#
# A spiking network uses its crossbars again at every time-step. A chip's programming errors and IR drop are the same
# each time: what does that do over the steps? The network is built and trained with snnTorch.

# %%
# %matplotlib inline
import numpy as np
import snntorch as snn
import torch
from snntorch import utils
from torch import nn

import xbarsim as xb
from xbarsim.data import load_dataset
from xbarsim.inference import encode
from xbarsim.network import unroll
from xbarsim.report.networks import spike_raster
from xbarsim.report.style import BLUE, CYCLE, GREY, RED, figure_style

torch.manual_seed(0)
data = load_dataset("digits")
labels = data.test_labels.numpy()

# %%
spiking = {"beta": 0.9, "init_hidden": True}
theirs = nn.Sequential(
    nn.Flatten(), nn.Linear(64, 96, bias=False), snn.Leaky(**spiking),
    nn.Linear(96, 10, bias=False), snn.Leaky(**spiking),
)  # fmt: skip
optimiser = torch.optim.Adam(theirs.parameters(), 3e-3)
for _ in range(60):
    utils.reset(theirs)
    rates = sum(theirs(torch.bernoulli(data.train_images)) for _ in range(10)) / 3
    optimiser.zero_grad()
    nn.functional.cross_entropy(rates, data.train_labels).backward()
    optimiser.step()

# %% [markdown]
# `as_network` takes it over; `to_crossbar` and `simulate` would do that themselves. snnTorch subtracts the threshold one
# step later than xbarsim's own neuron; the general neuron that is used here does the same.

# %%
network = xb.as_network(theirs)
device = xb.load_device("bhattacharjee2022")
crossbar = xb.load_crossbar(device.name, rows=64, cols=64)
chips = [xb.to_crossbar(network, crossbar, device, chip=chip) for chip in range(3)]
network

# %% [markdown]
# One image, its spikes in the hidden layer, in software and on a chip.

# %%
steps = 30
image = encode(data.test_images[:1], steps, torch.Generator().manual_seed(1), "poisson")
with torch.no_grad():
    hidden = [unroll(net, image)[2][0][:, 0].numpy() for net in (network, chips[0])]
spike_raster(dict(zip(("software", "chip 0"), hidden, strict=True)))

# %% [markdown]
# Accuracy after every time-step.

# %%
traces = [xb.simulate(net, data.test_images, steps) for net in (network, *chips)]
with figure_style() as figure_class:
    figure = figure_class(figsize=(6, 3.2))
    axes = figure.subplots()
    for k, trace in enumerate(traces):
        style = (
            {"color": GREY, "linewidth": 2.5, "label": "software"}
            if k == 0
            else {"color": CYCLE[k], "label": f"chip {k - 1}"}
        )
        axes.plot(np.arange(1, steps + 1), 100 * trace.accuracy(labels), **style)
    axes.set(xlabel="time-step", ylabel="accuracy [%]")
    axes.legend()
figure

# %% [markdown]
# What accumulates? The spike counts of the output layer differ from software by a part that is the same in every step (the
# chip) and a part that averages out (the spikes' own noise, seen by running software twice with other input spikes).

# %%
again = xb.simulate(network, data.test_images, steps, seed=1)
number = np.arange(1, steps + 1)


def distance(trace):
    """Rms difference of the summed outputs from software's, [time]."""
    difference = (trace.logits - traces[0].logits) * number[:, None, None]
    return np.sqrt((difference**2).mean(axis=(1, 2)))


with figure_style() as figure_class:
    figure = figure_class(figsize=(6, 3.4))
    axes = figure.subplots()
    chip, noise = distance(traces[1]), distance(again)
    axes.loglog(number, chip, "o-", color=RED, markersize=3, label="chip 0, same input spikes")
    axes.loglog(number, noise, "s-", color=BLUE, markersize=3, label="software, other input spikes")
    axes.loglog(number, chip[9] * number / 10, ":", color=GREY, label="∝ t and ∝ √t")
    axes.loglog(number, noise[9] * np.sqrt(number / 10), ":", color=GREY)
    axes.set(xlabel="time-step t", ylabel="rms difference of spike counts")
    axes.legend()
figure

# %%
slope = [np.polyfit(np.log(number[4:]), np.log(d[4:]), 1)[0] for d in (chip, noise)]
print(
    f"grows as t^{slope[0]:.2f} on the chip, as t^{slope[1]:.2f} between two draws of input spikes"
)
