"""This module is the compiled reading of tiles: only rows that are driven cost anything.

One item is one image at one output position. Per tile, the cells of every driven row are added up
in registers; then come noise, converter and gain; then the partial sum joins the output. Nothing
but the output is ever as large as all items times all tiles.

``cells`` [slice, tile, row, plane * width] holds, by ``mode``,

    0: the difference of both sides;
    1: G+, G-, and P+, P-, the variance that each cell adds: see ``noise``;
    2: A+, A-, B+, B- of the activity model, I = x @ A / (1 + [x > 0] @ B).
"""

import numba
import numpy as np

JIT = {"nogil": True, "cache": True, "fastmath": {"contract", "nsz", "arcp", "reassoc"}}


@numba.njit(**JIT)
def read_items(x, base, rows, starts, columns, cells, scale, rise, power, limit, mode, keys, table,
               out, first, last):  # fmt: skip
    """Add what all tiles give to items ``first`` to ``last`` - 1 of ``out`` [item, column].

    ``x`` [image, entry] are inputs, ``base`` [position] and ``rows`` [row tile, row] say which
    entries drive a tile (-1: none). ``starts`` [row tile, col tile] is the first output column, or
    -1 where ``columns`` [row tile, col tile, width] lists them. ``scale`` [slice, tile, width] turns
    a current, or with ``limit`` > 0 a code of the converter up to that limit, into a weight.
    """
    height, width = rows.shape[1], scale.shape[2]
    count = last - first
    index = np.empty((count, height), np.int32)
    value = np.empty((count, height), np.float32)
    driven = np.empty(count, np.int32)
    plain = np.empty(count, np.bool_)
    acc = np.empty(6 * width, np.float32)
    for t in range(rows.shape[0]):
        _gather(x, base, rows[t], index, value, driven, plain, first)
        for c in range(columns.shape[1]):
            tile = t * columns.shape[1] + c
            for s in range(cells.shape[0]):
                bank = cells[s, tile]
                for i in range(count):
                    if driven[i] == 0:
                        continue
                    if mode == 0:
                        _add_rows(acc, bank, index[i], value[i], driven[i], width)
                    elif mode == 1:
                        _add_rows(acc, bank, index[i], value[i], driven[i], 4 * width)
                        _add_squares(acc, bank, index[i], value[i], driven[i], width, plain[i])
                        _draw(
                            acc,
                            width,
                            rise[s, tile],
                            power[s, tile],
                            table,
                            _item_key(keys, first + i, base.shape[0], tile * cells.shape[0] + s),
                        )
                    else:
                        _add_activity(acc, bank, index[i], value[i], driven[i], width)
                    if limit > 0:
                        _convert(acc, width, limit)
                    _deliver(acc, scale[s, tile], starts[t, c], columns[t, c], out[first + i])


@numba.njit(**JIT)
def _gather(x, base, row, index, value, driven, plain, first):
    """List the driven rows of every item, and whether all are driven by exactly 1."""
    for i in range(driven.shape[0]):
        n, p = divmod(first + i, base.shape[0])
        image = x[n]
        count, ones = 0, True
        for r in range(row.shape[0]):
            if row[r] >= 0:
                v = image[base[p] + row[r]]
                if v != 0:
                    index[i, count] = r
                    value[i, count] = v
                    count += 1
                    ones = ones and v == 1
        driven[i] = count
        plain[i] = ones


@numba.njit(**JIT)
def _add_rows(acc, bank, index, value, driven, width):
    """Set acc[:width] to the sum of driven rows, four at a time."""
    for j in range(width):
        acc[j] = 0
    k = 0
    while k + 4 <= driven:
        v0, v1, v2, v3 = value[k], value[k + 1], value[k + 2], value[k + 3]
        r0, r1 = bank[index[k]], bank[index[k + 1]]
        r2, r3 = bank[index[k + 2]], bank[index[k + 3]]
        for j in range(width):
            acc[j] += v0 * r0[j] + v1 * r1[j] + v2 * r2[j] + v3 * r3[j]
        k += 4
    while k < driven:
        v, r = value[k], bank[index[k]]
        for j in range(width):
            acc[j] += v * r[j]
        k += 1


