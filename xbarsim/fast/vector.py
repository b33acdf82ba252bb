"""This module is the innermost loop of the compiled kernel: a block of outer products, in vectors.

The compiler's own vectoriser leaves scalar remainders and checks for overlap; here the vector
instructions are written out, for any processor: eight numbers go to whatever registers there are.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

BLOCK = 8
"""Pivots taken at a time, and numbers in a vector."""
GROUP = 4
"""Rows updated at a time."""


@intrinsic
def add_products(typingctx, c, ci, cj, left, li, right, rj):
    """Add c[ci + a, cj + m] += sum_p left[p, li + a] right[p, rj + m], for a < GROUP, m < BLOCK."""
    return _signature(c, left, right), _product(accumulate=True)


@intrinsic
def add_products_wide(typingctx, c, ci, cj, left, li, right, rj):
    """Do the same as add_products for m < 2 BLOCK; faster in float32, where registers hold it."""
    return _signature(c, left, right), _product(accumulate=True, lanes=2 * BLOCK)


@intrinsic
def set_products(typingctx, c, ci, cj, left, li, right, rj):
    """Set c[ci + a, cj + m] = sum_p left[p, li + a] right[p, rj + m], for a < GROUP, m < BLOCK."""
    return _signature(c, left, right), _product(accumulate=False)


@intrinsic
def eliminate_pivot(typingctx, c, i, p, alpha, scale):
    """Pass row i of c [:, 2 BLOCK] through pivot p, with f = alpha c[i, p].

    c[i, :] += f c[p, :], then c[i, p] is what it was times ``scale`` and c[i, i] is zero.
    """

    def codegen(context, builder, signature, args):
        array, i, p, alpha, scale = args
        kind = signature.args[0]
        size = kind.dtype.bitwidth // 8
        vector = ir.VectorType(context.get_value_type(kind.dtype), 2 * BLOCK)
        into, other = (_address(context, builder, kind, array, x, x.type(0)) for x in (i, p))
        link = builder.load(builder.gep(into, [p]), align=size)
        into, other = (builder.bitcast(x, vector.as_pointer()) for x in (into, other))
        row, pivot = (builder.load(x, align=size) for x in (into, other))
        factor = _splat(builder, builder.fmul(link, alpha), vector)
        total = builder.call(_fma(builder, vector, size), [factor, pivot, row])
        kept = _splat(builder, builder.fmul(link, scale), vector)
        total = builder.select(_lane(builder, p), kept, total)
        none = ir.Constant(vector, [0.0] * (2 * BLOCK))
        builder.store(builder.select(_lane(builder, i), none, total), into, align=size)
        return context.get_dummy_value()

    return types.void(c, types.intp, types.intp, c.dtype, c.dtype), codegen


def _signature(c, left, right):
    at = types.intp
    return types.void(c, at, at, left, at, right, at)


def _product(*, accumulate, lanes=BLOCK):
    """Return what writes the instructions of one GROUP x lanes piece of the result."""

    def codegen(context, builder, signature, args):
        c, ci, cj, left, li, right, rj = args
        c_type, _, _, left_type, _, right_type, _ = signature.args
        number = context.get_value_type(c_type.dtype)
        size = c_type.dtype.bitwidth // 8
        vector = ir.VectorType(number, lanes)
        fma = _fma(builder, vector, size)
        into = [
            _address(context, builder, c_type, c, builder.add(ci, ci.type(a)), cj)
            for a in range(GROUP)
        ]
        into = [builder.bitcast(p, vector.as_pointer()) for p in into]
        total = [
            builder.load(p, align=size) if accumulate else ir.Constant(vector, [0.0] * lanes)
            for p in into
        ]
        for p in range(BLOCK):
            at = _address(context, builder, right_type, right, rj.type(p), rj)
            row = builder.load(builder.bitcast(at, vector.as_pointer()), align=size)
            first = _address(context, builder, left_type, left, li.type(p), li)
            for a in range(GROUP):
                factor = builder.load(builder.gep(first, [li.type(a)]), align=size)
                total[a] = builder.call(fma, [_splat(builder, factor, vector), row, total[a]])
        for value, p in zip(total, into, strict=True):
            builder.store(value, p, align=size)
        return context.get_dummy_value()

    return codegen


def _lane(builder, index):
    """Return the mask of one lane out of 2 BLOCK."""
    vector = ir.VectorType(index.type, 2 * BLOCK)
    lanes = ir.Constant(vector, list(range(2 * BLOCK)))
    return builder.icmp_signed("==", lanes, _splat(builder, index, vector))


def _fma(builder, vector, size):
    """Declare the fused multiply-add of such vectors."""
    kind = ir.FunctionType(vector, [vector] * 3)
    name = f"llvm.fma.v{vector.count}f{8 * size}"
    return cgutils.get_or_insert_function(builder.module, kind, name)


def _address(context, builder, array_type, array, i, j):
    """Return the pointer to array[i, j] of a C-contiguous array, without checks."""
    struct = context.make_array(array_type)(context, builder, array)
    width = cgutils.unpack_tuple(builder, struct.shape)[1]
    return builder.gep(struct.data, [builder.add(builder.mul(i, width), j)])


def _splat(builder, value, vector):
    """Return a vector that holds ``value`` in every lane."""
    undefined = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, undefined, mask)
