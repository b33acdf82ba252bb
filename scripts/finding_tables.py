"""This module is the tables of docs/findings.md: one block a data set, from committed studies."""

import csv
from collections.abc import Callable
from itertools import product
from pathlib import Path

STUDIES = Path(__file__).resolve().parents[1] / "validation/studies"
TITLES = {
    "digits": "scikit-learn's digits",
    "mnist": "MNIST, VGG5",
    "cifar10": "CIFAR-10, VGG9",
}
PICTURES = {
    "raw": ("fig3-accuracy", "accuracy over time-steps"),
    "depth": ("causes-rates", "spike rates layer by layer"),
    "adaptation": ("fig4-drop", "relative drop against adaptation samples"),
    "cures": ("cure-accuracy", "accuracy after every cure"),
    "beyond": ("beyond-accuracy", "accuracy under IR drop alone"),
}
Line = dict[str, str]


def finding_tables() -> dict[str, str]:
    """Return every table by its mark; data sets without the study's files are left out."""
    makers: dict[str, tuple[str, Callable[[str], str]]] = {
        "raw": ("table1", _raw),
        "size": ("table2", _size),
        "depth": ("causes", _depth),
        "time": ("causes", _time),
        "causes": ("causes", _causes),
        "adaptation": ("fig4", _adaptation),
        "cures": ("cure", _cures),
        "beyond": ("beyond", _beyond),
    }
    return {name: _blocks(name, *maker) for name, maker in makers.items()}


def _blocks(name: str, study: str, make: Callable[[str], str]) -> str:
    """Return a maker's table of every data set, with the images that its study looked at."""
    parts = []
    for dataset, title in TITLES.items():
        if text := make(dataset):
            counts = {int(line["images"]) for line in _lines(dataset, study)} - {0}
            images = " and ".join(f"{count:,}" for count in sorted(counts))
            parts.append(f"**{title}, {images} test images**\n\n{text}\n")
            if picture := _picture(dataset, name):
                parts.append(picture)
    return "\n".join(parts) or "Not measured yet.\n"


def _picture(dataset: str, name: str) -> str:
    """Return the link to a study's figure, which the site takes from beside its tables."""
    stem, words = PICTURES.get(name, ("", ""))
    exists = stem and (STUDIES / dataset / f"{stem}.png").exists()
    title = f"{TITLES[dataset]}: {words}"
    return f"![{title}](assets/studies/{dataset}/{stem}.png)\n" if exists else ""


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def _lines(dataset: str, study: str) -> list[Line]:
    path = STUDIES / dataset / f"{study}.csv"
    if not path.exists():
        return []
    with path.open() as stream:
        return list(csv.DictReader(stream))


def _percent(text: str, digits: int = 1) -> str:
    return f"{float(text):.{digits}f}" if text else "-"


def _across(dataset: str, study: str, first: str, gains: tuple[str, ...] = ()) -> str:
    """Return one line a condition and one column a network, with software and paper on top."""
    lines = [x for x in _lines(dataset, study) if not gains or x["condition"].endswith(gains)]
    networks = list(dict.fromkeys((line["method"], line["steps"]) for line in lines))
    names = [f"{method}, T {steps}" if steps else method for method, steps in networks]
    of = {(m, t, line["condition"]): line for line in lines for m, t in [_who(line)]}
    one = {_who(line): line for line in reversed(lines)}
    rows = [["software", *(_percent(one[n]["software"]) for n in networks)]]
    rows += _paper(lines, networks)
    for condition in dict.fromkeys(line["condition"] for line in lines):
        cells = [of.get((*n, condition)) for n in networks]
        rows.append([condition, *(_percent(c["hardware"]) if c else "-" for c in cells)])
    return _table([first, *names], rows) if lines else ""


def _paper(lines: list[Line], networks: list[tuple[str, str]]) -> list[list[str]]:
    """Return what the paper has for each size of arrays."""
    rows = []
    for tile in dict.fromkeys(_tile(line) for line in lines):
        of = {_who(line): line for line in reversed(lines) if _tile(line) == tile}
        cells = [
            f"{_percent(of[n]['paper_software'], 2)} / {_percent(of[n]['paper_hardware'], 2)}"
            for n in networks
        ]
        if any(line["paper_hardware"] for line in of.values()):
            rows.append([f"paper: software / {tile}", *cells])
    return rows


