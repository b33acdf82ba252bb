# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 6. Co-simulation
#
# A fast model assumes linear cells and grounded silent rows. What does that assumption cost on the spikes of a real network?
# Put ngspice inside the network: it simulates each tile, at each time-step, with the cells and rows that you say.

# %%
# %matplotlib inline
import torch
from torch import nn

import xbarsim as xb
from xbarsim.cosim import CosimParams, cosimulate
from xbarsim.data import load_dataset
from xbarsim.inference import encode
from xbarsim.network import LIF, NeuronParams, unroll
from xbarsim.parameters import SinhCell, TopologyParams
from xbarsim.report.style import BLUE, figure_style

torch.manual_seed(0)
data = load_dataset("digits")

# %%
network = nn.Sequential(
    nn.Flatten(),
    nn.Linear(64, 24, bias=False),
    LIF(NeuronParams(leak=0.9)),
    nn.Linear(24, 10, bias=False),
)
optimiser = torch.optim.Adam(network.parameters(), 5e-3)
stream = torch.Generator().manual_seed(0)
for _ in range(80):
    spikes = encode(data.train_images, 8, stream, "poisson")
    optimiser.zero_grad()
    nn.functional.cross_entropy(unroll(network, spikes)[0].mean(0), data.train_labels).backward()
    optimiser.step()

# %% [markdown]
# First the circuit that the fast model assumes: ngspice and the model must agree.

# %%
device = xb.load_device("bhattacharjee2022")
crossbar = xb.load_crossbar(device.name, rows=16, cols=16)
images = data.test_images[:4]


def with_ngspice(**circuit):
    return cosimulate(
        network,
        images,
        6,
        crossbar,
        device,
        CosimParams(mode="inject"),
        **circuit,
    )


same = with_ngspice()
print(same.solver)
for layer in same.layers:
    print(layer.summary())

# %% [markdown]
# Then circuits that break the assumptions: cells that turn exponential at read voltages, and rows that are cut off at their
# driver while they are silent.

# %%
circuits = {
    "as assumed": {},
    "sinh cells, V0 = 0.1 V": {"cell": SinhCell(v0=0.1)},
    "floating silent rows": {"topology": TopologyParams(silent="floating")},
}
found = {
    name: same if not circuit else with_ngspice(**circuit) for name, circuit in circuits.items()
}
for name, result in found.items():
    worst = max(layer.summary()["max_error"] for layer in result.layers)
    print(
        f"{name}: worst error {worst:.1e} of full scale, {result.decisions_changed} of {len(images)} decisions changed"
    )

# %%
with figure_style() as figure_class:
    figure = figure_class(figsize=(6, 2.2))
    axes = figure.subplots()
    worst = [max(layer.summary()["max_error"] for layer in r.layers) for r in found.values()]
    axes.barh(list(found), worst, color=BLUE)
    axes.set(xscale="log", xlabel="worst error of the fast model [of full scale]")
    axes.invert_yaxis()
figure

# %% [markdown]
# From the shell: `xbarsim cosim network.safetensors --inject --device mydevice.toml`.
