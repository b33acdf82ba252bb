"""This module is the innermost loop of the compiled kernel: a block of outer products, in vectors.

The compiler's own vectoriser leaves scalar remainders and checks for overlap; here the vector
instructions are written out, for any processor: eight numbers go to whatever registers there are.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

BLOCK = 8
"""Pivots taken at a time, and numbers in a vector."""


@intrinsic
def add_products(typingctx, c, ci, cj, left, li, right, rj):
    """Add c[ci + a, cj + m] += sum_p left[p, li + a] right[p, rj + m], for a, m, p < BLOCK."""
    return _signature(c, left, right), _product(accumulate=True)


@intrinsic
def add_products_double(typingctx, c, ci, cj, left, li, right, rj):
    """Do the same as add_products for m < 2 BLOCK; faster in float32, where registers hold it."""
    return _signature(c, left, right), _product(accumulate=True, lanes=2 * BLOCK)


@intrinsic
def add_products_triple(typingctx, c, ci, cj, left, li, right, rj):
    """Do the same as add_products for m < 3 BLOCK; in float32 it fills sixteen registers."""
    return _signature(c, left, right), _product(accumulate=True, lanes=3 * BLOCK)


@intrinsic
def set_products(typingctx, c, ci, cj, left, li, right, rj):
    """Set c[ci + a, cj + m] = sum_p left[p, li + a] right[p, rj + m], for a, m, p < BLOCK."""
    return _signature(c, left, right), _product(accumulate=False)


def _signature(c, left, right):
    at = types.intp
    return types.void(c, at, at, left, at, right, at)


def _product(*, accumulate, lanes=BLOCK):
    """Return what writes the instructions of one BLOCK x lanes piece of the result."""

    def codegen(context, builder, signature, args):
        c, ci, cj, left, li, right, rj = args
        size = signature.args[0].dtype.bitwidth // 8
        # As many rows at a time as keep the pipes full and the sums in registers.
        group = BLOCK if size == 4 and lanes == BLOCK else BLOCK // 2
        for first in range(0, BLOCK, group):
            at = (builder.add(x, x.type(first)) for x in (ci, li))
            rows = _Rows(context, builder, signature, (c, left, right), lanes, group)
            rows.write(*at, cj, rj, accumulate)
        return context.get_dummy_value()

    return codegen


class _Rows:
    """Writes the instructions of ``group`` rows of a product."""

    def __init__(self, context, builder, signature, arrays, lanes, group):
        self.context, self.builder, self.group = context, builder, group
        self.arrays = arrays
        self.kinds = signature.args[0], signature.args[3], signature.args[5]
        number = signature.args[0].dtype
        self.size = number.bitwidth // 8
        self.vector = ir.VectorType(context.get_value_type(number), lanes)

    def place(self, which, i, j):
        return address(self.context, self.builder, self.kinds[which], self.arrays[which], i, j)

    def write(self, ci, li, cj, rj, accumulate):
        builder, size, vector = self.builder, self.size, self.vector
        multiply_add = fma(builder, vector, size)
        places = [self.place(0, builder.add(ci, ci.type(a)), cj) for a in range(self.group)]
        into = [builder.bitcast(p, vector.as_pointer()) for p in places]
        none = ir.Constant(vector, [0.0] * vector.count)
        total = [builder.load(p, align=size) if accumulate else none for p in into]
        for p in range(BLOCK):
            at = builder.bitcast(self.place(2, rj.type(p), rj), vector.as_pointer())
            row = builder.load(at, align=size)
            first = self.place(1, li.type(p), li)
            for a in range(self.group):
                factor = builder.load(builder.gep(first, [li.type(a)]), align=size)
                factor = splat(builder, factor, vector)
                total[a] = builder.call(multiply_add, [factor, row, total[a]])
        for value, p in zip(total, into, strict=True):
            builder.store(value, p, align=size)


def fma(builder, vector, size):
    """Declare the fused multiply-add of such vectors."""
    kind = ir.FunctionType(vector, [vector] * 3)
    name = f"llvm.fma.v{vector.count}f{8 * size}"
    return cgutils.get_or_insert_function(builder.module, kind, name)


def address(context, builder, array_type, array, i, j):
    """Return the pointer to array[i, j] of a C-contiguous array, without checks."""
    struct = context.make_array(array_type)(context, builder, array)
    width = cgutils.unpack_tuple(builder, struct.shape)[1]
    return builder.gep(struct.data, [builder.add(builder.mul(i, width), j)])


def splat(builder, value, vector):
    """Return a vector that holds ``value`` in every lane."""
    undefined = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, undefined, mask)
