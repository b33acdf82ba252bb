"""This module is a design's answers as a folder: Markdown, CSV, figures and decks."""

import csv
import io
from pathlib import Path

from xbarsim.design.answers import DesignAnswers
from xbarsim.design.tables import AnswerTable, answer_tables, map_table
from xbarsim.report.design_figures import design_figures
from xbarsim.storage import writable_folder, write_atomically

_DPI = 150


def write_answers(answers: DesignAnswers, folder: Path) -> Path:
    """Write ``design.md``, a CSV of every table and map, figures (PNG, SVG) and decks.

    Returns:
        The Markdown file.

    Raises:
        StorageError: If the folder cannot be written.
    """
    tables = answer_tables(answers)
    data, figures = writable_folder(folder / "data"), writable_folder(folder / "figures")
    for table in (*tables, *map(map_table, answers.maps)):
        write_atomically(data / f"{table.name}.csv", table_csv(table))
    names = []
    for name, figure in design_figures(answers).items():
        for kind, settings in (("png", {"dpi": _DPI}), ("svg", {"metadata": {"Date": None}})):
            stream = io.BytesIO()
            figure.savefig(stream, format=kind, **settings)
            write_atomically(figures / f"{name}.{kind}", stream.getvalue())
        names.append(name)
    decks = writable_folder(folder / "decks")
    for deck in answers.decks:
        write_atomically(decks / deck.name, deck.text)
    path = folder / "design.md"
    write_atomically(path, _markdown(answers, tables, names))
    return path


def table_csv(table: AnswerTable) -> str:
    """Return a table as CSV, every digit kept, shares as numbers of unit 1."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    units = ["1" if c.kind == "share" else c.unit for c in table.columns]
    writer.writerow(
        [f"{c.name} [{u}]" if u else c.name for c, u in zip(table.columns, units, strict=True)]
    )
    for row in table.rows:
        writer.writerow(["" if value is None else value for value in row])
    return stream.getvalue()


def _markdown(answers: DesignAnswers, tables: tuple[AnswerTable, ...], figures: list[str]) -> str:
    design = answers.design
    c, d = design.crossbar, design.device
    lines = [
        f"# Design check: {_plain(d.name)}, {c.rows}x{c.cols}",
        "",
        (
            f"R_driver {c.r_driver:g} Ω, R_wire_row {c.r_wire_row:g} Ω, R_wire_col {c.r_wire_col:g} Ω, "
            f"R_sense {c.r_sense:g} Ω; R_MIN {1 / d.g_max:g} Ω, ON/OFF {d.on_off_ratio:g}; "
            f"V_read {d.v_read:g} V; {design.cell.kind} cells; silent rows {design.topology.silent}. "
            "The decks run by hand: `ngspice -b decks/NAME.cir`."
        ),
        "",
    ]
    shown = {"limits": [n for n in figures if n.startswith("map-")]}
    for table in tables:
        lines += [f"## {table.title}", "", *_rows(table), "", _plain(table.note), ""]
        for name in shown.get(table.name, [table.name] if table.name in figures else []):
            lines += [f"![{name}](figures/{name}.svg)", ""]
    return "\n".join(lines)


def _rows(table: AnswerTable) -> list[str]:
    if not table.rows:
        return []
    rule = ["---"] * len(table.columns)
    return [
        "| " + " | ".join(_plain(cell) for cell in row) + " |"
        for row in (table.header, rule, *table.shown)
    ]


def _plain(text: str) -> str:
    """Keep a user's name from being read as Markdown or HTML."""
    return text.replace("<", "&lt;").replace("|", "\\|").replace("\n", " ")
