"""What the page on trust is filled in with: figures of validation/trust, and the list of licences."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "validation/trust"


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401
    """Replace the marks of tables that are made of committed results."""
    makers = {"mutants": _mutants, "fuzz": _fuzz, "load": _load, "licences": _licences}
    for name, make in makers.items():
        mark = f"<!-- trust: {name} -->"
        if mark in markdown:
            there = (FOLDER / f"{name}.json").exists()
            markdown = markdown.replace(mark, make() if there else "Not measured yet.")
    return markdown


def _read(name: str) -> dict[str, Any]:
    return dict(json.loads((FOLDER / f"{name}.json").read_text()))


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _mutants() -> str:
    found = _read("mutants")
    rows = [
        [room, str(r["mutants"]), str(r["killed"]), f"{100 * r['share']:.1f} %"]
        for room, r in found["rooms"].items()
    ]
    total = [str(found["mutants_tried"]), str(found["killed"]), f"{100 * found['share']:.1f} %"]
    rows.append(["**all**", *total])
    survivors = [
        f"- `{s['file']}`, line {s['line']}: `{s['change']}`: {s['explanation'] or 'not explained'}"
        for s in found["survivors"]
    ]
    left = "\n".join(survivors) or "- none"
    table = _table(["room", "mutants", "killed", "share"], rows)
    faults = (
        f"Without survivors that are explained: {100 * found['share_without_explained']:.1f} %."
    )
    return f"{table}\n\n{faults}\n\nSurvivors, and why no test can tell them apart:\n\n{left}"


def _fuzz() -> str:
    rows = [
        [name, *(str(counts.get(kind, 0)) for kind in ("tried", "accepted", "refused", "crashed"))]
        for name, counts in _read("fuzz").items()
    ]
    total = [str(sum(int(row[k]) for row in rows)) for k in range(1, 5)]
    head = ["reader", "inputs tried", "answers", "clear errors", "crashes"]
    return _table(head, [*rows, ["**all**", *total]])


def _load() -> str:
    figures = _read("load")["figures"]
    rows = [[name, f"{value:.4g}", bar or "-"] for name, (value, bar) in figures.items()]
    return _table(["figure", "value", "bar"], rows)


def _licences() -> str:
    packages = _read("licences")["packages"]
    counts = Counter(entry["licence"] for entry in packages.values())
    rows = [[licence, str(count)] for licence, count in counts.most_common()]
    return _table(["licence, as packages say it", "packages"], rows)
