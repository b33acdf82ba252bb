"""This module is the environment of the peers: installed from PyPI, apart from xbarsim's own."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from xbarsim.errors import ParameterError
from xbarsim.storage import cache_folder

# badcrossbar draws with pycairo, which needs system headers; computing does not.
PACKAGES = ("badcrossbar==1.1.0", "aihwkit==1.1.0")
NEEDED = ("numpy", "scipy", "sigfig", "pathvalidate")
_MINUTES = 10


def peer_python() -> Path:
    """Return the interpreter of the peers' environment, which is made where it is missing.

    ``XBARSIM_PEERS`` names another environment that holds them.

    Raises:
        ParameterError: If the environment cannot be made, or the named one has no interpreter.
    """
    named = os.environ.get("XBARSIM_PEERS")
    folder = Path(named) if named else cache_folder("peers")
    python = folder / "bin" / "python"
    if named and not python.is_file():
        msg = f"XBARSIM_PEERS is {named!r}, which has no bin/python; name a virtual environment"
        raise ParameterError(msg)
    done = folder / "installed"
    if not named and not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        _install(python, list(NEEDED))
        _install(python, ["--no-deps", PACKAGES[0]])
        done.write_text("\n".join(PACKAGES))
    return python


def try_install(python: Path, package: str) -> str:
    """Install a package that may not fit this machine; return why it does not, or nothing."""
    try:
        _install(python, ["--no-deps", "--only-binary=:all:", package])
    except ParameterError as error:
        return str(error)
    return ""


def run_peer(python: Path, script: str, *, path: str = "") -> dict[str, Any]:
    """Run a script in the peers' environment, and return the JSON that it prints last.

    Raises:
        ParameterError: If it fails, with the last line that it printed.
    """
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    env = {**kept, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = _run([str(python), "-c", script], env)
    answer: dict[str, Any] = json.loads(done.splitlines()[-1])
    return answer


def own_packages() -> str:
    """Return the folder of xbarsim's own packages, for a peer that needs its torch."""
    return next(path for path in sys.path if path.endswith("site-packages"))


def _install(python: Path, what: list[str]) -> None:
    _run([str(python), "-m", "pip", "install", "--quiet", *what], dict(os.environ))


def _run(command: list[str], env: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env=env, timeout=60 * _MINUTES
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        msg = (
            f"the peers' environment failed at {' '.join(command[1:5])!r}: {said[-1] if said else ''}; "
            "fix that, or name an environment with the peers in XBARSIM_PEERS"
        )
        raise ParameterError(msg) from error
    return done.stdout
