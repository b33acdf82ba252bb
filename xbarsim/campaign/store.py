"""This module is the store of results by content: a file each, there whole or not there."""

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbarsim.errors import StorageError
from xbarsim.reference import Provenance, ReferenceCurrents
from xbarsim.storage import writable_folder, write_atomically


@dataclass(frozen=True)
class ResultStore:
    """Results of finished runs, in a folder that survives being killed at any moment.

    Every file is written under another name, synced, and renamed, so a key either has its whole
    result or none. Several processes may write at once.

    Attributes:
        folder: Where the files are.
    """

    folder: Path

    def path(self, key: str) -> Path:
        """Return the file of a key; the first two digits are a folder, to keep folders small."""
        return self.folder / key[:2] / f"{key}.npz"

    def __contains__(self, key: str) -> bool:
        return self.path(key).exists()

    def put(self, key: str, found: ReferenceCurrents) -> None:
        """Keep a result.

        Raises:
            StorageError: If the folder cannot be written.
        """
        stream = io.BytesIO()
        pairs: dict[str, Any] = {} if found.i_diff is None else {"i_diff": found.i_diff}
        np.savez(
            stream, i_col=found.i_col, i_row=found.i_row, v_row=found.v_row,
            provenance=np.array(json.dumps(asdict(found.provenance))), **pairs,
        )  # fmt: skip
        path = self.path(key)
        writable_folder(path.parent)
        write_atomically(path, stream.getvalue())

    def get(self, key: str) -> ReferenceCurrents:
        """Return a kept result.

        Raises:
            StorageError: If there is none, or the file was damaged from outside.
        """
        path = self.path(key)
        try:
            with np.load(path, allow_pickle=False) as data:
                said = json.loads(str(data["provenance"]))
                provenance = Provenance(**{**said, "options": tuple(said["options"])})
                return ReferenceCurrents(
                    data["i_col"], data["i_row"], data["v_row"], provenance, data.get("i_diff")
                )
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            msg = f"{path} holds no whole result ({error}); delete it and run the campaign again"
            raise StorageError(msg) from error