@numba.njit(**JIT)
def _add_squares(acc, bank, index, value, driven, width, plain):
    """Set acc[4 width:] to x^2 @ P of both sides; inputs of 1 are their own squares."""
    if plain:
        for j in range(2 * width):
            acc[4 * width + j] = acc[2 * width + j]
        return
    for j in range(2 * width):
        acc[4 * width + j] = 0
    for k in range(driven):
        v, r = value[k] * value[k], bank[index[k]]
        for j in range(2 * width):
            acc[4 * width + j] += v * r[2 * width + j]


@numba.njit(**JIT)
def _add_activity(acc, bank, index, value, driven, width):
    """Set acc[:width] to the difference of x @ A / (1 + [x > 0] @ B) of both sides."""
    for j in range(4 * width):
        acc[j] = 0
    for k in range(driven):
        v, r = value[k], bank[index[k]]
        for j in range(2 * width):
            acc[j] += v * r[j]
        for j in range(2 * width, 4 * width):
            acc[j] += r[j]
    for j in range(width):
        acc[j] = acc[j] / (1 + acc[2 * width + j]) - acc[width + j] / (1 + acc[3 * width + j])


@numba.njit(**JIT)
def _draw(acc, width, rise, power, table, key):
    """Set acc[:width] to the difference of both sides with its noise.

    The variance of a side of current I is x^2 @ P - 2 r I (x @ P) + (r I)^2 sum(P); see ``noise``.
    """
    half = np.float32(0.5) ** np.float32(0.5)
    for j in range(width):
        h = _mix(np.uint32(key + np.uint32(j) * np.uint32(0x9E3779B1)))
        z = half * (table[h >> np.uint32(20)] + table[(h >> np.uint32(8)) & np.uint32(4095)])
        a, b = acc[j], acc[width + j]
        ra, rb = rise[0, j] * a, rise[1, j] * b
        variance = acc[4 * width + j] - 2 * ra * acc[2 * width + j] + ra * ra * power[0, j]
        variance += acc[5 * width + j] - 2 * rb * acc[3 * width + j] + rb * rb * power[1, j]
        acc[j] = a - b + np.sqrt(max(variance, np.float32(0))) * z


@numba.njit(**JIT)
def _convert(acc, width, limit):
    """Round to the nearest code, within plus and minus the limit."""
    for j in range(width):
        code = np.floor(acc[j] + np.float32(0.5))
        acc[j] = min(max(code, -limit), limit)


@numba.njit(**JIT)
def _deliver(acc, scale, start, columns, out):
    """Add a tile's weights times inputs to the item's output."""
    if start >= 0:
        for j in range(min(scale.shape[0], out.shape[0] - start)):
            out[start + j] += acc[j] * scale[j]
    else:
        for j in range(scale.shape[0]):
            if columns[j] >= 0:
                out[columns[j]] += acc[j] * scale[j]


@numba.njit(**JIT)
def content_keys(x, steps, seed, keys):
    """Fill ``keys`` [image] from every image's entries, its time-step and the seed.

    Noise is a function of these, so that neither batches nor chunks of time change it.
    """
    bits = x.view(np.uint32)
    for n in range(x.shape[0]):
        h = _mix(np.uint32(seed + np.uint32(steps[n]) * np.uint32(0x85EBCA6B)))
        for k in range(x.shape[1]):
            if bits[n, k] != 0:
                h = np.uint32(h ^ np.uint32(bits[n, k] + np.uint32(k) * np.uint32(0x9E3779B1)))
                h = np.uint32(h * np.uint32(0x85EBCA6B))
                h = np.uint32(h ^ (h >> np.uint32(13)))
        keys[n] = _mix(h)


@numba.njit(**JIT)
def _item_key(keys, item, positions, tile):
    n, p = divmod(item, positions)
    return _mix(np.uint32(_mix(np.uint32(keys[n] + np.uint32(p))) + np.uint32(tile)))


@numba.njit(**JIT)
def _mix(h):
    """Scatter the bits of a number over all of it (the finaliser of MurmurHash3)."""
    h = np.uint32(h ^ (h >> np.uint32(16)))
    h = np.uint32(h * np.uint32(0x85EBCA6B))
    h = np.uint32(h ^ (h >> np.uint32(13)))
    h = np.uint32(h * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))
