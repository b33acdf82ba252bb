"""This script writes the README's tables from committed results: readme_numbers.py [--check]."""

import csv
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finding_tables import finding_tables

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
FINDINGS = ROOT / "docs/findings.md"
PAGE = ROOT / "validation/benchmarks/README.md"
LONG = ("models", "spice-accuracy")


def evidence_table() -> str:
    """Return one line per validation record."""
    lines = [
        (
            "| case | arrays | against | outputs | exact to (allowed) | best approximation: worst, "
            "rms | no wires: worst, rms |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for path in sorted((ROOT / "validation/records").glob("*.json")):
        r = json.loads(path.read_text())
        low, high = r["envelope"]["rows"]
        exact, near = (
            min(
                (m for m in r["models"] if m["standing"] == standing),
                key=lambda m: m["errors"]["nrmse"],
            )
            for standing in ("exact", "approximate")
        )
        (ideal,) = (m for m in r["models"] if m["standing"] == "baseline")
        cells = [
            f"`{r['case']}`",
            f"{r['n_circuits']}, {low:g} to {high:g} rows",
            r["reference"],
            str(r["n_outputs"]),
            f"{exact['name']}: {exact['errors']['max_error']:.1e} ({exact['tolerance']:.0e})",
            f"{near['name']}: {_two(near['errors'])}{_linear_cells(r)}",
            _two(ideal["errors"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _linear_cells(record: dict[str, Any]) -> str:
    """Return what linear cells in the place of nonlinear ones would cost."""
    if record["setting"]["cell"]["kind"] == "linear":
        return ""
    (linear,) = (m for m in record["models"] if m["name"] == "exact")
    return f" (linear cells instead: {_two(linear['errors'])})"


def _two(errors: dict[str, float]) -> str:
    """Return the largest and the rms error in %."""
    return ", ".join(f"{100 * errors[name]:.2g} %" for name in ("max_error", "nrmse"))


def demo_table() -> str:
    """Return the demo's accuracy table."""
    result = json.loads((ROOT / "validation/studies/demo/summary.json").read_text())
    lines = [
        (
            "| network | steps | tile | gain | software [%] | hardware [%], lowest to highest chip |"
            " relative drop [%] |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in result["rows"]:
        chips = [100 * value for value in row["hardware"]]
        mean = sum(chips) / len(chips)
        lines.append(
            f"| {row['method']} | {row['steps'] or '-'} | {row['tile'][0]}x{row['tile'][1]} | "
            f"{row['gain']} | {100 * row['software']:.1f} | {mean:.1f} ({min(chips):.1f} to "
            f"{max(chips):.1f}) | {100 * row['relative_drop']:.1f} |"
        )
    return "\n".join(lines)


def studies_table() -> str:
    """Return what each cause costs: one line a condition, one column a way to learn."""
    with (ROOT / "validation/studies/digits/causes.csv").open() as stream:
        lines = list(csv.DictReader(stream))
    methods = list(dict.fromkeys(line["method"] for line in lines))
    soft = {line["method"]: f"{float(line['software']):.1f}" for line in lines}
    table = [f"| chip | {' | '.join(methods)} |", "| --- " * (len(methods) + 1) + "|"]
    table.append("| software | " + " | ".join(soft[m] for m in methods) + " |")
    for condition in dict.fromkeys(line["condition"] for line in lines):
        found = {
            line["method"]: f"{float(line['hardware']):.1f}"
            for line in lines
            if line["condition"] == condition
        }
        table.append(f"| {condition} | {' | '.join(found.get(m, '-') for m in methods)} |")
    return "\n".join(table)


def cured_table() -> str:
    """Return one line a network: accuracy as mapped, and after the cures that build on each other."""
    steps = {
        "raw": "gain none",
        "gain layer": "gain layer",
        "gain bitline": "gain bitline",
        "and outputs corrected": "gain bitline, outputs corrected on 256 images",
        "and compensated": "gain bitline, compensated, outputs corrected on 256 images",
    }
    head = ["network", "test images", "software", *steps]
    table = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for dataset in ("digits", "mnist", "cifar10"):
        with (ROOT / f"validation/studies/{dataset}/beyond.csv").open() as stream:
            lines = list(csv.DictReader(stream))
        for row in dict.fromkeys(line["row"] for line in lines):
            own = {line["cure"]: line for line in lines if line["row"] == row}
            first = next(iter(own.values()))
            after = [f"{float(own[f'64x64, {words}']['after']):.1f}" for words in steps.values()]
            images = f"{int(first['images']):,}"
            table.append(
                f"| {row} | {images} | {float(first['software']):.1f} | {' | '.join(after)} |"
            )
    return "\n".join(table)


def benchmark_table(*, short: bool) -> str:
    """Return one line per benchmark figure; the short table has figures of speed with a bar only."""
    lines = ["| benchmark | figure | measured | bar |", "| --- | --- | --- | --- |"]
    for path in sorted((ROOT / "validation/benchmarks").glob("*.json")):
        if short and path.stem in LONG:
            continue
        result = json.loads(path.read_text())
        for name, (value, bar) in result["figures"].items():
            if bar or not short:
                lines.append(f"| {path.stem} | {name} | {value:.3g} | {bar or '-'} |")
    return "\n".join(lines)


def benchmark_page() -> str:
    """Return the page of every figure, and of the machine that each file was measured on."""
    head = (
        "# Every benchmark figure\n\nWritten by `python scripts/readme_numbers.py` from the files "
        "beside it; `xbarsim bench NAME --out validation/benchmarks` makes NAME.json anew, which "
        "also names machine and versions.\n\n"
    )
    return head + benchmark_table(short=False) + "\n"


def filled(path: Path, tables: Mapping[str, str]) -> str:
    """Return a page with the text between its marks renewed."""
    text = path.read_text()
    for name, table in tables.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text, count = re.subn(
            pattern, lambda m, t=table: m[1] + t + "\n" + m[2], text, flags=re.DOTALL
        )
        if count != 1:
            sys.exit(f"{path.name} has {count} places marked {name!r}; it needs one")
    return text


def main() -> int:
    """Fill the marked parts of README and findings, or with --check say whether they are stale."""
    readme = {
        "evidence": evidence_table(),
        "demo": demo_table(),
        "studies": studies_table(),
        "cured": cured_table(),
        "benchmarks": benchmark_table(short=True),
    }
    pages = {
        README: filled(README, readme),
        FINDINGS: filled(FINDINGS, finding_tables()),
        PAGE: benchmark_page(),
    }
    for path, content in pages.items():
        if "--check" in sys.argv and (not path.exists() or content != path.read_text()):
            sys.exit(f"{path.name}'s tables are stale; run python scripts/readme_numbers.py")
        path.write_text(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
