"""This module is the report: one HTML file with everything inside, verdict first."""

import io
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from xbarsim.report.figures import accuracy_over_time, error_histogram
from xbarsim.storage import write_atomically
from xbarsim.study import AccuracyRow
from xbarsim.validation import ValidationRecord


@dataclass(frozen=True)
class Picture:
    """A figure with its title and what to see in it."""

    title: str
    caption: str
    figure: Any


@dataclass(frozen=True)
class Report:
    """What goes into the report.

    Attributes:
        title: Heading.
        record: The evidence.
        rows: Accuracy table; may be empty.
        pictures: Further figures.
        facts: Name and value of parameters and versions.
        notes: Sentences under the table.
    """

    title: str
    record: ValidationRecord
    rows: list[AccuracyRow] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def write_report(report: Report, path: Path) -> Path:
    """Write the report as one file that needs no network and no other file."""
    pictures = [
        Picture(
            "Error of the fast model",
            f"{report.record.n_outputs} column currents of {report.record.n_circuits} circuits.",
            error_histogram(report.record),
        ),
        *report.pictures,
    ]
    if any(row.steps for row in report.rows):
        caption = "Mean over chips; the band spans the chips."
        pictures.append(Picture("Accuracy over time", caption, accuracy_over_time(report.rows)))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = (resources.files("xbarsim.report") / "template.html").read_text(encoding="utf-8")
    html = environment.from_string(template).render(
        report=report,
        record=report.record,
        pictures=[(p.title, p.caption, _svg(p.figure)) for p in pictures],
        covered=_envelope_lines(report.record),
    )
    write_atomically(path, html)
    return path


def _svg(figure: Any) -> Markup:  # noqa: ANN401
    """Return a figure as inline SVG, without the XML preamble."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    # The text is matplotlib's own output, which escapes what it draws.
    return Markup(text[text.index("<svg") :])  # noqa: S704


def _envelope_lines(record: ValidationRecord) -> list[tuple[str, str]]:
    units = {"rows": "", "cols": "", "conductance": " S", "v_row": " V", "density": ""}
    lines = []
    for name, (low, high) in record.envelope.model_dump().items():
        unit = units.get(name, " Ω")
        value = f"{low:.4g}{unit}" if low == high else f"{low:.4g} to {high:.4g}{unit}"
        lines.append((name, value))
    return lines
