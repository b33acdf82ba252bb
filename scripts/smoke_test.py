"""What a fresh installation must do, without anything of the checkout: run by check_package.sh."""

import json
import subprocess
import sys
from importlib import resources

import numpy as np
import torch
from torch import nn

import xbarsim as xb

crossbar = xb.load_crossbar("bhattacharjee2022", rows=6, cols=4)
device = xb.load_device("bhattacharjee2022")
draw = np.random.default_rng(0)
conductance = draw.uniform(device.g_min, device.g_max, (6, 4))
v_row = np.full((1, 6), device.v_read)
exact = v_row @ xb.effective_conductance(conductance, crossbar)
if not (0 < exact.max() < (v_row @ conductance).max()):
    sys.exit("wires did not lower the current")
found = xb.spice_currents(conductance, v_row, crossbar)
if abs(found.i_col - exact).max() > 1e-9 * exact.max():
    sys.exit("ngspice and the fast model differ")
network = nn.Sequential(nn.Linear(6, 3, bias=False))
hardware = xb.to_crossbar(network, crossbar, device, allow_unvalidated=True)
if hardware(torch.ones(2, 6)).shape != (2, 3):
    sys.exit("a network did not run on crossbars")
trace = xb.simulate(hardware, torch.rand(4, 6), steps=3)
report = xb.write_simulation_report(
    "report.html", hardware, trace, torch.zeros(4, dtype=torch.long)
)
if "Unvalidated:" not in report.read_text():
    sys.exit("a simulation left no report")
if not (resources.files("xbarsim") / "py.typed").is_file():
    sys.exit("py.typed is not in the wheel")
for command in (["doctor", "--json"], ["devices", "--json"], ["schema"]):
    done = subprocess.run(
        [sys.executable, "-m", "xbarsim", *command], capture_output=True, text=True, check=True
    )
    json.loads(done.stdout)
print(
    f"xbarsim {xb.__version__} on Python {sys.version.split()[0]}: works; {found.provenance.solver}"
)
