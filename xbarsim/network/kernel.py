"""This module is the compiled loop of a layer of neurons over time, forth and back, on CPUs.

One pass over memory does what takes a dozen with one torch operation after the other. Neurons go in
blocks whose membranes stay in the first-level cache while time runs. No step is contracted or
reordered, so that spikes are those of the plain formulas, bit for bit.

Each inner loop runs along contiguous rows and selects instead of branching: only then do compilers
use wide registers, and spikes, which no processor can predict, cost nothing.
"""

from typing import no_type_check

import numba
import numpy as np

_JIT = {"nogil": True, "cache": True}
_BLOCK = 4096


@numba.njit(**_JIT)
@no_type_check
def neurons_forward(drive, membrane, leak, threshold, subtract, keep, spikes, before, first, last):
    """Write spikes [time, neuron] and update ``membrane`` [neuron] over all steps of ``drive``.

    With ``keep`` the membranes before the resets go into ``before`` [time, neuron]. Neurons from
    ``first`` to before ``last`` are run. All arrays are C-contiguous.
    """
    scratch = np.empty(_BLOCK, drive.dtype)
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        v = membrane[start:stop]
        for t in range(len(drive)):
            u = before[t, start:stop] if keep else scratch[: stop - start]
            _integrate(drive[t, start:stop], v, leak, u)
            _fire(u, threshold, subtract, spikes[t, start:stop], v)


@numba.njit(**_JIT)
@no_type_check
def _integrate(x, v, leak, u):
    for i in range(len(x)):
        u[i] = v[i] * leak + x[i]


@numba.njit(**_JIT)
@no_type_check
def _fire(u, threshold, subtract, fired, v):
    zero, one = u.dtype.type(0), u.dtype.type(1)
    if subtract:
        for i in range(len(u)):
            s = one if u[i] > threshold else zero
            fired[i] = s
            v[i] = u[i] - threshold * s
    else:
        for i in range(len(u)):
            s = one if u[i] > threshold else zero
            fired[i] = s
            v[i] = u[i] - u[i] * s


@numba.njit(**_JIT)
@no_type_check
def neurons_backward(
    before, grad_spikes, later, leak, threshold, subtract, detached, triangle, grad_drive,
    first, last,
):  # fmt: skip
    """Write ``grad_drive`` [time, neuron]; ``later`` [neuron] is the gradient of the membrane.

    It comes in as that of the last membrane and goes out as that of the first.
    """
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        rest = later[start:stop]
        for t in range(len(before) - 1, -1, -1):
            u, out = before[t, start:stop], grad_drive[t, start:stop]
            _through_spikes(u, threshold, triangle, out)
            if detached:
                _scale(grad_spikes[t, start:stop], out)
            else:
                _scale_with_reset(grad_spikes[t, start:stop], rest, u, threshold, subtract, out)
            _through_membrane(u, threshold, subtract, leak, rest, out)


@numba.njit(**_JIT)
@no_type_check
def _through_spikes(u, threshold, triangle, out):
    zero, one, half = u.dtype.type(0), u.dtype.type(1), u.dtype.type(0.5)
    if triangle:
        for i in range(len(u)):
            slope = one - abs(u[i] / threshold - one)
            out[i] = slope if slope > zero else zero  # noqa: FURB136 (max is slower: NaN)
    else:
        for i in range(len(u)):
            out[i] = one if abs(u[i] / threshold - one) < half else zero


@numba.njit(**_JIT)
@no_type_check
def _scale(grad, out):
    for i in range(len(out)):
        out[i] = out[i] * grad[i]


@numba.njit(**_JIT)
@no_type_check
def _scale_with_reset(grad, rest, u, threshold, subtract, out):
    if subtract:
        for i in range(len(out)):
            out[i] = out[i] * (grad[i] - rest[i] * threshold)
    else:
        for i in range(len(out)):
            out[i] = out[i] * (grad[i] - rest[i] * u[i])


@numba.njit(**_JIT)
@no_type_check
def _through_membrane(u, threshold, subtract, leak, rest, out):
    zero = u.dtype.type(0)
    if subtract:
        for i in range(len(out)):
            out[i] = out[i] + rest[i]
            rest[i] = out[i] * leak
    else:
        for i in range(len(out)):
            out[i] = out[i] + (zero if u[i] > threshold else rest[i])
            rest[i] = out[i] * leak
