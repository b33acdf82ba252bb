"""What the site's generator fills in: parameter and command tables, and formulas as MathML."""

import html
import re
from pathlib import Path
from typing import Any, get_args

from latex2mathml.converter import convert

_STUDIES = Path(__file__).resolve().parents[1] / "validation/studies"
_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401
    """Replace the marks of generated tables."""
    for mark, make in (("<!-- parameters -->", _parameters), ("<!-- commands -->", _commands),
                       ("<!-- presets -->", _presets)):  # fmt: skip
        if mark in markdown:
            markdown = markdown.replace(mark, make())
    return markdown


def on_files(files: Any, config: Any) -> Any:  # noqa: ANN401
    """Add the pictures of the studies, which lie beside their tables, to the site's assets."""
    from mkdocs.structure.files import File

    for picture in sorted(_STUDIES.glob("*/*.png")):
        place = f"assets/studies/{picture.parent.name}/{picture.name}"
        files.append(File.generated(config, place, abs_src_path=str(picture)))
    return files


def on_page_content(content: str, **_: Any) -> str:  # noqa: ANN401
    """Turn LaTeX into MathML, which browsers draw without any script."""

    def mathml(found: re.Match[str]) -> str:
        display = "block" if found[2] == "[" else "inline"
        return convert(html.unescape(found[3]), display=display)

    return _FORMULA.sub(mathml, content)


def _models() -> list[tuple[str, str, list[type]]]:
    from xbarsim import parameters as p
    from xbarsim.learning import Recipe
    from xbarsim.mapping import MappingSpec
    from xbarsim.network import NeuronParams
    from xbarsim.validation import ValidationCase

    return [
        ("Device", "`[device]` in a parameter file", [p.DeviceParams]),
        ("Crossbar", "`[crossbar]`; rows and columns come from the command", [p.CrossbarParams]),
        ("Topology", "`[topology]`", [p.TopologyParams]),
        ("Cell laws", "`[cell]`, chosen by its `kind`", list(get_args(p.CellParams))),
        ("Effects", "`[effects]`: what separates a cell from its target", [p.EffectParams]),
        ("Time", "`[transient]`", [p.TransientParams]),
        ("Mapping", "arguments of `to_crossbar`", [MappingSpec]),
        ("Neurons", "`[neuron]` in a recipe", [NeuronParams]),
        ("Validation case", "a case file", [ValidationCase]),
        ("Training recipe", "a recipe file", [Recipe]),
    ]


def _parameters() -> str:
    parts = []
    for title, where, models in _models():
        parts.append(f"## {title}\n\nIn {where}.\n")
        for model in models:
            if len(models) > 1:
                parts.append(f"### {model.model_fields['kind'].default}\n")
            parts.append(f"{_cell((model.__doc__ or '').split(chr(10) * 2)[0])}\n")
            for name, field in model.model_fields.items():
                default = "needed" if field.is_required() else f"by default `{field.default}`"
                unit = f" [{unit}]" if (unit := model.unit(name)) else ""
                meaning = " ".join((field.description or "").split())
                parts.append(f"`{name}`{unit}, {default}\n:   {meaning}\n")
    return "\n".join(parts)


def _presets() -> str:
    from xbarsim.parameters import load_device, preset_names

    rows = ["| preset | g_min [S] | g_max [S] | σ/μ | source |", "| --- | --- | --- | --- | --- |"]
    for name in preset_names():
        d = load_device(name)
        rows.append(
            f"| `{name}` | {d.g_min:.3g} | {d.g_max:.3g} | {d.sigma:.3g} | {_cell(d.source)} |"
        )
    return "\n".join(rows)


def _commands() -> str:
    from typer.main import get_command

    from xbarsim.cli.app import app

    parts: list[str] = []
    _describe(get_command(app), "xbarsim", parts)
    return "\n".join(parts)


def _describe(command: Any, name: str, parts: list[str]) -> None:  # noqa: ANN401
    from xbarsim.cli.examples import EXAMPLES

    children = getattr(command, "commands", None)
    if children:
        for key in sorted(children):
            _describe(children[key], f"{name} {key}", parts)
        return
    examples = EXAMPLES[name.removeprefix("xbarsim ")]
    lines = "\n".join(f"    xbarsim {line}" for line in examples)
    parts += [f"## {name}\n", f"{command.help}\n", f"{lines}\n"]
    for param in command.params:
        option = param.param_type_name == "option"
        words = ", ".join(f"`{word}`" for word in (param.opts if option else [param.name.upper()]))
        if param.required:
            words += ", needed"
        elif param.default not in (None, False):
            words += f", by default `{param.default}`"
        parts.append(f"{words}\n:   {' '.join(param.help.split())}\n")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
