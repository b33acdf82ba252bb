"""This script writes the README's tables from committed results: readme_numbers.py [--check]."""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"


def evidence_table() -> str:
    """Return one line per validation record."""
    lines = [
        "| case | arrays | against | outputs | worst error, of full scale | allowed |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for path in sorted((ROOT / "validation/records").glob("*.json")):
        r = json.loads(path.read_text())
        low, high = r["envelope"]["rows"]
        lines.append(
            f"| `{r['case']}` | {r['n_circuits']}, {low:g} to {high:g} rows | {r['reference']} | "
            f"{r['n_outputs']} | {r['errors']['max_error']:.1e} | {r['tolerance']:.0e} |"
        )
    return "\n".join(lines)


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


def benchmark_table() -> str:
    """Return one line per benchmark figure."""
    lines = ["| benchmark | figure | measured | bar |", "| --- | --- | --- | --- |"]
    for path in sorted((ROOT / "validation/benchmarks").glob("*.json")):
        result = json.loads(path.read_text())
        for name, (value, bar) in result["figures"].items():
            lines.append(f"| {path.stem} | {name} | {value:.3g} | {bar or '-'} |")
    return "\n".join(lines)


def main() -> int:
    """Fill the marked parts of the README, or with --check say whether they are stale."""
    text = README.read_text()
    for name, table in (
        ("evidence", evidence_table()),
        ("demo", demo_table()),
        ("benchmarks", benchmark_table()),
    ):
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text, count = re.subn(
            pattern, lambda m, t=table: m[1] + t + "\n" + m[2], text, flags=re.DOTALL
        )
        if count != 1:
            sys.exit(f"README.md has {count} places marked {name!r}; it needs one")
    if "--check" in sys.argv and text != README.read_text():
        sys.exit("README.md's tables are stale; run python scripts/readme_numbers.py")
    README.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
