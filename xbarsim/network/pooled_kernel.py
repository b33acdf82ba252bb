"""This module is the compiled loop over time of neurons whose spikes are counted and averaged at once.

A neuron's drive is read once and what the next layer sees is written once; nothing lies in between.
"""

from typing import no_type_check

import numba
import numpy as np

from xbarsim.network.neuron_vector import LANES, step_neurons

_JIT = {"nogil": True, "cache": True, "error_model": "numpy"}


@numba.njit(**_JIT)
@no_type_check
def neurons_pooled(drive, membrane, leak, threshold, subtract, side, out, counts, first, last):
    """Write what ``side`` x ``side`` average pools make of the spikes, and count spikes.

    ``drive`` is [time, image, y, x * channel], ``membrane`` [image, y, x * channel] goes from the
    first potential to the last one, ``out`` is [time, image, y // side, x // side, channel] and
    ``counts`` [image, time]. Images from ``first`` to before ``last`` are run.
    """
    channels = out.shape[4]
    spikes = np.empty(drive.shape[3], drive.dtype)
    area = drive.dtype.type(side * side)
    for n in range(first, last):
        for t in range(len(drive)):
            fired = 0
            out[t, n] = 0
            for i in range(drive.shape[2]):
                fired += _step(drive[t, n, i], membrane[n, i], leak, threshold, subtract, spikes)
                if i // side < out.shape[2]:
                    _gather(spikes, side, channels, out[t, n, i // side])
            _divide(out[t, n].reshape(-1), area)
            counts[n, t] = fired


@numba.njit(**_JIT)
@no_type_check
def neurons_counted(drive, membrane, leak, threshold, subtract, out, counts, first, last):
    """Do the same without pooling: ``out`` [time, image, neuron], ``drive`` alike."""
    for n in range(first, last):
        for t in range(len(drive)):
            x, fired = drive[t, n], out[t, n]
            counts[n, t] = _step(x, membrane[n], leak, threshold, subtract, fired)


@numba.njit(**_JIT)
@no_type_check
def _step(x, v, leak, threshold, subtract, fired):
    zero, one = v.dtype.type(0), v.dtype.type(1)
    whole = len(v) - len(v) % LANES
    count = 0
    for i in range(0, whole, LANES):
        count += step_neurons(x, v, fired, i, leak, threshold, subtract)
    for i in range(whole, len(v)):
        u = v[i] * leak + x[i]
        fired[i] = one if u > threshold else zero
        v[i] = u - (threshold if subtract else u) * fired[i]
        count += 1 if u > threshold else 0
    return count


@numba.njit(**_JIT)
@no_type_check
def _gather(spikes, side, channels, into):
    for j in range(into.shape[0]):
        for k in range(side):
            start = (j * side + k) * channels
            _add(spikes[start : start + channels], into[j])


@numba.njit(**_JIT)
@no_type_check
def _add(x, into):
    for c in range(len(x)):
        into[c] = into[c] + x[c]


@numba.njit(**_JIT)
@no_type_check
def _divide(x, area):
    for k in range(len(x)):
        x[k] = x[k] / area
