"""This module is matrices in files that designers use: CSV, NumPy's npy, MATLAB's mat."""

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import StorageError
from xbarsim.interop.matfile import read_variables
from xbarsim.storage import write_atomically

KINDS = (".csv", ".npy", ".mat")


def read_matrix(path: Path, variable: str | None = None) -> NDArray[np.float64]:
    """Read a matrix, [row, col].

    Args:
        path: .npy, .mat (version 5 to 7), or anything else as CSV with commas.
        variable: Name of the variable in a .mat file; needed where it holds several.

    Raises:
        StorageError: If the file is missing or is no matrix of real numbers.
    """
    try:
        if path.suffix == ".npy":
            array: Any = np.load(path, allow_pickle=False)
        elif path.suffix == ".mat":
            array = _from_mat(path, variable)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                array = np.loadtxt(path, delimiter=",", ndmin=2)
        if np.iscomplexobj(array):
            msg = "it holds complex numbers"
            raise ValueError(msg)  # noqa: TRY301
        matrix = np.atleast_2d(np.asarray(array, dtype=np.float64))
        if matrix.ndim > 2:
            msg = f"it has {matrix.ndim} axes, a matrix has two"
            raise ValueError(msg)  # noqa: TRY301
    except Exception as error:  # the readers raise anything on damaged files
        msg = f"{path} is not a matrix of numbers (.npy, .mat, or .csv with commas): {error}"
        raise StorageError(msg) from error
    return matrix


def write_matrix(path: Path, matrix: NDArray[np.float64], variable: str = "conductance") -> None:
    """Write a matrix [row, col], whole or not at all; CSV keeps every digit.

    Args:
        path: File that ends in .csv, .npy or .mat.
        matrix: The matrix.
        variable: Name of the variable in a .mat file.

    Raises:
        StorageError: If the ending is unknown or the file cannot be written.
    """
    buffer: Any = io.BytesIO()
    if path.suffix == ".npy":
        np.save(buffer, matrix)
    elif path.suffix == ".csv":
        np.savetxt(buffer, matrix, fmt="%.17g", delimiter=",")
    elif path.suffix == ".mat":
        from scipy.io import savemat

        savemat(buffer, {variable: matrix})
    else:
        msg = f"{path} ends in {path.suffix!r}; matrices are written as {', '.join(KINDS)}"
        raise StorageError(msg)
    write_atomically(path, buffer.getvalue())


def _from_mat(path: Path, variable: str | None) -> NDArray[np.float64]:
    found = read_variables(path.read_bytes())
    if variable is None and len(found) == 1:
        return next(iter(found.values()))
    if variable is None or variable not in found:
        msg = f"it holds the variables {', '.join(found) or 'none'}; name one of them"
        raise ValueError(msg)
    return found[variable]
