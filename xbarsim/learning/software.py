"""This module is the table of software accuracy: what the kept checkpoints reached, row by row."""

import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from xbarsim.errors import StorageError
from xbarsim.learning.recipe import load_recipe
from xbarsim.learning.store import load_metrics, load_network
from xbarsim.parameters.base import Parameters
from xbarsim.storage import read_text
from xbarsim.units import Count, Ratio

_NOT_TRAINED = "not yet trained"


class Row(Parameters):
    """One row of the table; accuracies in percent."""

    method: str
    """How the network learned."""
    checkpoint: str
    """Name of the checkpoint, and of its recipe unless the network is a converted one."""
    converted_from: str | None = None
    """Checkpoint that the network was converted from."""
    steps: Count | None = None
    """Time-steps; none for a network without time."""
    paper: Ratio | None = None
    """What the paper reports."""
    bar: Ratio | None = None
    """What the row has to reach."""

    def command(self, folder: Path) -> str:
        """Return the command that makes the row's checkpoint in ``folder``."""
        if self.converted_from is not None:
            out = folder / f"{self.checkpoint}.safetensors"
            source = folder / f"{self.converted_from}.safetensors"
            return f"xbarsim convert {source} -o {out} --steps {self.steps}"
        command = f"xbarsim train {self.checkpoint} -o {folder / self.checkpoint}.safetensors"
        start = load_recipe(self.checkpoint).start_from
        return command if start is None else f"{command} --start {folder / start}.safetensors"


def software_rows() -> list[Row]:
    """Return the rows of the table, in the paper's order."""
    text = (resources.files("xbarsim.learning") / "software.toml").read_text()
    return [Row(**fields) for fields in tomllib.loads(text)["row"]]


def software_results(folder: Path) -> list[dict[str, Any]]:
    """Return the table: for every row what its checkpoints reached, or how to train one.

    A checkpoint holds what was measured on the test images when it was made; nothing is measured
    here. Several seeds lie side by side: NAME.safetensors, NAME-seed1.safetensors, ... Of a seed
    whose weights are not kept, its metrics tell: the last line of NAME-seed1.jsonl.

    Args:
        folder: Folder of the checkpoints.

    Raises:
        StorageError: If a checkpoint is damaged.
    """
    return [_result(row, folder) for row in software_rows()]


def _result(row: Row, folder: Path) -> dict[str, Any]:
    paths = [folder / f"{row.checkpoint}.safetensors"]
    paths += sorted(folder.glob(f"{row.checkpoint}-seed*.safetensors"))
    runs = [_run(path) for path in paths if path.exists()]
    logs = sorted(folder.glob(f"{row.checkpoint}-seed*.jsonl"))
    runs += [_logged(log) for log in logs if log.with_suffix(".safetensors") not in paths]
    result = row.model_dump(exclude={"converted_from"}, exclude_none=True)
    result["command"] = row.command(folder)
    if not runs:
        return {**result, "value": _NOT_TRAINED}
    values = [run["value"] for run in runs]
    spread = max(values) - min(values) if len(values) > 1 else None
    return {**result, "value": sum(values) / len(values), "seed_spread": spread, "runs": runs}


def _run(path: Path) -> dict[str, Any]:
    """Return one checkpoint's accuracy in percent, with where it comes from."""
    metrics = load_metrics(path)
    _, recipe = load_network(path)
    accuracy = 100 * metrics.pop("test_accuracy")
    return {"checkpoint": path.name, "seed": recipe.seed, "value": accuracy, **metrics}


def _logged(path: Path) -> dict[str, Any]:
    """Return the same from the metrics of a run whose checkpoint is not kept.

    Raises:
        StorageError: If the metrics do not end in a result.
    """
    try:
        last = json.loads(read_text(path).splitlines()[-1])
        accuracy = 100 * last.pop("test_accuracy")
    except (IndexError, KeyError, ValueError) as error:
        msg = f"{path} does not end in a test accuracy; the run is not finished, or not a training"
        raise StorageError(msg) from error
    return {"checkpoint": path.name, "value": accuracy, **last}
