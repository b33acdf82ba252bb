"""This module is the innermost loop of neurons at inference, in vectors: one pass a time-step.

Integration, threshold, reset and the count of spikes share one load and one store of a membrane; a
compiler that looks for vectors itself gives up on the count, or goes over memory three times.
"""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from xbarsim.fast.vector import splat

LANES = 16
"""Neurons in a vector; processors with smaller registers take several."""


@intrinsic
def step_neurons(typingctx, x, v, fired, i, leak, threshold, subtract):
    """Run a time-step of LANES neurons from number ``i`` on, and return how many fired.

    u = v leak + x; fired = 1 where u > threshold, else 0; v = u - threshold fired with ``subtract``,
    else v = u - u fired. No operation is contracted. ``x``, ``v`` and ``fired`` are contiguous.
    """
    number = x.dtype
    kinds = types.int64(x, v, fired, types.intp, number, number, types.boolean)
    return kinds, _step


def _step(context, builder, signature, args):
    i, leak, threshold, subtract = args[3:]
    kind = context.get_value_type(signature.args[0].dtype)
    vector = ir.VectorType(kind, LANES)

    def place(which):
        array = context.make_array(signature.args[which])(context, builder, args[which])
        return builder.bitcast(builder.gep(array.data, [i]), vector.as_pointer())

    def constant(number):
        return ir.Constant(vector, [number] * LANES)

    size = signature.args[0].dtype.bitwidth // 8
    membrane = place(1)
    product = builder.fmul(builder.load(membrane, align=size), splat(builder, leak, vector))
    u = builder.fadd(product, builder.load(place(0), align=size))
    level = splat(builder, threshold, vector)
    above = builder.fcmp_ordered(">", u, level)
    spikes = builder.select(above, constant(1.0), constant(0.0))
    taken = builder.fmul(builder.select(subtract, level, u), spikes)
    builder.store(builder.fsub(u, taken), membrane, align=size)
    builder.store(spikes, place(2), align=size)
    marks = builder.zext(builder.bitcast(above, ir.IntType(LANES)), ir.IntType(64))
    return builder.ctpop(marks)
