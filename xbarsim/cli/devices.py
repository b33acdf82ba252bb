"""This module is ``xbarsim devices``: the shipped parameter sets."""

from typing import Annotated

import typer

from xbarsim.cli.output import OUT, JsonFlag, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(devices)


def devices(
    name: Annotated[str | None, typer.Argument(help="Preset or TOML file to show.")] = None,
    json: JsonFlag = False,
) -> None:
    """List the shipped device presets, or show one with its units and sources."""
    from rich.markup import escape
    from rich.table import Table

    from xbarsim.parameters import load_crossbar, load_device, load_effects, preset_names

    if name is None:
        chosen = [load_device(preset) for preset in preset_names()]
        if json:
            print_json([device.model_dump() for device in chosen])
            return
        table = Table("preset", "g_min [S]", "g_max [S]", "ON/OFF", "σ/μ", "source")
        for d in chosen:
            table.add_row(
                d.name, f"{d.g_min:.3g}", f"{d.g_max:.3g}", f"{d.on_off_ratio:.3g}",
                f"{d.sigma:.3g}", d.source,
            )  # fmt: skip
        OUT.print(table)
        return
    device, crossbar = load_device(name), load_crossbar(name, rows=64, cols=64)
    effects = load_effects(name)
    if json:
        sets = {"device": device, "crossbar": crossbar, "effects": effects}
        print_json({key: params.model_dump() for key, params in sets.items()})
        return
    table = Table("parameter", "value", "unit", "meaning")
    for params in (device, crossbar, effects):
        for field, info in type(params).model_fields.items():
            value = getattr(params, field)
            shown = "; ".join(value) if isinstance(value, tuple) else str(value)
            if field not in ("rows", "cols"):
                table.add_row(field, escape(shown), params.unit(field), info.description or "")
    OUT.print(table)
