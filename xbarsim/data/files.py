"""This module is where a data set's files are looked for: a folder, the user's cache, the network."""

import os
from collections.abc import Mapping
from pathlib import Path

from xbarsim.data.download import md5_of
from xbarsim.errors import StorageError
from xbarsim.storage import cache_folder


def data_folder(data: Path | None) -> Path | None:
    """Return the folder that the user named: ``data``, else ``XBARSIM_DATA``, else None.

    Raises:
        StorageError: If the folder does not exist.
    """
    named = data or (Path(os.environ["XBARSIM_DATA"]) if os.environ.get("XBARSIM_DATA") else None)
    if named is not None and not named.is_dir():
        msg = f"{named} is not a folder; name one with the data set's files by --data"
        raise StorageError(msg)
    return named


def cached_folder(dataset: str) -> Path:
    """Return the folder of the user's cache where a data set is kept."""
    return cache_folder("data", dataset)


def complete_folder(root: Path, layouts: tuple[str, ...], names: tuple[str, ...]) -> Path | None:
    """Return the first sub-folder of ``root`` that holds all ``names``; None when none does."""
    for layout in layouts:
        folder = root / layout
        if all((folder / name).is_file() for name in names):
            return folder
    return None


def missing(root: Path, names: tuple[str, ...], dataset: str) -> StorageError:
    """Return the error of a named folder that does not hold a data set."""
    return StorageError(
        f"{root} does not hold {dataset} (looked for {', '.join(names)}, there and in its usual "
        "sub-folders); put the files there, or leave --data and XBARSIM_DATA out to download them"
    )


def checked(folder: Path, expected: Mapping[str, str]) -> dict[str, str]:
    """Return the md5 of every file, all of which are as expected.

    Raises:
        StorageError: If a file is not the published one.
    """
    found = {name: md5_of(folder / name) for name in expected}
    for name, md5 in expected.items():
        if found[name] != md5:
            msg = (
                f"{folder / name} has md5 {found[name]}, expected {md5}; it is damaged or another "
                "file: delete it and fetch it again"
            )
            raise StorageError(msg)
    return found
