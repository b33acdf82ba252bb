"""This module is the packages that not everyone needs: found when used, or how to get them."""

from importlib import import_module
from typing import Any

from xbarsim.errors import MissingPackageError


def needed(package: str, extra: str, what: str) -> Any:  # noqa: ANN401
    """Return an optional package.

    Args:
        package: Name under which it is imported.
        extra: Extra of xbarsim that brings it.
        what: What needs it, for the message.

    Raises:
        MissingPackageError: If it is not installed; says the command that gets it.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        msg = f"{what} need the package {package}: pip install 'xbarsim[{extra}]'"
        raise MissingPackageError(msg) from error
