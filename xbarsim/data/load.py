"""This module is how a data set is found by its name."""

from pathlib import Path

from xbarsim.data.cifar10 import load_cifar10
from xbarsim.data.dataset import Dataset
from xbarsim.data.digits import load_digits
from xbarsim.data.mnist import load_mnist
from xbarsim.errors import ParameterError, did_you_mean

_LOADERS = {"digits": lambda _: load_digits(), "mnist": load_mnist, "cifar10": load_cifar10}


def load_dataset(name: str, data: Path | None = None) -> Dataset:
    """Return a data set by name: ``digits``, ``mnist`` or ``cifar10``.

    Args:
        name: Name of the data set.
        data: Folder with its files; by default ``XBARSIM_DATA``, else the user's cache, which is
            filled from the official address.

    Raises:
        ParameterError: If no data set has that name.
        StorageError: If its files are missing, damaged, or cannot be downloaded.
    """
    if name not in _LOADERS:
        hint = did_you_mean(name, _LOADERS)
        msg = f"no data set is called {name!r}; {hint}known: {', '.join(_LOADERS)}"
        raise ParameterError(msg)
    return _LOADERS[name](data)
