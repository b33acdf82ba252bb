"""This module is MNIST: handwritten digits, 28x28, 60000 to train on and 10000 to test, as IDX.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Proc. IEEE 86(11), 1998, DOI 10.1109/5.726791.
"""

import gzip
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xbarsim.data.dataset import Dataset
from xbarsim.data.download import download
from xbarsim.data.files import cached_folder, checked, complete_folder, data_folder, missing
from xbarsim.errors import StorageError

MNIST_MD5: Mapping[str, str] = MappingProxyType(
    {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    }
)
"""The four published files and their checksums."""

_SOURCES = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
)
_LAYOUTS = ("mnist", "MNIST/raw", ".")
_UNSIGNED_BYTE = 8


def load_mnist(data: Path | None = None, expected: Mapping[str, str] = MNIST_MD5) -> Dataset:
    """Return MNIST, downloaded into the user's cache when it is nowhere to be found.

    Args:
        data: Folder with the four gzipped IDX files, or with ``mnist`` or ``MNIST/raw`` in it.
        expected: File names (training images and labels, test images and labels) and their md5.

    Raises:
        StorageError: Files missing, not the published ones, or not to be downloaded.
    """
    names = tuple(expected)
    root = data_folder(data)
    if root is None:
        folder = cached_folder("mnist")
        for name in names:
            if not (folder / name).exists():
                urls = tuple(source + name for source in _SOURCES)
                download(urls, folder / name, expected[name])
    else:
        found = complete_folder(root, _LAYOUTS, names)
        if found is None:
            raise missing(root, names, "MNIST")
        folder = found
    md5 = checked(folder, expected)
    arrays = [_read_idx(folder / name) for name in names]
    return Dataset(
        "mnist", _images(arrays[0]), _labels(arrays[1]), _images(arrays[2]), _labels(arrays[3]), md5
    )


def _images(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels.astype(np.float32) / np.float32(255))[:, None]


def _labels(labels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(labels.astype(np.int64))


def _read_idx(path: Path) -> NDArray[np.uint8]:
    """Read a gzipped IDX file of bytes: two zeros, type, number of axes, big-endian sizes, data."""
    try:
        raw = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{path} is not a gzip file: {error}; fetch it again"
        raise StorageError(msg) from error
    axes = raw[3] if len(raw) > 3 else 0
    sizes, body = raw[4 : 4 + 4 * axes], raw[4 + 4 * axes :]
    shape = tuple(int(n) for n in np.frombuffer(sizes[: len(sizes) // 4 * 4], dtype=">u4"))
    if raw[:3] != bytes([0, 0, _UNSIGNED_BYTE]) or not axes or len(body) != math.prod(shape):
        msg = f"{path} is not an IDX file of bytes (head {raw[:4].hex()!r}, shape {shape})"
        raise StorageError(msg)
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)
