"""This module is how parameter sets are found: by the name of a shipped preset, or as a TOML file."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, cast, get_args

from xbarsim.errors import ParameterError, did_you_mean
from xbarsim.parameters.base import Parameters
from xbarsim.parameters.cells import CellParams, SubcircuitCell
from xbarsim.parameters.crossbar import CrossbarParams
from xbarsim.parameters.device import DeviceParams
from xbarsim.parameters.effects import EffectParams
from xbarsim.parameters.topology import TopologyParams
from xbarsim.parameters.transient import TransientParams
from xbarsim.storage import read_text

_TABLES = {"device", "crossbar", "topology", "cell", "transient", "effects"}
_KINDS: tuple[type[Parameters], ...] = get_args(CellParams)


def preset_names() -> list[str]:
    """Return the names of the shipped presets, sorted."""
    folder = resources.files("xbarsim.parameters") / "presets"
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name[-5:] == ".toml")


def load_device(source: str | Path) -> DeviceParams:
    """Load the cell of a preset (by name) or of a TOML file (by path).

    Raises:
        ParameterError: Unknown preset (the nearest name is suggested), unknown key, bad value.
        StorageError: The file cannot be read.
    """
    tables, name = _load_tables(source)
    if "device" not in tables:
        msg = f"{source} has no [device] table; it needs at least g_min and g_max (or r_min, r_max)"
        raise ParameterError(msg)
    return DeviceParams(**{"name": name, **tables["device"]})


def load_crossbar(source: str | Path, *, rows: int, cols: int) -> CrossbarParams:
    """Load the wires of a preset or TOML file for an array of ``rows`` x ``cols``."""
    tables, _ = _load_tables(source)
    return CrossbarParams(**{**tables.get("crossbar", {}), "rows": rows, "cols": cols})


def load_topology(source: str | Path) -> TopologyParams:
    """Load the [topology] of a preset or TOML file; the plain array when it has none."""
    tables, _ = _load_tables(source)
    return TopologyParams(**tables.get("topology", {}))


def load_transient(source: str | Path) -> TransientParams:
    """Load the [transient] of a preset or TOML file; the default pulse when it has none."""
    tables, _ = _load_tables(source)
    return TransientParams(**tables.get("transient", {}))


def load_effects(source: str | Path) -> EffectParams:
    """Load the [effects] of a preset or TOML file; without a law its variation is the device's sigma.

    Raises:
        ParameterError: Unknown law, unknown key, bad value.
        StorageError: The file cannot be read.
    """
    tables, _ = _load_tables(source)
    effects = dict(tables.get("effects", {}))
    if "variation" not in effects:
        sigma = load_device(source).sigma if "device" in tables else 0.0
        effects["variation"] = {"kind": "relative", "sigma": sigma}
    return EffectParams(**effects)


def load_cell(source: str | Path) -> CellParams:
    """Load the [cell] of a preset or TOML file, chosen by its ``kind``; Ohm's law when it has none.

    The path of the user's own sub-circuit is relative to the TOML file.

    Raises:
        ParameterError: Unknown kind (the known ones are named), unknown key, bad value.
    """
    tables, _ = _load_tables(source)
    values = dict(tables.get("cell", {"kind": "linear"}))
    kinds = {kind.model_fields["kind"].default: kind for kind in _KINDS}
    chosen = kinds.get(str(values.get("kind")))
    if chosen is None:
        msg = f"cell kind {values.get('kind')!r} in {source} is unknown; choose {', '.join(kinds)}"
        raise ParameterError(msg)
    if chosen is SubcircuitCell and "path" in values:
        values["path"] = Path(source).parent / str(values["path"])
    return cast("CellParams", chosen(**values))


def _load_tables(source: str | Path) -> tuple[dict[str, dict[str, Any]], str]:
    """Return the tables of a parameter file and the name that it goes by."""
    path = Path(source)
    if path.suffix == ".toml" or path.parent != Path():
        text, name = read_text(path), path.stem
    else:
        names = preset_names()
        if str(source) not in names:
            hint = did_you_mean(source, names)
            msg = f"no preset is called {str(source)!r}; {hint}shipped: {', '.join(names)}"
            raise ParameterError(msg)
        name = str(source)
        text = (resources.files("xbarsim.parameters") / "presets" / f"{name}.toml").read_text()
    return parse_tables(text, str(source)), name


def parse_tables(text: str, where: str) -> dict[str, dict[str, Any]]:
    """Parse parameter TOML into its known tables, refusing anything else."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{where} is not valid TOML: {error}"
        raise ParameterError(msg) from None
    for key, value in tables.items():
        if key not in _TABLES or not isinstance(value, dict):
            msg = f"unknown key {key!r} in {where}; known are [{'], ['.join(sorted(_TABLES))}]"
            raise ParameterError(msg)
    return tables
