# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 2. Validate a new device
#
# The fast model is exact for the circuit that it assumes. Whether its program solves *your* circuit, with your
# resistances and conductances, is a question for ngspice. The answer is a record, and the record is a licence.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import xbarsim as xb
from xbarsim.report.figures import error_histogram
from xbarsim.validation import load_case

folder = Path(tempfile.mkdtemp())
(folder / "mydevice.toml").write_text("""
[device]
r_min = 8e3     # lowest programmable resistance [Ω]
r_max = 400e3   # highest [Ω]
sigma = 0.05    # relative spread of a programmed conductance

[crossbar]
r_driver = 300.0
r_wire_row = 2.5
r_wire_col = 4.0
r_sense = 150.0
""")
device = xb.load_device(folder / "mydevice.toml")
print(
    f"{device.name}: {device.g_min:.2e} to {device.g_max:.2e} S, ON/OFF {device.on_off_ratio:.0f}"
)

# %% [markdown]
# A case says which arrays, how many, and how exact. Random arrays of several statistics are drawn, run in ngspice under
# dense and sparse inputs, and compared.

# %%
(folder / "mycase.toml").write_text("""
device = "mydevice.toml"
sizes = [[16, 16], [32, 24]]
circuits = 5
vectors = 6
""")
record = xb.validate(load_case(folder / "mycase.toml"))
print(
    "passed" if record.passed else "did not pass",
    "on",
    record.n_outputs,
    "outputs of",
    record.n_circuits,
    "circuits",
)
for model in record.models:
    print(
        f"{model.name}: worst error {model.errors['max_error']:.1e} of full scale, allowed {model.tolerance:.0e}"
    )
print(record.reference)

# %%
error_histogram(record.models)

# %% [markdown]
# The record says where it speaks.

# %%
for name, interval in record.envelope:
    print(f"{name:12} {interval[0]:.4g} to {interval[1]:.4g}")

# %% [markdown]
# Inside, networks may be mapped. Outside, the model refuses, and names what is not covered.

# %%
from torch import nn

network = nn.Linear(40, 10, bias=False)
inside = xb.load_crossbar(folder / "mydevice.toml", rows=32, cols=24)
hardware = xb.to_crossbar(nn.Sequential(network), inside, device, record=record)
print("mapped, covered by", hardware.layer_summaries[0].validated)

try:
    outside = inside.replace(rows=64, r_wire_row=25.0)
    xb.to_crossbar(nn.Sequential(network), outside, device, record=record)
except xb.OutOfValidatedRangeError as error:
    print("refused:", error)

# %% [markdown]
# From the shell: `xbarsim validate mycase.toml -o record.json`, then `xbarsim report record.json`.
