"""Data sets are read from tiny files in the published formats; what is wrong is named."""

import gzip
import hashlib
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from xbarsim.data import load_dataset
from xbarsim.data.cifar10 import BINARY_NAMES, CIFAR10_MD5, load_cifar10
from xbarsim.data.download import download
from xbarsim.data.mnist import MNIST_MD5, load_mnist
from xbarsim.data.unpickle import read_arrays
from xbarsim.errors import ParameterError, StorageError


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def idx(array) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    return gzip.compress(head + array.tobytes())


@pytest.fixture
def mnist(tmp_path, draw):
    folder = tmp_path / "mnist"
    folder.mkdir()
    for name, n in zip(MNIST_MD5, (5, 5, 3, 3), strict=True):
        shape = (n, 28, 28) if "idx3" in name else (n,)
        (folder / name).write_bytes(idx(draw.integers(0, 10, shape).astype(np.uint8)))
    return folder


@pytest.fixture
def cifar(tmp_path, draw):
    """Python batches and the binary version of the same images."""
    for folder in ("cifar-10-batches-py", "cifar-10-batches-bin"):
        (tmp_path / folder).mkdir()
    for name, binary in zip(CIFAR10_MD5, BINARY_NAMES, strict=True):
        pixels = draw.integers(0, 256, (4, 3072)).astype(np.uint8)
        labels = draw.integers(0, 10, 4)
        content = pickle.dumps({b"data": pixels, b"labels": labels.tolist()}, protocol=2)
        (tmp_path / "cifar-10-batches-py" / name).write_bytes(content)
        records = np.hstack([labels.astype(np.uint8)[:, None], pixels])
        (tmp_path / "cifar-10-batches-bin" / binary).write_bytes(records.tobytes())
    return tmp_path


def checksums(folder, names):
    return {name: md5(folder / name) for name in names}


def test_mnist_from_a_folder_or_its_parent(mnist):
    expected = checksums(mnist, MNIST_MD5)
    data = load_mnist(mnist.parent, expected)
    assert data.train_images.shape == (5, 1, 28, 28)
    assert data.test_labels.shape == (3,)
    assert data.train_labels.dtype == torch.int64
    raw = gzip.decompress((mnist / "train-images-idx3-ubyte.gz").read_bytes())
    assert data.train_images[0, 0, 1, 2] == raw[16 + 28 + 2] / np.float32(255)
    assert data.md5 == expected
    assert torch.equal(load_mnist(mnist, expected).train_images, data.train_images)


def test_the_environment_names_the_folder(mnist, monkeypatch):
    monkeypatch.setenv("XBARSIM_DATA", str(mnist.parent))
    with pytest.raises(StorageError, match=r"has md5 .*, expected f68b3c2d"):
        load_dataset("mnist")


def test_a_folder_without_the_files_is_named(tmp_path):
    with pytest.raises(StorageError, match="does not hold MNIST"):
        load_mnist(tmp_path)
    with pytest.raises(StorageError, match="does not hold CIFAR-10"):
        load_cifar10(tmp_path)
    with pytest.raises(StorageError, match="is not a folder"):
        load_mnist(tmp_path / "absent")


@pytest.mark.parametrize(
    "content",
    [b"not gzip", gzip.compress(b"\0\0\x08\x03short", mtime=0)],
    ids=["not gzip", "short"],
)
def test_a_damaged_idx_file_is_named(mnist, content):
    (mnist / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(StorageError, match=r"train-images-idx3-ubyte\.gz is not"):
        load_mnist(mnist, checksums(mnist, MNIST_MD5))


def test_both_versions_of_cifar_hold_the_same_images(cifar):
    expected = checksums(cifar / "cifar-10-batches-py", CIFAR10_MD5)
    python = load_cifar10(cifar, expected)
    binary = load_cifar10(cifar / "cifar-10-batches-bin", expected)
    assert python.train_images.shape == (20, 3, 32, 32)
    assert torch.equal(python.train_images, binary.train_images)
    assert torch.equal(python.test_labels, binary.test_labels)
    assert set(binary.md5) == set(BINARY_NAMES)


def test_a_pickle_is_not_read_before_its_checksum_holds(cifar):
    with pytest.raises(StorageError, match="expected c99cafc1"):
        load_cifar10(cifar)


class Command:
    """Unpickling this would run a command."""

    def __reduce__(self):
        return eval, ("1/0",)


@pytest.mark.parametrize("content", [pickle.dumps(Command()), b"", b"\x80\x02garbage"])
def test_a_pickle_can_call_nothing(content):
    with pytest.raises(StorageError, match="batch is not a data file that can be read safely"):
        read_arrays(content, "batch")


def test_a_binary_batch_of_another_size_is_named(cifar):
    path = cifar / "cifar-10-batches-bin" / "data_batch_3.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StorageError, match=r"data_batch_3\.bin has 12291 bytes"):
        load_cifar10(cifar / "cifar-10-batches-bin")


def test_a_download_is_resumed_checked_and_kept(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"whole content")
    target = tmp_path / "target"
    (tmp_path / "target.part").write_bytes(b"left over")
    assert download((source.as_uri(),), target, md5(source)).read_bytes() == b"whole content"
    assert not (tmp_path / "target.part").exists()
    with pytest.raises(StorageError, match=r"md5 is .*, expected 0"):
        download((source.as_uri(),), tmp_path / "other", "0")


def test_without_a_network_the_error_says_what_to_do(tmp_path):
    absent = (tmp_path / "absent").as_uri()
    with pytest.raises(StorageError, match=r"cannot download mnist.*XBARSIM_DATA"):
        download((absent,), tmp_path / "mnist", "0")


def test_digits_and_unknown_names():
    data = load_dataset("digits")
    assert (len(data.train_images), len(data.test_images)) == (1438, 359)
    with pytest.raises(ParameterError, match="known: digits, mnist, cifar10"):
        load_dataset("imagenet")


def test_the_archive_is_unpacked_from_the_cache(cifar, monkeypatch):
    names = {name: md5(cifar / "cifar-10-batches-py" / name) for name in CIFAR10_MD5}
    archive = cifar / "cifar.tar.gz"
    with tarfile.open(archive, "w:gz") as stream:
        stream.add(cifar / "cifar-10-batches-py", "cifar-10-batches-py")
    monkeypatch.delenv("XBARSIM_DATA", raising=False)
    monkeypatch.setattr("xbarsim.data.cifar10._SOURCES", (archive.as_uri(),))
    monkeypatch.setattr("xbarsim.data.cifar10._ARCHIVE_MD5", md5(archive))
    assert len(load_cifar10(expected=names).train_images) == 20
    monkeypatch.setattr("xbarsim.data.cifar10._SOURCES", ())
    assert len(load_cifar10(expected=names).test_images) == 4
