"""This module is downloads inside the page: figures, their data and decks as data: URIs."""

import base64
import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from xbarsim.report.content import Column
from xbarsim.report.style import INK

_DPI = 140
_NONE = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def svg_text(figure: Any) -> str:  # noqa: ANN401
    """Return a figure as the text of an SVG file without background."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata=_NONE, transparent=True)
    return stream.getvalue()


def inline_svg(text: str) -> Markup:
    """Return an SVG file's drawing in the page's own text colour, without the XML preamble."""
    # The text is matplotlib's own output, which escapes what it draws.
    return Markup(text[text.index("<svg") :].replace(INK, "currentColor"))  # noqa: S704


def svg_uri(text: str) -> str:
    """Return an SVG file as a data: URI."""
    return data_uri(text.encode(), "image/svg+xml")


def png_uri(figure: Any) -> str:  # noqa: ANN401
    """Return a figure as a data: URI of a PNG file."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=_DPI, metadata={"Software": None})
    return data_uri(stream.getvalue(), "image/png")


def csv_uri(data: Mapping[str, Column]) -> str:
    """Return columns as a data: URI of a CSV file with one heading line."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(data)
    writer.writerows(zip(*data.values(), strict=True))
    return data_uri(stream.getvalue().encode(), "text/csv;charset=utf-8")


def data_uri(content: bytes, kind: str) -> str:
    """Return any content as a data: URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def file_name(text: str) -> str:
    """Return a name that is safe for a file, made of a title."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "figure"
