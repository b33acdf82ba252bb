"""This module is the demo's picture of one tile: how much voltage its cells lose to the wires."""

import numpy as np
from torch import nn

from xbarsim.mapping import chip_generator, programmed_conductance
from xbarsim.parameters import DeviceParams, load_crossbar
from xbarsim.reference import solve_nodal
from xbarsim.report.figures import ir_drop_map
from xbarsim.report.html import Picture
from xbarsim.report.pictures import grid_table


def ir_drop_picture(network: nn.Module, device: DeviceParams) -> Picture:
    """Return the IR-drop map of a full 64x64 tile of the network, all word lines driven."""
    weights = [p for p in network.parameters() if p.dim() > 1]
    largest = max(weights, key=lambda w: w[0].numel()).detach().double().numpy(force=True)
    crossbar = load_crossbar(device.name, rows=64, cols=64)
    g, _ = programmed_conductance(largest, crossbar, device, chip_generator(0, 0, 0))
    solution = solve_nodal(g[0, 0], np.full((1, 64), device.v_read), crossbar)
    across = (solution.v_word - solution.v_bit)[0]
    title = f"{device.name}, 64x64, all word lines at V_read"
    caption = (
        f"A tile of the ANN. Between {100 * (1 - across.max() / device.v_read):.0f} % and "
        f"{100 * (1 - across.min() / device.v_read):.0f} % of the read voltage never reach the cell."
    )
    figure = ir_drop_map(1 - across / device.v_read, title)
    return Picture(
        "IR drop inside one tile", caption, figure, grid_table(1 - across / device.v_read)
    )
