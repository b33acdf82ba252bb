"""This module is training that survives a kill: state on disk, metrics as JSON lines, a time budget."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from xbarsim.errors import StorageError
from xbarsim.learning.recipe import Recipe
from xbarsim.learning.run import TrainingRun, Update
from xbarsim.storage import append_line, read_text, write_atomically

_SAVE_EVERY_S = 60.0
_LINE_EVERY = 50


@dataclass(frozen=True)
class Progress:
    """Where a run stands after ``continue_run``.

    Attributes:
        finished: Whether all updates are made.
        update: Updates made.
        seconds: Time spent on updates, over all slices. [s]
    """

    finished: bool
    update: int
    seconds: float


def continue_run(
    run: TrainingRun,
    state: Path,
    metrics: Path,
    *,
    budget_s: float | None = None,
    on_update: Callable[[Update], None] | None = None,
) -> Progress:
    """Advance a run to its end, or until the time budget is spent; a later call goes on from there.

    The state is written once a minute and at the end, whole or not at all, so a kill at any moment
    loses at most a minute and changes no weight of the result.

    Args:
        run: The run, just made from its recipe.
        state: File of the run's state; read when it exists.
        metrics: JSON lines, one per 50 updates.
        budget_s: Time after which to stop; no limit by default. [s]
        on_update: Called after every update.

    Raises:
        StorageError: If the state is of another recipe or data, damaged, or not to be written.
    """
    spent = _restore(run, state) if state.exists() else 0.0
    log = _Metrics(metrics, run)
    began = saved = time.monotonic()
    while run.update < run.total:
        update = run.advance()
        now = time.monotonic()
        log.add(update, spent + now - began)
        if on_update is not None:
            on_update(update)
        if now - began >= (math.inf if budget_s is None else budget_s):
            break
        if now - saved >= _SAVE_EVERY_S:
            _save(run, state, spent + now - began)
            saved = now
    seconds = spent + time.monotonic() - began
    _save(run, state, seconds)
    return Progress(run.update == run.total, run.update, seconds)


class _Metrics:
    """Appends a line for every 50 updates; what follows the restored update is dropped.

    A line holds update, epoch, loss, train_accuracy, seconds (over all slices), images_per_second.
    """

    def __init__(self, path: Path, run: TrainingRun) -> None:
        self.path, self.run = path, run
        self.batch: list[Update] = []
        self.since: float | None = None
        old = read_text(path).splitlines() if path.exists() and run.update else []
        kept = [line for line in old if _update_of(line) <= run.update]
        write_atomically(path, "".join(f"{line}\n" for line in kept))

    def add(self, update: Update, seconds: float) -> None:
        self.since = seconds if self.since is None else self.since
        self.batch.append(update)
        run = self.run
        if run.update % _LINE_EVERY and run.update < run.total:
            return
        images = sum(u.images for u in self.batch)
        line: dict[str, Any] = {
            "update": run.update,
            "epoch": run.update / run.updates_per_epoch,
            "loss": sum(u.loss * u.images for u in self.batch) / images,
            "train_accuracy": sum(u.right for u in self.batch) / images,
            "seconds": seconds,
        }
        if seconds > self.since:
            timed = images - self.batch[0].images
            line["images_per_second"] = timed / (seconds - self.since)
        append_line(self.path, json.dumps(line))
        self.batch, self.since = [], None


def _update_of(line: str) -> float:
    """Return the update that a line of metrics tells of; a line that a kill cut short tells none."""
    try:
        return float(json.loads(line)["update"])
    except (ValueError, KeyError, TypeError):
        return math.inf


def log_result(metrics: Path, result: Mapping[str, Any]) -> None:
    """Append a finished run's result to its metrics, so that they tell it without the weights."""
    append_line(metrics, json.dumps(dict(result), sort_keys=True))


def _identity(recipe: Recipe, run: TrainingRun) -> str:
    """Return what two slices of one run must have in common."""
    return f"{recipe.key()} {json.dumps(dict(run.data.md5), sort_keys=True)}"


def _save(run: TrainingRun, path: Path, seconds: float) -> None:
    metadata = {"of": _identity(run.recipe, run), "seconds": repr(seconds)}
    tensors = {name: t.contiguous() for name, t in run.state().items()}
    write_atomically(path, save(tensors, metadata))


def _restore(run: TrainingRun, path: Path) -> float:
    """Read a state into the run; returns the seconds spent so far."""
    try:
        with safe_open(path, framework="pt", device=str(run.device)) as stream:
            metadata = stream.metadata() or {}
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        msg = f"{path} is not the state of a training run: {error}; delete it to start anew"
        raise StorageError(msg) from error
    if metadata.get("of") != _identity(run.recipe, run):
        msg = f"{path} is the state of another recipe or other data; delete it to start anew"
        raise StorageError(msg)
    run.restore(tensors)
    return float(metadata["seconds"])
