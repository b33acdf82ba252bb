"""This module is how a case is found: a case file, a bare device file, or the name of a preset."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xbarsim.errors import ParameterError
from xbarsim.parameters import preset_names
from xbarsim.storage import read_text
from xbarsim.validation.case import ValidationCase

DEVICE_DEFAULTS: dict[str, Any] = {
    "circuits": 10,
    "densities": (0.01, 0.05, 0.2, 0.5),
    "vectors": 8,
    "precision": 0.25,
    "budget": 300.0,
}
"""What a bare device file is asked: up to ten arrays a size, as many as it takes, five minutes."""


def load_case(source: str | Path, changes: Sequence[str] = ()) -> ValidationCase:
    """Read a case from a TOML file, or make the usual one of a device file or of a preset's name.

    Paths in a case file are relative to it.

    Args:
        source: Case file, device file (it has a [device] table), or preset.
        changes: ``KEY=VALUE`` each: a number of the device or the wires, or a field of the case.

    Raises:
        ParameterError: If the file is not valid TOML or holds unknown keys.
        StorageError: If it cannot be read.
    """
    path = Path(source)
    if path.suffix != ".toml" and str(source) in preset_names():
        data: dict[str, Any] = {"name": str(source), "device": str(source), **DEVICE_DEFAULTS}
    else:
        data = _read(path)
    for text in changes:
        _change(data, text)
    return ValidationCase(**{"name": path.stem, **_tuples(data)})


def _read(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        msg = f"{path} is not valid TOML: {error}"
        raise ParameterError(msg) from None
    if isinstance(data.get("device"), dict):
        return {"device": str(path), **DEVICE_DEFAULTS}
    if str(data.get("device", "")).endswith(".toml"):
        data["device"] = str(path.parent / str(data["device"]))
    if "network" in data:
        data["network"] = str(path.parent / str(data["network"]))
    return data


def _change(data: dict[str, Any], text: str) -> None:
    """Apply one KEY=VALUE; the value is read as TOML, a bare word as text."""
    key, mark, value = text.partition("=")
    if not mark or not key:
        msg = f"--set {text!r} is not KEY=VALUE, for example --set r_wire_row=7"
        raise ParameterError(msg)
    try:
        parsed = tomllib.loads(f"v = {value}")["v"]
    except tomllib.TOMLDecodeError:
        parsed = value
    if key in ValidationCase.model_fields:
        data[key] = parsed
    else:
        data["changes"] = {**data.get("changes", {}), key: parsed}


def _tuples(data: dict[str, Any]) -> dict[str, Any]:
    """Turn TOML's lists into tuples."""
    return {
        key: tuple(tuple(v) if isinstance(v, list) else v for v in value)
        if isinstance(value, list)
        else value
        for key, value in data.items()
    }
