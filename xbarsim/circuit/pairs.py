"""This module is differential columns: column 2k counts for pair k, column 2k + 1 against it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit.circuit import Amplifier, Resistor
from xbarsim.errors import ParameterError
from xbarsim.parameters import CrossbarParams, TopologyParams

Array = NDArray[np.float64]


def pair_amplifiers(
    crossbar: CrossbarParams, topology: TopologyParams, senses: tuple[Resistor, ...]
) -> tuple[Amplifier, ...]:
    """Return one amplifier a pair and sensed end: (all lower ends, then all upper ends).

    Raises:
        ParameterError: If the number of columns is odd.
    """
    if topology.columns == "single":
        return ()
    if crossbar.cols % 2:
        msg = f"cols is {crossbar.cols}: differential columns come in pairs, so it must be even"
        raise ParameterError(msg)
    amplifiers = []
    for name, node, end in (("Ed", "db", 0), ("Ee", "dt", crossbar.cols)):
        ends = senses[end : end + crossbar.cols]
        amplifiers += [
            Amplifier(f"{name}{k}", f"{node}_{k}", plus.a, minus.a, plus.ohm)
            for k, (plus, minus) in enumerate(zip(ends[0::2], ends[1::2], strict=True))
        ]
    return tuple(amplifiers)


def interleaved_pairs(conductance_pos: ArrayLike, conductance_neg: ArrayLike) -> Array:
    """Return the array [row, 2 pair] whose columns 2k and 2k + 1 are the two conductances of pair k.

    Args:
        conductance_pos: Conductances that count for a pair, [row, pair]. [S]
        conductance_neg: Conductances that count against it, [row, pair]. [S]

    Raises:
        ParameterError: If the two differ in shape.
    """
    pos = np.asarray(conductance_pos, dtype=np.float64)
    neg = np.asarray(conductance_neg, dtype=np.float64)
    if pos.shape != neg.shape or pos.ndim != 2:
        msg = f"conductances of a pair have shapes {pos.shape} and {neg.shape}: give [row, pair] twice"
        raise ParameterError(msg)
    return np.stack([pos, neg], axis=2).reshape(len(pos), -1)


def pair_difference(i_col: Array) -> Array:
    """Return the current of every pair, [..., pair], from those of its columns, [..., col]. [A]"""
    return np.asarray(i_col[..., 0::2] - i_col[..., 1::2])
