# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 1. One array and its IR drop
#
# A crossbar of memristive cells multiplies a vector of voltages by a matrix of conductances. How much of
# the result do its wires take away, where, and which resistance is to blame?

# %%
# %matplotlib inline
import numpy as np

import xbarsim as xb
from xbarsim.reference import solve_nodal
from xbarsim.report.drawing import crossbar_drawing
from xbarsim.report.figures import ir_drop_map
from xbarsim.report.style import BLUE, CYCLE, RED, figure_style

device = xb.load_device("bhattacharjee2022")
print(f"cells {1 / device.g_max:.0f} to {1 / device.g_min:.0f} Ω, read at {device.v_read} V")

# %% [markdown]
# One 64x64 array with random cells, all word lines driven. `effective_conductance` returns the one matrix that
# the array really applies.

# %%
size = 64
crossbar = xb.load_crossbar("bhattacharjee2022", rows=size, cols=size)
draw = np.random.default_rng(0)
conductance = draw.uniform(device.g_min, device.g_max, (size, size))
v_row = np.full((1, size), device.v_read)
i_ideal = v_row @ conductance
i_col = v_row @ xb.effective_conductance(conductance, crossbar)
print(f"of the ideal current, {100 * i_col.sum() / i_ideal.sum():.1f} % arrives")

# %% [markdown]
# Is that right? ngspice solves the whole circuit, one resistor for every driver, wire segment, cell and sense
# amplifier.

# %%
reference = xb.spice_currents(conductance, v_row, crossbar)
error = np.abs(i_col - reference.i_col).max() / reference.i_col.max()
print(f"{reference.provenance.solver}: differs by {error:.1e} of full scale")

# %% [markdown]
# Where is the voltage lost? The drivers are at the left, the sense amplifiers at the bottom.

# %%
solution = solve_nodal(conductance, v_row, crossbar)
across = (solution.v_word - solution.v_bit)[0]
ir_drop_map(1 - across / device.v_read, "64x64, all word lines driven")

# %% [markdown]
# The same in a small array, wire by wire and cell by cell: voltage is lost along the word lines, and a bit line carries
# more current the further down one looks. As SVG or PDF the drawing is made of vectors.

# %%
small = crossbar.replace(rows=8, cols=6, r_wire_row=100.0, r_wire_col=200.0)
v_small = device.v_read * (draw.random(8) < 0.7)
state = solve_nodal(conductance[:8, :6], v_small[None], small)
crossbar_drawing(v_small, state.v_word[0], state.v_bit[0], state.i_cell[0], small)

# %%
crossbar_drawing(v_small, state.v_word[0], state.v_bit[0], state.i_cell[0], small, colour="current")

# %% [markdown]
# Which resistance is to blame? Take them away one at a time.

# %%
shares = {"as it is": i_col.sum() / i_ideal.sum()}
for name in ("r_driver", "r_wire_row", "r_wire_col", "r_sense"):
    without = xb.effective_conductance(conductance, crossbar.replace(**{name: 0.0}))
    shares[f"{name} = 0"] = (v_row @ without).sum() / i_ideal.sum()

with figure_style() as figure_class:
    figure = figure_class(figsize=(6, 2.6))
    axes = figure.subplots()
    axes.barh(list(shares), [100 * share for share in shares.values()], color=[RED] + 4 * [BLUE])
    axes.set(xlabel="current that arrives [% of ideal]", xlim=(0, 100))
    axes.invert_yaxis()
figure

# %% [markdown]
# And with the size of the array, for arrays of high and of low conductances (as in trained networks, where most
# weights are small)?

# %%
sizes = (8, 16, 32, 64, 128)
ranges = {"all conductances": 1.0, "low conductances": 0.2}
with figure_style() as figure_class:
    figure = figure_class(figsize=(6, 3.2))
    axes = figure.subplots()
    for (label, part), color in zip(ranges.items(), CYCLE, strict=False):
        arrived = []
        for n in sizes:
            high = device.g_min + part * (device.g_max - device.g_min)
            g = draw.uniform(device.g_min, high, (n, n))
            g_eff = xb.effective_conductance(g, xb.load_crossbar(device.name, rows=n, cols=n))
            arrived.append(100 * g_eff.sum() / g.sum())
        axes.plot(sizes, arrived, "o-", color=color, label=label)
    axes.set(xscale="log", xticks=sizes, xticklabels=sizes, ylim=(0, 100))
    axes.set(xlabel="rows and columns", ylabel="current that arrives [% of ideal]")
    axes.minorticks_off()
    axes.legend()
figure
