"""This module is how commands get their arrays: from CSV or npy files, or drawn by seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import StorageError
from xbarsim.parameters import CrossbarParams, load_crossbar, load_device

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """One array and its inputs, as a command was asked for."""

    crossbar: CrossbarParams
    conductance: Array
    v_row: Array


def read_array(path: Path) -> Array:
    """Read a matrix from .npy or .csv.

    Raises:
        StorageError: If the file is missing or not a matrix of numbers.
    """
    try:
        if path.suffix == ".npy":
            array: Any = np.load(path, allow_pickle=False)
        else:
            array = np.loadtxt(path, delimiter=",", ndmin=2)
        return np.atleast_2d(np.asarray(array, dtype=np.float64))
    except (OSError, ValueError) as error:
        msg = f"{path} is not a matrix of numbers (.npy, or .csv with commas): {error}"
        raise StorageError(msg) from error


def make_problem(
    device: str,
    rows: int,
    cols: int,
    seed: int,
    vectors: int,
    conductance: Path | None,
    inputs: Path | None,
) -> Problem:
    """Read the given files; draw what is not given: uniform conductances, uniform voltages."""
    params = load_device(device)
    generator = np.random.default_rng(seed)
    if conductance is None:
        g = generator.uniform(params.g_min, params.g_max, (rows, cols))
    else:
        g = read_array(conductance)
    crossbar = load_crossbar(device, rows=g.shape[0], cols=g.shape[1])
    if inputs is None:
        v = generator.uniform(0.0, params.v_read, (vectors, crossbar.rows))
    else:
        v = read_array(inputs)
    return Problem(crossbar, g, v)
