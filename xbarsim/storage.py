"""This module is where files are written: whole or not at all, after checking that it can be done."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from platformdirs import user_cache_path

from xbarsim.errors import StorageError


def cache_folder(*parts: str) -> Path:
    """Return (and create) a folder under the user's cache, or under ``XBARSIM_CACHE`` when set."""
    root = os.environ.get("XBARSIM_CACHE")
    folder = (Path(root) if root else user_cache_path("xbarsim")).joinpath(*parts)
    return writable_folder(folder)


def writable_folder(folder: Path) -> Path:
    """Create ``folder`` and prove that a file can be written there, before any work starts.

    Raises:
        StorageError: If the folder cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        msg = f"cannot write in {folder}: {error.strerror}; choose another folder"
        raise StorageError(msg) from error
    return folder


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a kill at any moment leaves the old content or the new, never a part."""
    with whole_file(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Hold off other processes that ask for the same file, where the system can (not Windows).

    Raises:
        StorageError: If the lock's own file, beside it, cannot be written.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    lock = path.with_name(f".{path.name}.lock")
    try:
        stream = lock.open("a")
    except OSError as error:
        raise _refused(lock, error) from error
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def append_line(path: Path, line: str) -> None:
    """Add a line to a text file; after a kill its last line may be cut short, and no other.

    Raises:
        StorageError: If the file cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")
    except OSError as error:
        raise _refused(path, error) from error


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a stream whose content becomes the file when the block ends well, and is lost otherwise.

    Raises:
        StorageError: If the file cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot write {path}: {error.strerror}; choose another place or free some space"
    )


def read_text(path: Path) -> str:
    """Read a UTF-8 text file.

    Raises:
        StorageError: If the file is missing, unreadable or not text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise StorageError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path} is not a UTF-8 text file ({error.reason} at byte {error.start})"
        raise StorageError(msg) from error
