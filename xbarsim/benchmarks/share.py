"""This module is the profile: which share of a task's time is spent in convolutions and products."""

import time
from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile

from xbarsim.network.event_rows import EVENTS

_PRIMITIVES = {
    *("aten::mkldnn_convolution", "aten::convolution_backward", "aten::_slow_conv2d_forward"),
    *("aten::mm", "aten::addmm", "aten::bmm", "aten::cudnn_convolution"),
    EVENTS,
}


def share_in_primitives(task: Callable[[], object]) -> float:
    """Return the time inside convolutions and matrix products over the task's whole time.

    They are torch's and those driven by events, with their search for events. Of these operations
    only what they spend themselves counts, not what they call.
    """
    with profile(activities=[ProfilerActivity.CPU]) as found:
        began = time.perf_counter()
        task()
        seconds = time.perf_counter() - began
    inside = sum(e.self_cpu_time_total for e in found.key_averages() if e.key in _PRIMITIVES)
    return float(inside) * 1e-6 / seconds