def _tile(line: Line) -> str:
    return line["condition"].split(",")[0]


def _who(line: Line) -> tuple[str, str]:
    return line["method"], line["steps"]


def _raw(dataset: str) -> str:
    return _across(dataset, "table1", "accuracy [%]")


def _size(dataset: str) -> str:
    """Return Table II without the gains that table "raw" has, too."""
    return _across(dataset, "table2", "accuracy [%]", ("gain none", "gain layer"))


def _causes(dataset: str) -> str:
    return _across(dataset, "causes", "accuracy [%]")


def _series(dataset: str, name: str, value: str) -> dict[tuple[str, str], list[float]]:
    """Return what a figure draws, by network and condition."""
    found: dict[tuple[str, str], list[float]] = {}
    for line in _lines(dataset, name):
        found.setdefault((line["row"], line["condition"]), []).append(float(line[value]))
    return found


def _depth(dataset: str) -> str:
    """Return spikes per neuron and step by layer, in software and on 64x64 tiles."""
    found = _series(dataset, "causes-rates", "rate")
    shown = ("software", "64x64, gain none", "64x64, gain layer")
    rows = [
        [*case, *(f"{r:.4f}" for r in rates)] for case, rates in found.items() if case[1] in shown
    ]
    depth = max((len(row) - 2 for row in rows), default=0)
    head = ["network", "where", *(f"layer {k + 1}" for k in range(depth))]
    return _table(head, [[*row, *["-"] * (depth + 2 - len(row))] for row in rows])


def _time(dataset: str) -> str:
    """Return accuracies and relative drop after a quarter, half and all of the time-steps."""
    found, rows = _series(dataset, "causes-steps", "accuracy"), []
    for row, gain in product(dict.fromkeys(row for row, _ in found), ("layer", "bitline")):
        soft, chip = found[row, "software"], found.get((row, f"64x64, gain {gain}"))
        if chip is None or len(soft) < 4:
            continue
        at = [max(1, round(share * len(soft))) for share in (0.25, 0.5, 1.0)]
        pairs = [(soft[step - 1], chip[step - 1]) for step in at]
        cells = [f"{s:.1f} / {c:.1f} ({100 * (1 - c / s):.1f})" for s, c in pairs]
        rows.append([row, gain, ", ".join(map(str, at)), *cells])
    return _table(["network", "gain", "steps", "after a quarter", "after half", "at the end"], rows)


def _adaptation(dataset: str) -> str:
    """Return the relative drop against the number of adaptation samples."""
    lines = [line for line in _lines(dataset, "fig4") if line["hardware"]]
    rows = [
        [
            line["condition"],
            _percent(line["software"]),
            _percent(line["hardware"]),
            _percent(line["drop"]),
        ]
        for line in lines
    ]
    return _table(["chip", "software [%]", "hardware [%]", "relative drop [%]"], rows)


def _cures(dataset: str) -> str:
    """Return every cure of every network: cost, before, after."""
    rows = []
    for line in _lines(dataset, "cure"):
        after = _percent(line["after"])
        if line["interval"]:
            after += f" ± {float(line['interval']):.1f}"
        rows.append(
            [
                line["method"],
                line["cure"].split(", ", 1)[1],
                line["needs"],
                f"{float(line['once_s']):.0f} / {float(line['chip_s']):.1f}",
                _percent(line["before"]),
                after if line["after"] else line["note"],
                _percent(line["drop"]),
            ]
        )
    head = ["network", "cure", "needs", "s once / a chip", "before [%]", "after [%]", "drop [%]"]
    return _table(head, rows)


def _beyond(dataset: str) -> str:
    """Return both tables of the study, without its title and its command."""
    path = STUDIES / dataset / "beyond.md"
    if not path.exists():
        return ""
    body = path.read_text().split("\n## ")[1:]
    return "\n".join("*" + part.replace("\n", "*\n", 1) for part in body)
