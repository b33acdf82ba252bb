"""This module is a trained network's own tiles as circuits to judge."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError, StorageError
from xbarsim.mapping import chip_generator, programmed_conductance
from xbarsim.validation.case import Setting, ValidationCase

Array = NDArray[np.float64]


def network_tiles(case: ValidationCase, setting: Setting) -> tuple[dict[str, Array], str]:
    """Return programmed tiles [row, col] of the case's network, spread over its layers. [S]

    Every tensor of two or more dimensions in the checkpoint is a layer [out, in, kernel...], mapped
    to differential pairs as it stands; positive and negative arrays are taken in turn.

    Returns:
        Tiles by name, and the hash of the checkpoint; nothing when the case names no network.

    Raises:
        StorageError: If the checkpoint cannot be read.
        ParameterError: If it holds no layer.
    """
    if case.network is None:
        return {}, ""
    weights, digest = _read_weights(Path(case.network))
    tiles: dict[str, Array] = {}
    names = sorted(weights)
    for rows, cols in case.sizes:
        crossbar = setting.crossbar(rows, cols)
        for k in range(case.network_tiles):
            index = (k * max(1, len(names) // case.network_tiles)) % len(names)
            generator = chip_generator(case.seed, 0, index)
            g, plan = programmed_conductance(
                weights[names[index]], crossbar, setting.device, generator
            )
            chosen = int(np.random.default_rng([case.seed, rows, cols, k]).integers(plan.n_tiles))
            sign = ("pos", "neg")[k % 2]
            tiles[f"{rows}x{cols}-{names[index]}-tile{chosen}-{sign}-{k}"] = g[k % 2, chosen]
    return tiles, digest


def _read_weights(path: Path) -> tuple[dict[str, Array], str]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = path.read_bytes()
        tensors = load(data)
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise StorageError(msg) from error
    except SafetensorError as error:
        msg = f"{path} is not a checkpoint (.safetensors): {error}"
        raise StorageError(msg) from error
    weights = {n: t.astype(np.float64) for n, t in tensors.items() if t.ndim >= 2}
    if not weights:
        msg = f"{path} holds no tensor of two or more dimensions, so no layer to put on tiles"
        raise ParameterError(msg)
    return weights, hashlib.sha256(data).hexdigest()
