"""This module is the JSON Schema of xbarsim's TOML files, for completion and checks in editors."""

from collections.abc import Callable
from typing import Any, get_args

from xbarsim.errors import ParameterError, did_you_mean
from xbarsim.parameters.base import Parameters

Schema = dict[str, Any]


def file_schema(kind: str) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a kind of file.

    Every property says its meaning and its unit. An editor uses it by a first line
    ``#:schema device.schema.json`` in the TOML file (Even Better TOML, taplo), or by its settings.

    Args:
        kind: ``device``, ``case`` or ``recipe``.

    Raises:
        ParameterError: If there is no such kind.
    """
    if kind not in SCHEMAS:
        hint = did_you_mean(kind, SCHEMAS)
        msg = f"no file is called {kind!r}; {hint}choose {', '.join(SCHEMAS)}"
        raise ParameterError(msg)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"xbarsim {kind} file",
    }
    return {**head, **SCHEMAS[kind]()}


def _device() -> Schema:
    """Return the tables of a parameter file; rows and columns come from the command."""
    from xbarsim.parameters import (
        CellParams,
        CrossbarParams,
        DeviceParams,
        EffectParams,
        TopologyParams,
        TransientParams,
    )

    device = _table(DeviceParams, without=("name",))
    device["properties"] |= {
        alias: {"type": "number", "exclusiveMinimum": 0, "description": f"1 / {field} [Ω]"}
        for alias, field in (("r_min", "g_max"), ("r_max", "g_min"))
    }
    pairs = (("g_min", "r_max"), ("g_max", "r_min"))
    device["allOf"] = [{"oneOf": [{"required": [a]}, {"required": [b]}]} for a, b in pairs]
    device["required"] = []
    tables = {
        "device": device,
        "crossbar": _table(CrossbarParams, without=("rows", "cols")),
        "topology": _table(TopologyParams),
        "transient": _table(TransientParams),
        "effects": _table(EffectParams),
        "cell": {"oneOf": [_table(cell, chosen_by="kind") for cell in get_args(CellParams)]},
    }
    return _lifted({"type": "object", "properties": tables, "additionalProperties": False})


def _case() -> Schema:
    from xbarsim.validation import ValidationCase

    return _lifted(_table(ValidationCase, without=("name",)))


def _recipe() -> Schema:
    from xbarsim.learning import Recipe

    return _lifted(_table(Recipe, without=("name",)))


SCHEMAS: dict[str, Callable[[], Schema]] = {"device": _device, "case": _case, "recipe": _recipe}


def _table(model: type[Parameters], without: tuple[str, ...] = (), chosen_by: str = "") -> Schema:
    """Return a model's schema, its units in the descriptions.

    Fields that the file's name or the command say need not stand in the file; the field that
    chooses among several models must.
    """
    schema = model.model_json_schema()
    properties: Schema = schema["properties"]
    for field in properties:
        unit = model.unit(field)
        if unit not in ("", "1"):
            properties[field]["description"] = (
                f"{properties[field].get('description', '')} [{unit}]"
            )
    schema["required"] = [f for f in schema.get("required", []) if f not in without]
    if chosen_by:
        schema["required"].append(chosen_by)
    for field in without:
        if field != "name":
            del properties[field]
    return schema


def _lifted(schema: Schema) -> Schema:
    """Move all ``$defs`` to the top, where references look for them."""
    found: Schema = {}

    def walk(value: Any) -> None:  # noqa: ANN401
        if isinstance(value, dict):
            found.update(value.pop("$defs", {}))
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(schema)
    for definition in list(found.values()):
        walk(definition)
    return {**schema, "$defs": found} if found else schema
