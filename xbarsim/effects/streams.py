"""This module is the random streams: every effect draws from its own, so each can be switched alone."""

from typing import Literal, get_args

import numpy as np

from xbarsim.errors import ParameterError

Effect = Literal["variation", "stuck", "drift", "read_noise"]


def effect_generator(effect: Effect, *where: int) -> np.random.Generator:
    """Return the stream of one effect at one place, independent of every other effect and place.

    Args:
        effect: Which effect draws.
        where: Whole numbers from 0 that name the place, for example seed, chip, layer.

    Raises:
        ParameterError: If the effect is unknown, or a number is negative.
    """
    known = get_args(Effect)
    if effect not in known or any(number < 0 for number in where):
        msg = (
            f"effect is {effect!r} at {where}; use one of {', '.join(known)}, and numbers from 0 up"
        )
        raise ParameterError(msg)
    return np.random.default_rng(
        np.random.SeedSequence(list(where), spawn_key=(known.index(effect),))
    )
