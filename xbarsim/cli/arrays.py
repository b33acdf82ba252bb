"""This module is how commands get their arrays: from CSV or npy files, or drawn by seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from xbarsim.parameters import CrossbarParams

    Array = NDArray[np.float64]
else:
    Array = Any  # Commands import numpy when they run.


@dataclass(frozen=True)
class Problem:
    """One array and its inputs, as a command was asked for."""

    crossbar: "CrossbarParams"
    conductance: Array
    v_row: Array


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
    import numpy as np

    from xbarsim.interop.matrices import read_matrix
    from xbarsim.parameters import load_crossbar, load_device

    params = load_device(device)
    generator = np.random.default_rng(seed)
    if conductance is None:
        g = generator.uniform(params.g_min, params.g_max, (rows, cols))
    else:
        g = read_matrix(conductance)
    crossbar = load_crossbar(device, rows=g.shape[0], cols=g.shape[1])
    if inputs is None:
        v = generator.uniform(0.0, params.v_read, (vectors, crossbar.rows))
    else:
        v = read_matrix(inputs)
    return Problem(crossbar, g, v)
