"""This module is the figures of networks: conductances that were programmed, spikes one by one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from xbarsim.errors import ParameterError
from xbarsim.parameters import DeviceParams
from xbarsim.report.style import BLUE, CYCLE, GREY, figure_style

_MOST_SPIKES = 20000


def conductance_histogram(
    conductance: Mapping[str, ArrayLike], device: DeviceParams, bins: int = 60
) -> Any:  # noqa: ANN401
    """Draw how often each conductance occurs, one panel for each name, with the device's range.

    Args:
        conductance: Conductances of any shape by name, say by layer. [S]
        device: Its range is drawn as dashed lines.
        bins: Number of bars of each panel.

    Raises:
        ParameterError: If there is nothing to draw.
    """
    if not conductance or any(np.size(g) == 0 for g in conductance.values()):
        shapes = {name: np.shape(g) for name, g in conductance.items()}
        msg = f"conductances have the shapes {shapes}; each name needs some"
        raise ParameterError(msg)
    flat = {name: 1e6 * np.ravel(g) for name, g in conductance.items()}
    top = max(1e6 * device.g_max, *(g.max() for g in flat.values()))
    edges = np.linspace(min(0.0, *(g.min() for g in flat.values())), top, bins + 1)
    with figure_style() as figure_class:
        figure = figure_class(figsize=(5.6, 0.9 + 1.4 * len(flat)))
        panels = figure.subplots(len(flat), 1, sharex=True, squeeze=False)[:, 0]
        for k, (axes, (name, g)) in enumerate(zip(panels, flat.items(), strict=True)):
            share = 100 * np.histogram(g, edges)[0] / len(g)
            axes.stairs(share, edges, fill=True, color=CYCLE[k % len(CYCLE)], alpha=0.8)
            for limit in (device.g_min, device.g_max):
                axes.axvline(1e6 * limit, color=GREY, linestyle="--", linewidth=1)
            axes.set_ylabel("cells [%]")
            axes.set_title(f"{name}: {len(g)} cells", fontsize=9, loc="left").set_parse_math(False)
        panels[-1].set_xlabel("conductance [µS]; dashed: the device's range")
    return figure


def spike_raster(spikes: Mapping[str, ArrayLike]) -> Any:  # noqa: ANN401
    """Draw every spike of one image as a mark, neuron against time-step, one panel for each name.

    Args:
        spikes: Spikes (0 or 1) by name, [time, ...]; further axes are neurons.

    Raises:
        ParameterError: If there is nothing to draw, names have unequal time-steps, or there are too
            many spikes to tell marks apart.
    """
    arrays = {name: np.asarray(s).reshape(len(np.asarray(s)), -1) for name, s in spikes.items()}
    steps = {len(a) for a in arrays.values()}
    total = sum(int((a != 0).sum()) for a in arrays.values())
    if len(steps) != 1 or total > _MOST_SPIKES:
        shapes = {name: a.shape for name, a in arrays.items()}
        msg = (
            f"spikes have the shapes {shapes}, {total} in all; a raster draws one image, every name "
            f"over the same time-steps, at most {_MOST_SPIKES} spikes"
        )
        raise ParameterError(msg)
    with figure_style() as figure_class:
        figure = figure_class(figsize=(7.4, 3.2))
        panels = figure.subplots(1, len(arrays), sharex=True, squeeze=False)[0]
        for axes, (name, a) in zip(panels, arrays.items(), strict=True):
            time, neuron = np.nonzero(a)
            height = max(1.5, min(6.0, 220 / a.shape[1]))
            axes.plot(time + 1, neuron, "|", color=BLUE, markersize=height, markeredgewidth=1.2)
            axes.set(xlim=(0.5, len(a) + 0.5), ylim=(a.shape[1] - 0.5, -0.5), xlabel="time-step t")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(visible=False)
            axes.set_title(f"{name}: {len(time)} spikes", fontsize=9).set_parse_math(False)
        panels[0].set_ylabel("neuron")
    return figure
