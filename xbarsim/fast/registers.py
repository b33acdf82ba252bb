"""This module is a block of pivots in registers: elimination among each other, and transposition.

Rows are vectors of BLOCK numbers that never leave the registers while the pivots take turns.
"""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from xbarsim.fast.vector import BLOCK, address, fma, splat


@intrinsic
def eliminate_pivots(typingctx, rows, own, rest, r, k):
    """Eliminate BLOCK pivots with resistances r[k:k + BLOCK] among each other.

    ``rows`` [BLOCK, 2 BLOCK] holds the links among the pivots, symmetric, and is given the links and
    D after all of them; ``rest`` [1, BLOCK] holds each pivot's links to everything else. ``own``
    [BLOCK, 2 BLOCK] receives row p of D at the pivot's own elimination, plain and times R / pi.
    """

    def codegen(context, builder, signature, args):
        rows, own, rest, r, k = args
        rows_type, own_type, rest_type, r_type, _ = signature.args
        write = _Writer(context, builder, rows_type.dtype)
        links = [write.load(rows_type, rows, b, 0) for b in range(BLOCK)]
        d = [ir.Constant(write.vector, [float(b == c) for c in range(BLOCK)]) for b in range(BLOCK)]
        others = write.load(rest_type, rest, 0, 0)
        resistance = builder.load(write.place_1d(r_type, r, k), align=write.size)
        for p in range(BLOCK):
            link = write.without(links[p], p)
            total = builder.fadd(write.sum(link), write.lane(others, p))
            alpha, scale = _factors(builder, write.lane(resistance, p), total)
            write.store(own_type, own, p, 0, d[p])
            write.store(own_type, own, p, BLOCK, write.times(alpha, d[p]))
            given, kept = write.times(alpha, link), write.times(scale, link)
            others = write.add_product(splat_of(write, others, p), given, others)
            for b in range(BLOCK):
                if b != p:
                    factor = splat_of(write, given, b)
                    links[b] = write.add_product(factor, link, links[b])
                    links[b] = write.insert(links[b], kept, b, p)
                    d[b] = write.add_product(factor, d[p], d[b])
            links[p], d[p] = kept, write.times(scale, d[p])
        for b in range(BLOCK):
            write.store(rows_type, rows, b, 0, links[b])
            write.store(rows_type, rows, b, BLOCK, d[b])
        return context.get_dummy_value()

    return types.void(rows, own, rest, r, types.intp), codegen


@intrinsic
def transpose_block(typingctx, into, i, j, source, k, m):
    """Set into[i + a, j + b] = source[k + b, m + a], for a and b < BLOCK."""
    return _move(into, source, turn=True)


@intrinsic
def copy_block(typingctx, into, i, j, source, k, m):
    """Set into[i + a, j + b] = source[k + a, m + b], for a and b < BLOCK."""
    return _move(into, source, turn=False)


@intrinsic
def add_block(typingctx, into, i, j, source, k, m):
    """Add source[k + a, m + b] to into[i + a, j + b], for a and b < BLOCK."""
    return _move(into, source, turn=False, add=True)


def _move(into, source, *, turn, add=False):
    def codegen(context, builder, signature, args):
        into, i, j, source, k, m = args
        into_type, _, _, source_type, _, _ = signature.args
        write = _Writer(context, builder, into_type.dtype)
        rows = [write.load(source_type, source, builder.add(k, k.type(b)), m) for b in range(BLOCK)]
        for a, row in enumerate(write.transposed(rows) if turn else rows):
            if add:
                before = write.load(into_type, into, builder.add(i, i.type(a)), j)
                row = builder.fadd(before, row)  # noqa: PLW2901
            write.store(into_type, into, builder.add(i, i.type(a)), j, row)
        return context.get_dummy_value()

    at = types.intp
    return types.void(into, at, at, source, at, at), codegen


