"""This module is the report: one HTML file with everything inside, verdict first."""

from dataclasses import dataclass
from pathlib import Path

from xbarsim.errors import ParameterError, StorageError
from xbarsim.report.advice import advice, percent
from xbarsim.report.content import Picture, Report, Slides
from xbarsim.report.downloads import data_uri, file_name
from xbarsim.report.drop import drop_slides
from xbarsim.report.page import render_page, shown
from xbarsim.report.pictures import accuracy_picture, evidence_pictures
from xbarsim.storage import write_atomically
from xbarsim.validation import ValidationRecord
from xbarsim.validation.decks import worst_deck

__all__ = ["Picture", "Report", "Slides", "write_report"]


@dataclass(frozen=True)
class _Deck:
    """A deck to download, or why there is none."""

    model: str
    circuit: str
    vector: int
    error: str
    file: str
    uri: str
    why_not: str


def write_report(report: Report, path: Path) -> Path:
    """Write the report as one file that needs no network and no other file.

    Raises:
        StorageError: If the file cannot be written.
    """
    record = report.record
    pictures = [*evidence_pictures(record), *report.pictures]
    if any(row.steps for row in report.rows):
        pictures.append(accuracy_picture(report.rows))
    slides, no_slides = _slides(record)
    html = render_page(
        "template.html",
        report=report,
        record=record,
        advice=advice(record),
        pictures=[shown(picture) for picture in pictures],
        slides=None if slides is None else [shown(picture) for picture in slides.pictures],
        no_slides=no_slides,
        decks=_decks(record),
        tolerances=sorted({t for m in record.models for t in m.verdicts}, key=float),
        covered=_envelope_lines(record),
        hardware=_hardware_lines(record),
    )
    write_atomically(path, html)
    return path


def _slides(record: ValidationRecord) -> tuple[Slides | None, str]:
    """Return the IR-drop maps, or why there are none."""
    try:
        return drop_slides(record), ""
    except (ParameterError, StorageError) as error:
        return None, str(error)


def _decks(record: ValidationRecord) -> list[_Deck]:
    """Return the worst circuit of the primary model, then those of the others, each circuit once."""
    decks: dict[tuple[str, int], _Deck] = {}
    models = [record.primary, *(m for m in record.models if m.standing == "approximate")]
    for model in models:
        worst = model.worst
        vector = 0 if record.setting.topology.silent == "grounded" else worst.vector
        if (worst.name, vector) in decks:
            continue
        uri, why_not = "", ""
        try:
            uri = data_uri(worst_deck(record, model).encode(), "text/plain;charset=utf-8")
        except (ParameterError, StorageError) as error:
            why_not = str(error)
        decks[worst.name, vector] = _Deck(
            model.name, worst.name, worst.vector, percent(worst.max_error),
            f"{file_name(f'{worst.name}-input-{worst.vector}')}.cir", uri, why_not,
        )  # fmt: skip
    return list(decks.values())


def _envelope_lines(record: ValidationRecord) -> list[tuple[str, str]]:
    units = {"rows": "", "cols": "", "conductance": " S", "v_row": " V", "density": ""}
    lines = []
    for name, (low, high) in record.envelope.model_dump().items():
        unit = units.get(name, " Ω")
        value = f"{low:.4g}{unit}" if low == high else f"{low:.4g} to {high:.4g}{unit}"
        lines.append((name, value))
    return lines


def _hardware_lines(record: ValidationRecord) -> list[tuple[str, str]]:
    """Return device, cells and topology in words."""
    setting = record.setting
    cell = setting.cell.model_dump(mode="json")
    law = ", ".join(f"{k} {v}" for k, v in cell.items() if k != "kind" and v is not None)
    topology = ", ".join(f"{k} {v}" for k, v in setting.topology.model_dump().items())
    device = setting.device
    ratio = f"{device.on_off_ratio:.3g}"
    return [
        ("device", f"{device.name}: {device.g_min:.4g} to {device.g_max:.4g} S, ON/OFF {ratio}"),
        ("read voltage", f"{device.v_read:.4g} V"),
        ("cells", f"{cell['kind']}{': ' + law if law else ''}"),
        ("topology", topology),
    ]
