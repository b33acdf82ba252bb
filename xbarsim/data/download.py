"""This module is the download of one file: resumed where it broke off, and checked by its md5."""

import hashlib
import http.client
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from xbarsim.errors import StorageError

_TIMEOUT_S = 30.0
_BLOCK = 1 << 20


def md5_of(path: Path) -> str:
    """Return a file's md5 in hexadecimal.

    Raises:
        StorageError: If the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(
                stream, lambda: hashlib.md5(usedforsecurity=False)
            ).hexdigest()
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise StorageError(msg) from error


def download(urls: tuple[str, ...], target: Path, md5: str) -> Path:
    """Fetch a file from the first address that answers with the right content.

    A part that an earlier call left behind (``target`` + ``.part``) is continued, not fetched anew.

    Args:
        urls: Addresses of the same file, best first.
        target: Where the file goes; written only when complete and right.
        md5: What the file's checksum must be.

    Returns:
        ``target``.

    Raises:
        StorageError: No address could be reached, or every answer had another checksum.
    """
    part = target.with_name(target.name + ".part")
    reasons = []
    for url in urls:
        try:
            _fetch(url, part)
        except (OSError, http.client.HTTPException) as error:
            reasons.append(f"{url}: {error}")
            continue
        found = md5_of(part)
        if found == md5:
            part.replace(target)
            return target
        part.unlink()
        reasons.append(f"{url}: md5 is {found}, expected {md5}")
    msg = (
        f"cannot download {target.name} ({'; '.join(reasons)}); fetch it on a machine with a "
        f"network and put it in a folder named by --data or XBARSIM_DATA, or in {target.parent}"
    )
    raise StorageError(msg)


def _fetch(url: str, part: Path) -> None:
    """Append what is missing of ``url`` to ``part``; start over when the server cannot resume."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            mode = "ab" if have and answer.status == http.HTTPStatus.PARTIAL_CONTENT else "wb"
            with part.open(mode) as stream:
                shutil.copyfileobj(answer, stream, _BLOCK)
    except urllib.error.HTTPError as error:
        # The part is complete already: nothing lies behind its end.
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
