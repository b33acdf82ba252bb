"""This module is how a data set is found by its name."""

from xbarsim.data.dataset import Dataset
from xbarsim.data.digits import load_digits
from xbarsim.errors import ParameterError

_LOADERS = {"digits": load_digits}


def load_dataset(name: str) -> Dataset:
    """Return a data set by name.

    Raises:
        ParameterError: If no data set has that name.
    """
    if name not in _LOADERS:
        msg = f"no data set is called {name!r}; known: {', '.join(_LOADERS)}"
        raise ParameterError(msg)
    return _LOADERS[name]()
