"""This module is the frame of every report: one HTML file with style, script and figures inside."""

from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from xbarsim.report.advice import hundredths, percent
from xbarsim.report.content import Picture
from xbarsim.report.downloads import csv_uri, file_name, inline_svg, png_uri, svg_text, svg_uri


@dataclass(frozen=True)
class Shown:
    """A picture as a template takes it."""

    title: str
    caption: str
    svg: Markup
    file: str
    downloads: tuple[tuple[str, str], ...]


def shown(picture: Picture) -> Shown:
    """Return a picture drawn, and its downloads: SVG, PNG, and its numbers as CSV."""
    svg = svg_text(picture.figure)
    # The layout that the first drawing found holds for the second.
    picture.figure.set_layout_engine("none")
    links = (
        ("svg", svg_uri(svg)),
        ("png", png_uri(picture.figure)),
        ("csv", csv_uri(picture.data)),
    )
    return Shown(picture.title, picture.caption, inline_svg(svg), file_name(picture.title), links)


def render_page(template: str, **values: object) -> str:
    """Return a template of this package filled in, as a page that needs no other file."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, loader=FunctionLoader(_part)
    )
    environment.filters |= {"percent": percent, "hundredths": hundredths}
    return environment.get_template(template).render(
        **values,
        style=Markup(_part("style.css")),  # noqa: S704
        script=Markup(_part("script.js")),  # noqa: S704
    )


def _part(name: str) -> str:
    return (resources.files("xbarsim.report") / name).read_text(encoding="utf-8")
