"""Write constraints/locked.txt: every pinned package with the hashes of its files, for pip.

    python -m pip install uv && python scripts/lock.py          # ask the index for the hashes
    python scripts/lock.py --check                              # no network: same versions as pinned?

Kept are wheels for the Pythons and systems that CI runs; a package without one keeps its source
archive. torch is pinned by version only: its CPU and GPU builds carry the same version.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINNED = ROOT / "constraints/pinned.txt"
LOCKED = ROOT / "constraints/locked.txt"
BY_VERSION = {"torch"}
HEAD = (
    "# Written by scripts/lock.py from pinned.txt. pip install --require-hashes --no-deps -r this\n"
)
PYTHONS = re.compile(r"-(py3|py2\.py3|cp31[123]|cp3\d?(?=-abi3)|cp3\d\d?(?=-abi3))-")
SYSTEMS = re.compile(
    r"-(any|manylinux[^-]*_x86_64[^-]*|manylinux[^-]*_aarch64[^-]*|macosx[^-]*)\.whl$"
)


def pins() -> dict[str, str]:
    """Return the pinned version of every package but those pinned by version only."""
    lines = [line for line in PINNED.read_text().splitlines() if line and line[0] != "#"]
    versions = dict(line.split("==") for line in lines)
    named = {plain(name): version for name, version in versions.items()}
    return {name: version for name, version in named.items() if name not in BY_VERSION}


def plain(name: str) -> str:
    """Return a package's name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def asked() -> dict:
    """Ask the index, through uv, for all files of the pinned versions."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        sys.exit("uv is not installed: python -m pip install uv")
    with tempfile.TemporaryDirectory() as folder:
        wanted, found = Path(folder) / "wanted.in", Path(folder) / "pylock.toml"
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in pins().items()))
        options = ["--no-deps", "--universal", "--python-version", "3.11.5", "--generate-hashes"]
        options += ["--quiet", "--format", "pylock.toml", "-o", str(found), str(wanted)]
        subprocess.run([uv, "pip", "compile", *options], check=True)
        return tomllib.loads(found.read_text())


def lines(lock: dict) -> Iterator[str]:
    """Yield a requirement with its hashes for every package."""
    for package in lock["packages"]:
        wheels = package.get("wheels", [])
        names = {wheel["url"].rpartition("/")[2]: wheel["hashes"]["sha256"] for wheel in wheels}
        kept = {h for n, h in names.items() if PYTHONS.search(n) and SYSTEMS.search(n)}
        kept = kept or {package["sdist"]["hashes"]["sha256"]}
        hashes = "".join(f" \\\n    --hash=sha256:{h}" for h in sorted(kept))
        yield f"{package['name']}=={package['version']}{hashes}\n"


def locked() -> dict[str, str]:
    """Return the versions in the written file."""
    found = re.findall(r"^([a-z0-9-]+)==(\S+) \\$", LOCKED.read_text(), re.MULTILINE)
    return dict(found)


def main() -> None:
    """Write the file, or say whether it is stale."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="fail when versions differ")
    if parser.parse_args().check:
        wrong = sorted(set(pins().items()) ^ set(locked().items()))
        if wrong:
            sys.exit(f"constraints/locked.txt is stale ({wrong[:6]}); run python scripts/lock.py")
        return
    LOCKED.write_text(HEAD + "".join(lines(asked())))
    print(f"wrote {LOCKED}: {len(locked())} packages")


if __name__ == "__main__":
    main()
