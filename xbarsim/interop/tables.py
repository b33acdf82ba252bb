"""This module is results as tables that spreadsheets and data frames open: CSV and Parquet."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xbarsim.errors import StorageError
from xbarsim.storage import write_atomically


def write_table(path: Path, columns: Mapping[str, Any]) -> None:
    """Write columns of one length, whole or not at all; the header says names and units.

    Args:
        path: File that ends in .csv or .parquet (which needs pyarrow).
        columns: Values by name, say ``{"i_col [A]": ...}``.

    Raises:
        StorageError: If the ending is unknown, pyarrow is missing, or lengths differ.
    """
    check_table_name(path)
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        msg = f"the columns of a table differ in length: {lengths}"
        raise StorageError(msg)
    plain = {k: v.tolist() if hasattr(v, "tolist") else list(v) for k, v in columns.items()}
    if path.suffix == ".csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(plain)
        writer.writerows(zip(*plain.values(), strict=True))
        write_atomically(path, text.getvalue())
    else:
        write_atomically(path, _parquet(plain))


def check_table_name(path: Path) -> None:
    """Refuse a file that no table can be written to, before any work.

    Raises:
        StorageError: If its ending is neither .csv nor .parquet.
    """
    if path.suffix not in (".csv", ".parquet"):
        msg = f"{path} ends in {path.suffix!r}; tables are written as .csv or .parquet"
        raise StorageError(msg)


def _parquet(columns: dict[str, list[Any]]) -> bytes:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        msg = "Parquet needs pyarrow: pip install 'xbarsim[parquet]'; or write a .csv"
        raise StorageError(msg) from error
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue().to_pybytes())
