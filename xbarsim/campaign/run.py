"""This module is running a campaign: what is missing, in worker processes, each with one ngspice."""

import io
import json
import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from xbarsim.campaign.case import CampaignCase
from xbarsim.campaign.store import ResultStore
from xbarsim.errors import ParameterError, SpiceError
from xbarsim.progress import progress_bar
from xbarsim.reference import ReferenceCurrents
from xbarsim.spice import find_ngspice, spice_currents
from xbarsim.storage import write_atomically

Work = tuple[str, CampaignCase]


@dataclass(frozen=True)
class CampaignResult:
    """Every case of a campaign, and where its result is kept.

    Attributes:
        seeds: Number of each case.
        keys: Key of each case in the store.
        computed: How many were computed now; the others were there already.
        store: Where the results are.
    """

    seeds: tuple[int, ...]
    keys: tuple[str, ...]
    computed: int
    store: ResultStore

    def currents(self, index: int) -> ReferenceCurrents:
        """Return the currents of case ``index``."""
        return self.store.get(self.keys[index])

    def save(self, path: Path) -> None:
        """Write one .npz with a row per case, vector and column; numpy reads it without xbarsim.

        Columns: seed, vector, col [1], i_col [A]; key and provenance (JSON) have one entry a case.
        """
        parts: list[tuple[np.ndarray, ...]] = []
        said = []
        for seed, key in zip(self.seeds, self.keys, strict=True):
            found = self.store.get(key)
            vector, col = np.indices(found.i_col.shape)
            flat = found.i_col.ravel()
            parts.append((np.full(flat.shape, seed), vector.ravel(), col.ravel(), flat))
            said.append(json.dumps(asdict(found.provenance)))
        names = ("seed", "vector", "col", "i_col")
        columns = {
            name: np.concatenate([part[k] for part in parts]) for k, name in enumerate(names)
        }
        stream = io.BytesIO()
        np.savez_compressed(
            stream,
            allow_pickle=False,
            key=np.array(self.keys),
            provenance=np.array(said),
            **columns,
        )
        write_atomically(path, stream.getvalue())


def run_campaign(
    cases: Iterable[CampaignCase],
    store: ResultStore,
    *,
    workers: int = 2,
    show: bool = True,
) -> CampaignResult:
    """Run every case that the store lacks; a campaign that was killed goes on where it was.

    Args:
        cases: Circuits and inputs; equal ones are run once.
        store: Where results are kept, and looked for first.
        workers: Processes, each with one ngspice at a time.
        show: Whether to show a bar with an estimate of the time left.

    Raises:
        ParameterError: If there is no case or no worker.
        SpiceError: If a run fails, or a worker is killed; what is finished stays in the store.
    """
    every = list(cases)
    if not every or workers < 1:
        msg = f"a campaign of {len(every)} cases on {workers} workers: give one or more of both"
        raise ParameterError(msg)
    solver = find_ngspice().solver
    keys = tuple(case.key(solver) for case in every)
    missing = {key: case for key, case in zip(keys, every, strict=True) if key not in store}
    with progress_bar() as bar:
        bar.disable = not show
        task = bar.add_task("SPICE campaign", total=len(set(keys)))
        bar.advance(task, len(set(keys)) - len(missing))
        for _ in _finished(list(missing.items()), store, workers):
            bar.advance(task)
    return CampaignResult(tuple(case.seed for case in every), keys, len(missing), store)


def _finished(work: Sequence[Work], store: ResultStore, workers: int) -> Iterable[str]:
    """Yield each key as its result reaches the store."""
    if workers == 1 or len(work) < 2:
        for item in work:
            yield _run_case(item, store)
        return
    # Spawned, not forked: a fork of a process with threads may deadlock.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(work)), mp_context=context)
    try:
        futures = [pool.submit(_run_case, item, store) for item in work]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        kept = sum(key in store for key, _ in work)
        msg = (
            f"a worker was killed (out of memory?); {kept} of {len(work)} results are kept: "
            "run the same campaign again to go on, with fewer workers if memory is short"
        )
        raise SpiceError(msg) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _run_case(work: Work, store: ResultStore) -> str:
    """Run one case in its own ngspice process and keep its result before telling anyone."""
    key, case = work
    found = spice_currents(
        case.conductance, case.v_row, case.crossbar, engine="batch", topology=case.topology,
        cell=case.cell,
    )  # fmt: skip
    store.put(key, found)
    return key
