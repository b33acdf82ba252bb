"""This module is a pickle reader that builds arrays and plain values and can call nothing else."""

import io
import pickle
from typing import Any

import numpy as np

from xbarsim.errors import StorageError


def _latin1(text: str, codec: str) -> bytes:
    """Stand in for ``_codecs.encode``, which Python 3 writes where Python 2 wrote bytes."""
    if codec != "latin1":
        msg = f"it asks for the codec {codec!r}, which a data file does not need"
        raise pickle.UnpicklingError(msg)
    return text.encode(codec)


_ARRAY_PARTS = {
    (f"numpy.{core}.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0]
    for core in ("core", "_core")
} | {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1,
}


class _ArrayUnpickler(pickle.Unpickler):
    """Knows the few names that arrays need; a pickle that asks for anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        """Return one of the allowed names."""
        if (module, name) in _ARRAY_PARTS:
            return _ARRAY_PARTS[module, name]
        msg = f"it asks for {module}.{name}, which a data file does not need"
        raise pickle.UnpicklingError(msg)


def read_arrays(content: bytes, name: str) -> Any:  # noqa: ANN401
    """Return what a pickle of arrays, lists, dictionaries, texts and numbers holds.

    Args:
        content: The pickle; texts of Python 2 come back as bytes.
        name: What to call it in an error.

    Raises:
        StorageError: If it is damaged, or asks for anything but numpy arrays.
    """
    try:
        return _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # a damaged pickle may raise anything
        msg = f"{name} is not a data file that can be read safely: {error}; fetch it again"
        raise StorageError(msg) from error
