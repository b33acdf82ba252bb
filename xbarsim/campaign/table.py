"""This module is a campaign's output: one file for all of it, which is read without xbarsim."""

import io
import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xbarsim.campaign.case import CampaignCase, Cases
from xbarsim.campaign.store import ResultStore
from xbarsim.errors import ParameterError
from xbarsim.reference import ReferenceCurrents
from xbarsim.storage import whole_file, write_atomically

_GROUP_BYTES = 2**25
"""Rows are handed on in groups of about this size, so that long campaigns fit in memory."""


class Column(NamedTuple):
    """What a column holds."""

    kind: str
    unit: str
    meaning: str


COLUMNS = {
    "case": Column("text", "", "parameter set"),
    "seed": Column("number", "1", "circuit within the parameter set"),
    "vector": Column("number", "1", "input vector of the circuit"),
    "v_row": Column("list", "V", "voltage of each row"),
    "conductance": Column("list", "S", "cells of the circuit, row by row: [row, col] flattened"),
    "i_row": Column("list", "A", "current out of each row's drivers"),
    "i_col": Column("list", "A", "current into each column's sense resistors"),
    "i_diff": Column(
        "list", "A", "current of each differential pair; null where columns are single"
    ),
    "key": Column(
        "text", "", "SHA-256 of deck, silent rows and solver: the result's name when kept"
    ),
    "solver": Column("text", "", "simulator, its version and matrix solver"),
    "method": Column("text", "", "engine and analysis"),
    "deck_sha256": Column("text", "", "SHA-256 of what ngspice ran"),
    "seconds": Column("real", "s", "wall time of the circuit's run"),
}


def write_table(path: Path, cases: Cases, keys: Sequence[str], store: ResultStore) -> None:
    """Write all results as one file: .parquet with a row per case and vector, or .npz.

    The Parquet file says of each column its unit and meaning, and in its own metadata (``xbarsim``,
    JSON) the versions, simulator options, and parameters of every kind of circuit in it.

    Raises:
        ParameterError: If the file's ending is another one.
        StorageError: If it cannot be written, or a result was damaged.
    """
    check_table_path(path)
    pairs = zip(cases, keys, strict=True)
    found = ((case, key, store.get(key)) for case, key in pairs)
    if path.suffix == ".parquet":
        _write_parquet(path, found)
    else:
        _write_npz(path, found)


def check_table_path(path: Path) -> None:
    """Refuse a file whose ending names no kind of table, before anything runs."""
    if path.suffix not in (".parquet", ".npz"):
        msg = f"{path} is neither .parquet nor .npz: its ending says what to write"
        raise ParameterError(msg)
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        msg = f"{path} needs pyarrow: pip install 'xbarsim[parquet]'; or write an .npz"
        raise ParameterError(msg)


Found = Iterator[tuple[CampaignCase, str, ReferenceCurrents]]


def _write_parquet(path: Path, found: Found) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {
        "text": pa.dictionary(pa.int32(), pa.string()), "number": pa.int64(), "real": pa.float64(),
        "list": pa.list_(pa.float64()),
    }  # fmt: skip
    schema = pa.schema([
        pa.field(name, kinds[c.kind], metadata={"unit": c.unit, "meaning": c.meaning})
        for name, c in COLUMNS.items()
    ])  # fmt: skip
    circuits: dict[str, Any] = {}
    with whole_file(path) as stream, parquet.ParquetWriter(
        stream, schema, compression="zstd"
    ) as writer:  # fmt: skip
        for rows in _groups(found, circuits):
            columns = {name: [row[name] for row in rows] for name in COLUMNS}
            writer.write_table(pa.table(columns, schema=schema))
        writer.add_key_value_metadata({"xbarsim": json.dumps(_provenance(circuits))})


def _groups(found: Found, circuits: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield rows in groups that fit in memory, and note each kind of circuit that is met."""
    rows: list[dict[str, Any]] = []
    size = 0
    for case, key, result in found:
        kind = {
            "case": case.name, "crossbar": case.crossbar.model_dump(mode="json"),
            "topology": case.topology.model_dump(mode="json"),
            "cell": case.cell.model_dump(mode="json"), "options": result.provenance.options,
        }  # fmt: skip
        circuits[json.dumps(kind)] = kind
        rows += _rows(case, key, result)
        size += len(result.v_row) * 8 * (case.conductance.size + sum(case.crossbar.shape))
        if size > _GROUP_BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def _rows(case: CampaignCase, key: str, found: ReferenceCurrents) -> Iterator[dict[str, Any]]:
    said = found.provenance
    flat = case.conductance.ravel()
    for k in range(len(found.v_row)):
        yield {
            "case": case.name,
            "seed": case.seed,
            "vector": k,
            "v_row": found.v_row[k],
            "conductance": flat,
            "i_row": found.i_row[k],
            "i_col": found.i_col[k],
            "i_diff": None if found.i_diff is None else found.i_diff[k],
            "key": key,
            "solver": said.solver,
            "method": said.method,
            "deck_sha256": said.deck_sha256,
            "seconds": said.seconds,
        }


def _provenance(circuits: dict[str, Any]) -> dict[str, Any]:
    return {
        "xbarsim": version("xbarsim"),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "circuits": list(circuits.values()),
    }


def _write_npz(path: Path, found: Found) -> None:
    """Write one array per column, a row per case, vector and column; texts have one entry a case."""
    parts: list[tuple[np.ndarray, ...]] = []
    names, keys, said = [], [], []
    for number, (case, key, result) in enumerate(found):
        vector, col = np.indices(result.i_col.shape)
        flat = result.i_col.ravel()
        number_of = (np.full(flat.shape, number), np.full(flat.shape, case.seed))
        parts.append((*number_of, vector.ravel(), col.ravel(), flat))
        names.append(case.name)
        keys.append(key)
        said.append(json.dumps(asdict(result.provenance)))
    fields = ("case", "seed", "vector", "col", "i_col")
    columns = {name: np.concatenate([part[k] for part in parts]) for k, name in enumerate(fields)}
    stream = io.BytesIO()
    np.savez_compressed(
        stream, allow_pickle=False, name=np.array(names), key=np.array(keys),
        provenance=np.array(said), **columns,
    )  # fmt: skip
    write_atomically(path, stream.getvalue())
