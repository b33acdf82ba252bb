"""This module is the compiled batch norm of many time-steps: each with statistics of its own."""

from typing import no_type_check

import numba
import numpy as np

_JIT = {"nogil": True, "cache": True, "error_model": "numpy"}
_BLOCK = 64


@numba.njit(**_JIT)
@no_type_check
def norm_statistics(x, mean, var, first, last):
    """Write mean and variance [time, channel] of x [time, item, channel], for first <= time < last.

    Sums of a block of items are added up in float64.
    """
    for t in range(first, last):
        total, square = np.zeros(x.shape[2]), np.zeros(x.shape[2])
        part, squares = np.empty(x.shape[2], x.dtype), np.empty(x.shape[2], x.dtype)
        # Sums relative to one item: no digits are lost where a mean is far from zero.
        origin = x[t, 0]
        for start in range(0, x.shape[1], _BLOCK):
            part[:], squares[:] = 0, 0
            for i in range(start, min(start + _BLOCK, x.shape[1])):
                _add_moments(x[t, i], origin, part, squares)
            _add(part, total)
            _add(squares, square)
        for c in range(x.shape[2]):
            shift = total[c] / x.shape[1]
            mean[t, c] = origin[c] + shift
            var[t, c] = max(square[c] / x.shape[1] - shift * shift, 0.0)


@numba.njit(**_JIT)
@no_type_check
def _add_moments(x, origin, part, squares):
    for c in range(len(x)):
        d = x[c] - origin[c]
        part[c] += d
        squares[c] += d * d


@numba.njit(**_JIT)
@no_type_check
def _add(part, total):
    for c in range(len(part)):
        total[c] += part[c]


@numba.njit(**_JIT)
@no_type_check
def norm_apply(x, shift, scale, y, first, last):
    """Write y = (x - shift) scale, with shift and scale [time, channel]."""
    for t in range(first, last):
        for i in range(x.shape[1]):
            _scale(x[t, i], shift[t], scale[t], y[t, i])


@numba.njit(**_JIT)
@no_type_check
def _scale(x, shift, scale, y):
    for c in range(len(x)):
        y[c] = (x[c] - shift[c]) * scale[c]


@numba.njit(**_JIT)
@no_type_check
def norm_backward(x, grad, mean, rstd, gamma, grad_x, grad_gamma, first, last):
    """Write the gradients of x [time, item, channel] and gamma [time, channel].

    With z = (x - mean) rstd: grad_gamma = sum grad z, and
    grad_x = gamma rstd (grad - average of grad - z average of grad z), as a line in grad and x.
    """
    count = x.shape[1]
    for t in range(first, last):
        total, product = np.zeros(x.shape[2]), np.zeros(x.shape[2])
        part, parts = np.empty(x.shape[2], x.dtype), np.empty(x.shape[2], x.dtype)
        for start in range(0, count, _BLOCK):
            part[:], parts[:] = 0, 0
            for i in range(start, min(start + _BLOCK, count)):
                _add(grad[t, i], part)
                _add_products(x[t, i], grad[t, i], mean[t], parts)
            _add(part, total)
            _add(parts, product)
        product *= rstd[t]
        grad_gamma[t] = product
        scale = gamma[t] * rstd[t]
        slope = (-(product / count) * rstd[t] * scale).astype(x.dtype)
        offset = (-(total / count) * scale - slope * mean[t]).astype(x.dtype)
        for i in range(count):
            _line(x[t, i], grad[t, i], scale, slope, offset, grad_x[t, i])


@numba.njit(**_JIT)
@no_type_check
def _add_products(x, grad, mean, parts):
    for c in range(len(x)):
        parts[c] += grad[c] * (x[c] - mean[c])


@numba.njit(**_JIT)
@no_type_check
def _line(x, grad, scale, slope, offset, out):
    for c in range(len(x)):
        out[c] = scale[c] * grad[c] + (slope[c] * x[c] + offset[c])
