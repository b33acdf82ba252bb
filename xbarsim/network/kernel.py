"""This module is the compiled loop of a layer of neurons over time, forth and back, on CPUs.

One pass over memory does what takes a dozen with one torch operation after the other. Neurons go in
blocks whose membranes stay in the first-level cache while time runs. No step is contracted or
reordered, so that spikes are those of the plain formulas, bit for bit.
"""

from typing import no_type_check

import numba

_JIT = {"nogil": True, "cache": True}
_BLOCK = 4096


@numba.njit(**_JIT)
@no_type_check
def neurons_forward(drive, membrane, leak, threshold, subtract, keep, spikes, before):
    """Write spikes [time, neuron] and update ``membrane`` [neuron] over all steps of ``drive``.

    With ``keep`` the membranes before the resets go into ``before`` [time, neuron].
    """
    steps, count = drive.shape
    zero, one = drive.dtype.type(0), drive.dtype.type(1)
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        for t in range(steps):
            for i in range(start, stop):
                u = membrane[i] * leak + drive[t, i]
                if keep:
                    before[t, i] = u
                fired = u > threshold
                spikes[t, i] = one if fired else zero
                rest = u - threshold if subtract else zero
                membrane[i] = rest if fired else u


@numba.njit(**_JIT)
@no_type_check
def neurons_backward(
    before, grad_spikes, later, leak, threshold, subtract, detached, triangle, grad_drive
):
    """Write ``grad_drive`` [time, neuron]; ``later`` [neuron] is the gradient of the membrane.

    It comes in as that of the last membrane and goes out as that of the first.
    """
    steps, count = before.shape
    zero, one, half = before.dtype.type(0), before.dtype.type(1), before.dtype.type(0.5)
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        for t in range(steps - 1, -1, -1):
            for i in range(start, stop):
                u = before[t, i]
                grad = grad_spikes[t, i]
                if not detached:
                    grad -= later[i] * (threshold if subtract else u)
                distance = abs(u / threshold - one)
                inside = one if distance < half else zero
                slope = max(zero, one - distance) if triangle else inside
                through = zero if u > threshold and not subtract else later[i]
                grad = slope * grad + through
                grad_drive[t, i] = grad
                later[i] = grad * leak
