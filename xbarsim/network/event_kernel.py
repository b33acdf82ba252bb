"""This module is the compiled convolution of spikes: only inputs that are not zero cost anything."""

from typing import no_type_check

import numba
import numpy as np

from xbarsim.network.event_vector import LANES, add_rows, lowest_of, marks_of

_JIT = {"nogil": True, "cache": True, "error_model": "numpy"}


@numba.njit(**_JIT)
@no_type_check
def convolve_events(
    x, weight, bias, kernel, stride, padding, most, out, many, first, last
):  # fmt: skip
    """Write out[n] = convolution of x[n] for first <= n < last, where x[n] has few events.

    ``x`` is [image, y, x, channel], ``weight`` [block of outputs, kernel y * kernel x * channel,
    output], ``out`` [image, y, x, output]. Sums start at ``bias`` [output] and run over kernel rows,
    then columns, then channels. Images with more than ``most`` events are left alone and marked in
    ``many`` [image].
    """
    height, width, channels = x.shape[1:]
    starts = np.empty((height, width + 1), np.int64)
    room = most + width * channels + 1
    entries, values = np.empty((1, room), np.int32), np.empty((1, room), x.dtype)
    for n in range(first, last):
        many[n] = not _list_events(x[n], most, starts, entries, values)
        if not many[n]:
            _fill(out[n], bias)
            _add_up(starts, entries, values, weight, kernel, stride, padding, channels, out[n])


@numba.njit(**_JIT)
@no_type_check
def multiply_events(x, weight, bias, most, out, many, first, last):
    """Write out[n] = bias + product of x[n] and the weights for first <= n < last, as above.

    ``x`` is [image, input], ``weight`` [block of outputs, input, output], ``out`` [image, output]. A
    block of weights stays in cache while all images pass.
    """
    inputs, width = x.shape[1], weight.shape[2]
    ends = np.zeros(last - first + 1, np.int64)
    entries, values = np.empty((1, inputs + 1), np.int32), np.empty((1, inputs + 1), x.dtype)
    kept = np.empty((1, (last - first) * most + 1), np.int32)
    kept_values = np.empty(kept.shape, x.dtype)
    for n in range(first, last):
        found = _list_pixel(x, n, 0, inputs, entries, values, 0)
        many[n] = found > most
        begin = ends[n - first]
        end = begin if many[n] else begin + found
        kept[0, begin:end] = entries[0, : end - begin]
        kept_values[0, begin:end] = values[0, : end - begin]
        ends[n - first + 1] = end
    into = out.reshape(1, -1)
    for n in range(first, last):
        out[n] = bias
    for b in range(len(weight)):
        for n in range(first, last):
            at = n * out.shape[1] + b * width
            event, end = ends[n - first], ends[n - first + 1]
            add_rows(into, at, weight[b], kept, kept_values, event, end, 0)


@numba.njit(**_JIT)
@no_type_check
def _list_events(x, most, starts, entries, values):
    """List the entries of x [y, x, channel] that are not zero, by row: their place in it, and value.

    ``starts`` [y, x] is the first event of a pixel, and [y, width] the first one of the next row.
    Returns whether there are no more than ``most``.
    """
    height, width, channels = x.shape
    rows = x.reshape(height, width * channels)
    found = 0
    for i in range(height):
        for j in range(width):
            starts[i, j] = found
            found = _list_pixel(rows, i, j * channels, channels, entries, values, found)
        starts[i, width] = found
        if found > most:
            return False
    return True


@numba.njit(**_JIT)
@no_type_check
def _list_pixel(rows, i, begin, channels, entries, values, found):
    """List the events of one pixel behind the ``found`` ones, and return how many there are then."""
    whole = channels - channels % LANES
    for start in range(begin, begin + whole, LANES):
        marks = marks_of(rows, i, start)
        while marks != 0:
            entry = start + lowest_of(marks)
            entries[0, found] = entry
            values[0, found] = rows[i, entry]
            found += 1
            marks &= marks - 1
    for entry in range(begin + whole, begin + channels):
        entries[0, found] = entry
        values[0, found] = rows[i, entry]
        found += 1 if rows[i, entry] != 0 else 0
    return found


@numba.njit(**_JIT)
@no_type_check
def _fill(out, bias):
    """Write ``bias`` [output] to every place of ``out`` [y, x, output]; an assignment takes longer."""
    places = out.reshape(-1, len(bias))
    for k in range(len(places)):
        for c in range(len(bias)):
            places[k, c] = bias[c]


@numba.njit(**_JIT)
@no_type_check
def _add_up(starts, entries, values, weight, kernel, stride, padding, channels, out):
    """Add all events to one image's output; places without any are not touched.

    A block's weights of one kernel row stay in the fastest cache while the whole image passes.
    """
    height, width = starts.shape[0], starts.shape[1] - 1
    into = out.reshape(1, -1)
    for b in range(len(weight)):
        for a in range(kernel[0]):
            for i in range(out.shape[0]):
                y = i * stride[0] - padding[0] + a
                if y < 0 or y >= height or starts[y, 0] == starts[y, width]:
                    continue
                for j in range(out.shape[1]):
                    left = j * stride[1] - padding[1]
                    low = min(max(left, 0), width)
                    high = min(max(left + kernel[1], low), width)
                    at = (i * out.shape[1] + j) * out.shape[2] + b * weight.shape[2]
                    shift = (left - a * kernel[1]) * channels
                    event, end = starts[y, low], starts[y, high]
                    if event < end:
                        add_rows(into, at, weight[b], entries, values, event, end, shift)
