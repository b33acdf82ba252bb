"""This module is CIFAR-10: colour photographs, 32x32, 50000 to train on and 10000 to test.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from xbarsim.data.dataset import Dataset
from xbarsim.data.download import download, md5_of
from xbarsim.data.files import cached_folder, checked, complete_folder, data_folder, missing
from xbarsim.data.unpickle import read_arrays
from xbarsim.errors import StorageError

CIFAR10_MD5: Mapping[str, str] = MappingProxyType(
    {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
    }
)
"""The published python batches and their checksums; the last one is the test set."""

BINARY_NAMES = (*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin")
"""Files of the binary version, in the same order."""

_ARCHIVE = "cifar-10-python.tar.gz"
_ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"
_SOURCES = (f"https://www.cs.toronto.edu/~kriz/{_ARCHIVE}",)
_PYTHON_LAYOUTS = ("cifar10", "cifar-10-batches-py", "cifar10/cifar-10-batches-py", ".")
_BINARY_LAYOUTS = ("cifar10", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin", ".")
_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32

Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]


def load_cifar10(data: Path | None = None, expected: Mapping[str, str] = CIFAR10_MD5) -> Dataset:
    """Return CIFAR-10, downloaded into the user's cache when it is nowhere to be found.

    Args:
        data: Folder with the python batches or the binary version, itself or in a sub-folder of
            the usual name.
        expected: Names of the python batches (test set last) and their md5, checked before reading.

    Raises:
        StorageError: Files missing, not the published ones, or not to be downloaded.
    """
    root = data_folder(data)
    names = tuple(expected)
    if root is None:
        root = _fetched(names)
    folder = complete_folder(root, _PYTHON_LAYOUTS, names)
    if folder is not None:
        md5 = checked(folder, expected)
        return _dataset([_read_python(folder / name) for name in names], md5)
    folder = complete_folder(root, _BINARY_LAYOUTS, BINARY_NAMES)
    if folder is None:
        raise missing(root, (*names, *BINARY_NAMES), "CIFAR-10")
    md5 = {name: md5_of(folder / name) for name in BINARY_NAMES}
    return _dataset([_read_binary(folder / name) for name in BINARY_NAMES], md5)


def _fetched(names: tuple[str, ...]) -> Path:
    """Return the cache's folder with the python batches, fetching and unpacking them if needed."""
    folder = cached_folder("cifar10")
    if complete_folder(folder, _PYTHON_LAYOUTS, names) is None:
        archive = download(_SOURCES, folder / _ARCHIVE, _ARCHIVE_MD5)
        try:
            with tarfile.open(archive) as stream:
                stream.extractall(folder, filter="data")
        except tarfile.TarError as error:
            msg = f"{archive} is no archive that can be unpacked safely: {error}; delete it"
            raise StorageError(msg) from error
        archive.unlink()
    return folder


def _dataset(batches: list[Batch], md5: dict[str, str]) -> Dataset:
    images = [torch.from_numpy(p.astype(np.float32) / np.float32(255)) for p, _ in batches]
    labels = [torch.from_numpy(numbers) for _, numbers in batches]
    return Dataset(
        "cifar10", torch.cat(images[:-1]), torch.cat(labels[:-1]), images[-1], labels[-1], md5
    )


def _read_python(path: Path) -> Batch:
    """Read a python batch: ``data`` [image, 3072] planes R, G, B, and ``labels``."""
    content = read_arrays(path.read_bytes(), str(path))
    try:
        pixels = np.asarray(content[b"data"], dtype=np.uint8).reshape(-1, *_SHAPE)
        labels = np.asarray(content[b"labels"], dtype=np.int64)
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{path} is not a batch of CIFAR-10: {error!r}; fetch it again"
        raise StorageError(msg) from error
    return pixels, labels


def _read_binary(path: Path) -> Batch:
    """Read a binary batch: per image one byte of label and 3072 bytes of planes R, G, B."""
    raw = np.fromfile(path, dtype=np.uint8)
    if raw.size == 0 or raw.size % (_PIXELS + 1):
        msg = f"{path} has {raw.size} bytes, not a multiple of {_PIXELS + 1}; fetch it again"
        raise StorageError(msg)
    records = raw.reshape(-1, _PIXELS + 1)
    return records[:, 1:].reshape(-1, *_SHAPE), records[:, 0].astype(np.int64)
