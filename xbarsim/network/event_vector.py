"""This module is the innermost loops of sparse convolution, in vectors: events, weighted rows.

The compiler's own vectoriser starts anew at every short row; here the sums of a block of columns stay
in registers while the events go by.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from xbarsim.fast.vector import address, fma, splat

LANES = 16
"""Numbers in a vector; processors with smaller registers take several."""
VECTORS = (4, 2, 1)
"""Vectors that a block of columns may have."""


@intrinsic
def add_rows(typingctx, into, at, weight, entries, values, event, end, shift):
    """Add into[0, at + j] += sum_e values[0, e] weight[entries[0, e] - shift, j].

    Events e run from ``event`` to before ``end``, one after the other, j over all columns of
    ``weight``: LANES times one of VECTORS. The order of a sum depends on nothing but the events.
    """

    def codegen(context, builder, signature, args):
        write = _Sum(context, builder, signature, args)
        (_, _, kind, *_), (_, _, weights, *_) = signature.args, args
        array = context.make_array(kind)(context, builder, weights)
        width = cgutils.unpack_tuple(builder, array.shape)[1]
        for vectors in VECTORS:
            fits = builder.icmp_signed("==", width, width.type(vectors * LANES))
            with builder.if_then(fits):
                write.loop(vectors)
        return context.get_dummy_value()

    index = types.intp
    return types.void(into, index, weight, entries, values, index, index, index), codegen


@intrinsic
def marks_of(typingctx, x, i, j):
    """Return a bit for each of x[i, j + k], k < LANES, that is not zero: bit k stands for entry k."""

    def codegen(context, builder, signature, args):
        vector = ir.VectorType(context.get_value_type(signature.args[0].dtype), LANES)
        place = builder.bitcast(
            address(context, builder, signature.args[0], *args), vector.as_pointer()
        )
        zeros = ir.Constant(vector, [0.0] * LANES)
        unequal = builder.fcmp_unordered("!=", builder.load(place, align=4), zeros)
        return builder.zext(builder.bitcast(unequal, ir.IntType(LANES)), ir.IntType(64))

    return types.int64(x, types.intp, types.intp), codegen


@intrinsic
def lowest_of(typingctx, marks):
    """Return the number of the lowest bit that is set; there has to be one."""

    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), codegen


class _Sum:
    """Writes the loop over events: one row of weights a turn, times its value."""

    def __init__(self, context, builder, signature, args):
        self.context, self.builder, self.kinds, self.args = context, builder, signature.args, args
        self.vector = ir.VectorType(context.get_value_type(signature.args[0].dtype), LANES)
        self.zero = ir.Constant(args[1].type, 0)

    def loop(self, vectors):
        builder = self.builder
        into, at, _, _, _, event, end, _ = self.args
        places = [self._place(0, into, self.zero, at, k) for k in range(vectors)]
        before = [builder.load(place, align=4) for place in places]
        entry = builder.block
        turn, done = (builder.append_basic_block(name) for name in ("turn", "done"))
        builder.cbranch(builder.icmp_signed("<", event, end), turn, done)
        builder.position_at_end(turn)
        number = builder.phi(event.type)
        sums = [builder.phi(self.vector) for _ in places]
        after = self._with_event(number, sums)
        following = builder.add(number, number.type(1))
        self._join([number, *sums], [event, *before], entry, [following, *after], turn)
        builder.cbranch(builder.icmp_signed("<", following, end), turn, done)
        builder.position_at_end(done)
        totals = [builder.phi(self.vector) for _ in places]
        self._join(totals, before, entry, after, turn)
        for place, total in zip(places, totals, strict=True):
            builder.store(total, place, align=4)

    def _join(self, phis, first, entry, later, turn):
        for phi, a, b in zip(phis, first, later, strict=True):
            phi.add_incoming(a, entry)
            phi.add_incoming(b, turn)

    def _with_event(self, number, sums):
        """Return the sums with one event more."""
        builder = self.builder
        _, _, weight, entries, values, _, _, shift = self.args
        entry = builder.load(self._at(3, entries, self.zero, number))
        row = builder.sub(builder.sext(entry, shift.type), shift)
        factor = splat(builder, builder.load(self._at(4, values, self.zero, number)), self.vector)
        multiply_add = fma(builder, self.vector, 4)
        rows = [
            builder.load(self._place(2, weight, row, self.zero, k), align=4)
            for k in range(len(sums))
        ]
        return [builder.call(multiply_add, [factor, w, s]) for w, s in zip(rows, sums, strict=True)]

    def _place(self, which, array, i, j, vector):
        """Return the pointer to one vector of a row."""
        j = self.builder.add(j, j.type(vector * LANES))
        return self.builder.bitcast(self._at(which, array, i, j), self.vector.as_pointer())

    def _at(self, which, array, i, j):
        return address(self.context, self.builder, self.kinds[which], array, i, j)
