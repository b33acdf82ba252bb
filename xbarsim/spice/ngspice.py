"""This module is where ngspice is on this machine, which version, and with which matrix solver."""

import ctypes.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xbarsim.errors import SpiceError, SpiceMissingError

_INSTALL = (
    "install it (Debian/Ubuntu: apt-get install ngspice libngspice0; macOS: brew install ngspice "
    "libngspice), or set NGSPICE_LIBRARY_PATH to the library's full path"
)
_KLU_SINCE = 42


@dataclass(frozen=True)
class NgspiceInfo:
    """The ngspice that was found.

    Attributes:
        program: Path of the command-line program.
        library: Path or loadable name of the shared library.
        version: Version number, as printed.
        klu: Whether the KLU matrix solver is compiled in.
    """

    program: str
    library: str
    version: str
    klu: bool

    @property
    def solver(self) -> str:
        """Name, version and matrix solver, as results state it."""
        return f"ngspice {self.version} ({'KLU' if self.klu else 'Sparse 1.3'})"


def find_ngspice() -> NgspiceInfo:
    """Find the ngspice program and its shared library.

    Raises:
        SpiceMissingError: If either is missing; says what to install.
    """
    program = shutil.which("ngspice")
    if program is None:
        msg = f"the program ngspice is not on PATH; {_INSTALL}"
        raise SpiceMissingError(msg)
    version, klu = _version(program)
    return NgspiceInfo(program, _find_library(), version, klu)


def missing_parts() -> list[str]:
    """Return what of ngspice is not here, in words, one sentence a part; nothing when all is."""
    missing = []
    if shutil.which("ngspice") is None:
        missing.append("the program ngspice is not on PATH")
    try:
        _find_library()
    except SpiceMissingError as error:
        missing.append(str(error).split(";", maxsplit=1)[0])
    return missing


@cache
def _version(program: str) -> tuple[str, bool]:
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"{program} --version could not be run: {error}"
        raise SpiceError(msg) from error
    match = re.search(r"ngspice-(\d[\d.]*)", done.stdout)
    if match is None:
        msg = f"{program} --version does not name a version; is it ngspice? It printed: "
        raise SpiceError(msg + done.stdout[:200], log_tail=done.stderr[-500:])
    version = match.group(1)
    klu = "KLU" in done.stdout or int(version.split(".")[0]) >= _KLU_SINCE
    return version, klu


def _find_library() -> str:
    """Return the shared library: the user's choice, then the usual folders, then the linker's."""
    chosen = os.environ.get("NGSPICE_LIBRARY_PATH")
    if chosen:
        if not Path(chosen).exists() and Path(chosen).is_absolute():
            msg = f"NGSPICE_LIBRARY_PATH is {chosen!r}, which does not exist; {_INSTALL}"
            raise SpiceMissingError(msg)
        return chosen
    name = "libngspice.dylib" if sys.platform == "darwin" else "libngspice.so.0"
    roots = ("/usr/local/lib", "/usr/lib", "/usr/lib64", "/opt/homebrew/lib")
    for folder in (Path(root) for root in roots):
        for path in (folder / name, *sorted(folder.glob(f"*-linux-gnu*/{name}"))):
            if path.exists():
                return str(path)
    found = ctypes.util.find_library("ngspice")
    if found is None:
        msg = f"the shared library {name} was not found; {_INSTALL}"
        raise SpiceMissingError(msg)
    return found
