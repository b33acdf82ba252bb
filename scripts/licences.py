"""Write validation/trust/licences.json: the licence of every pinned package, as its metadata says.

python scripts/licences.py            # from the packages that are installed here
python scripts/licences.py --check    # fail when a pinned package is missing from the list
"""

import argparse
import json
import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from lock import PINNED, ROOT, plain

OUT = ROOT / "validation/trust/licences.json"
BY_HAND = {
    "pyspice": "GPL-3.0-or-later (headers of its source files)",
    "ply": "BSD-3-Clause (its source files)",
    "spikingjelly": "Apache-2.0 (its LICENSE file)",
}
"""Where metadata say nothing that can be read."""


def names() -> list[str]:
    """Return the pinned packages."""
    lines = PINNED.read_text().splitlines()
    return sorted(plain(line.split("==")[0]) for line in lines if line and line[0] != "#")


def licence(name: str) -> str:
    """Return what a package's metadata say, the newest way of saying it first."""
    if name in BY_HAND:
        return BY_HAND[name]
    said = metadata(name)
    classifiers = [c for c in said.get_all("Classifier") or [] if c.startswith("License ::")]
    short = (said.get("License") or "").strip().splitlines()
    texts = [said.get("License-Expression") or "", short[0] if len(short) == 1 else ""]
    texts += [", ".join(c.rpartition(" :: ")[2] for c in classifiers), *short[:1]]
    return next((text for text in texts if text and text != "UNKNOWN"), "")


def entry(name: str) -> dict[str, str]:
    """Return a package's licence, and its home."""
    said = metadata(name)
    links = said.get_all("Project-URL") or []
    home = said.get("Home-page") or next((x.partition(", ")[2] for x in links), "")
    return {"licence": licence(name), "home": re.sub(r"\s", "", home or "")}


def main() -> None:
    """Write the list, or check that it is complete."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="fail when the list is incomplete")
    known = json.loads(OUT.read_text())["packages"] if OUT.exists() else {}
    if parser.parse_args().check:
        missing = sorted(set(names()) ^ set(known))
        if missing:
            sys.exit(f"{OUT} is stale ({missing[:6]}); run python scripts/licences.py")
        return
    found, absent = {}, []
    for name in names():
        try:
            found[name] = entry(name)
        except PackageNotFoundError:
            absent.append(name)
    # What another system needs is not installed here; it is kept as it was found there.
    found |= {name: known[name] for name in absent if name in known}
    content = {"command": "python scripts/licences.py", "packages": dict(sorted(found.items()))}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    Path(OUT).write_text(json.dumps(content, indent=1) + "\n")
    unlisted = [name for name in absent if name not in known]
    print(f"wrote {OUT}; not installed here and not known: {', '.join(unlisted) or 'none'}")


if __name__ == "__main__":
    main()