def _factors(builder, r, total):
    """Return R / pi and 1 / pi; with R infinite 1 / total, or zero for a pivot alone, and zero."""
    zero, one = r.type(0.0), r.type(1.0)
    none = builder.fcmp_ordered("==", r, r.type(float("inf")))
    finite = builder.select(none, zero, r)
    pi = builder.select(none, total, builder.fadd(one, builder.fmul(finite, total)))
    inverse = builder.fdiv(one, builder.select(builder.fcmp_ordered(">", pi, zero), pi, one))
    alone = builder.select(builder.fcmp_ordered(">", total, zero), inverse, zero)
    alpha = builder.select(none, alone, builder.fmul(finite, inverse))
    return alpha, builder.select(none, zero, inverse)


def splat_of(write, vector, lane):
    """Return a vector that holds one lane of another everywhere."""
    return write.shuffle(vector, vector, [lane] * BLOCK)


class _Writer:
    """Writes instructions on vectors of BLOCK numbers of one type."""

    def __init__(self, context, builder, dtype):
        self.context, self.builder = context, builder
        self.size = dtype.bitwidth // 8
        self.vector = ir.VectorType(context.get_value_type(dtype), BLOCK)
        self.fma = fma(builder, self.vector, self.size)

    def _place(self, kind, array, i, j):
        at = ir.IntType(64)
        i, j = (at(x) if isinstance(x, int) else x for x in (i, j))
        pointer = address(self.context, self.builder, kind, array, i, j)
        return self.builder.bitcast(pointer, self.vector.as_pointer())

    def place_1d(self, kind, array, i):
        struct = self.context.make_array(kind)(self.context, self.builder, array)
        return self.builder.bitcast(self.builder.gep(struct.data, [i]), self.vector.as_pointer())

    def load(self, kind, array, i, j):
        return self.builder.load(self._place(kind, array, i, j), align=self.size)

    def store(self, kind, array, i, j, value):
        self.builder.store(value, self._place(kind, array, i, j), align=self.size)

    def shuffle(self, a, b, lanes):
        mask = ir.Constant(ir.VectorType(ir.IntType(32), BLOCK), lanes)
        return self.builder.shuffle_vector(a, b, mask)

    def lane(self, vector, lane):
        return self.builder.extract_element(vector, ir.IntType(32)(lane))

    def without(self, vector, lane):
        """Set one lane to zero."""
        lanes = [BLOCK + c if c == lane else c for c in range(BLOCK)]
        return self.shuffle(vector, ir.Constant(self.vector, [0.0] * BLOCK), lanes)

    def insert(self, vector, other, lane, into):
        """Put one lane of ``other`` into lane ``into`` of ``vector``."""
        everywhere = splat_of(self, other, lane)
        lanes = [BLOCK + c if c == into else c for c in range(BLOCK)]
        return self.shuffle(vector, everywhere, lanes)

    def times(self, factor, vector):
        return self.builder.fmul(splat(self.builder, factor, self.vector), vector)

    def add_product(self, a, b, c):
        return self.builder.call(self.fma, [a, b, c])

    def sum(self, vector):
        """Add up all lanes, halving."""
        half = BLOCK // 2
        while half:
            lanes = [(c + half) % BLOCK for c in range(BLOCK)]
            vector = self.builder.fadd(vector, self.shuffle(vector, vector, lanes))
            half //= 2
        return self.lane(vector, 0)

    def transposed(self, rows):
        """Return the transpose of BLOCK vectors, by exchanging ever larger blocks of lanes."""
        step = 1
        while step < BLOCK:
            rows = [self._exchange(rows, b, step) for b in range(BLOCK)]
            step *= 2
        return rows

    def _exchange(self, rows, b, step):
        low, high = rows[b & ~step], rows[b | step]
        if b & step:
            lanes = [BLOCK + c if c & step else c + step for c in range(BLOCK)]
        else:
            lanes = [BLOCK + c - step if c & step else c for c in range(BLOCK)]
        return self.shuffle(low, high, lanes)
