# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 3. Map a network
#
# A small network is trained on scikit-learn's digits, then put on crossbars of several sizes.

# %%
# %matplotlib inline
import numpy as np
import torch
from torch import nn

import xbarsim as xb
from xbarsim.data import load_dataset
from xbarsim.hardware import layer_summaries
from xbarsim.inference import classify
from xbarsim.mapping import chip_generator, programmed_conductance
from xbarsim.report.networks import conductance_histogram
from xbarsim.report.style import CYCLE, GREY, figure_style

torch.manual_seed(0)
data = load_dataset("digits")
labels = data.test_labels.numpy()

# %%
network = nn.Sequential(
    nn.Flatten(), nn.Linear(64, 96, bias=False), nn.ReLU(), nn.Linear(96, 10, bias=False)
)
optimiser = torch.optim.Adam(network.parameters(), 5e-3)
for _ in range(150):
    optimiser.zero_grad()
    nn.functional.cross_entropy(network(data.train_images), data.train_labels).backward()
    optimiser.step()
software = (classify(network, data.test_images) == labels).mean()
print(f"software: {100 * software:.1f} %")

# %% [markdown]
# `to_crossbar` cuts each weight matrix into tiles, writes them as pairs of conductances with the chip's own
# programming errors, and returns a network with the weights that the arrays apply.

# %%
device = xb.load_device("bhattacharjee2022")


def on_crossbars(tile, chip=0, gain="column"):
    crossbar = xb.load_crossbar(device.name, rows=tile, cols=tile)
    return xb.to_crossbar(network, crossbar, device, chip=chip, gain=gain)


for summary in layer_summaries(on_crossbars(32)):
    print(summary)

# %% [markdown]
# Most weights of a trained network are small, and a pair holds a weight in one of its cells: most cells sit at the low end
# of the device's range. What leaves the range is the chip's programming variation.

# %%
crossbar = xb.load_crossbar(device.name, rows=64, cols=64)
matrices = {f"layer {k}": network[k].weight.detach().double().numpy() for k in (1, 3)}
cells = {
    name: programmed_conductance(weight, crossbar, device, chip_generator(0, 0, k))[0]
    for k, (name, weight) in enumerate(matrices.items())
}
conductance_histogram(cells, device)

# %% [markdown]
# What became of the weights? Each point is one weight of the first layer. With a column gain they scatter about the
# diagonal; the scatter is what no gain can take back.

# %%
with figure_style() as figure_class:
    figure = figure_class(figsize=(7.5, 2.8))
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    for axes, tile in zip(panels, (16, 32, 64), strict=True):
        meant, have = network[1].weight, on_crossbars(tile)[1].weight
        axes.plot(meant.detach().flatten(), have.detach().flatten(), ".", markersize=2)
        axes.axline((0, 0), slope=1, color=GREY, linewidth=1)
        axes.set(title=f"{tile}x{tile} tiles", xlabel="weight")
    panels[0].set(ylabel="weight on crossbars")
figure

# %% [markdown]
# Accuracy by size of the tiles and by read-out gain, three chips each.

# %%
accuracy = {
    (tile, gain): [
        100 * (classify(on_crossbars(tile, chip, gain), data.test_images) == labels).mean()
        for chip in range(3)
    ]
    for tile in (16, 32, 64)
    for gain in ("none", "column")
}
for (tile, gain), values in accuracy.items():
    print(
        f"{tile}x{tile}, gain {gain:6}: {np.mean(values):.1f} % ({min(values):.1f} to {max(values):.1f})"
    )

# %%
with figure_style() as figure_class:
    figure = figure_class(figsize=(6, 3))
    axes = figure.subplots()
    for k, gain in enumerate(("none", "column")):
        for tile in (16, 32, 64):
            values = accuracy[tile, gain]
            axes.plot(
                [f"{tile}x{tile}"] * 3,
                values,
                "o",
                color=CYCLE[k],
                label=f"gain {gain}" * (tile == 16),
            )
    axes.axhline(100 * software, color=GREY, label="software")
    axes.set(ylabel="accuracy [%]", xlabel="tiles")
    axes.legend()
figure

# %% [markdown]
# The summaries name the validation record that licenses these arrays: it ships with xbarsim, and holds ngspice's word on
# arrays of this device. Without one, `to_crossbar` refuses and says the command that makes it; notebook 2 makes one.
