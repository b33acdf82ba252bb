"""This module is running a campaign: each missing case once, wherever the work takes place."""

from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from xbarsim.campaign.case import CampaignCase, Cases
from xbarsim.campaign.executors import Place, place_of_work
from xbarsim.campaign.store import ResultStore
from xbarsim.campaign.table import write_table
from xbarsim.errors import ParameterError, SolveError, SpiceError, XbarsimError
from xbarsim.progress import progress_bar
from xbarsim.reference import Distrust, ReferenceCurrents
from xbarsim.spice import Limits, find_ngspice, refuse_broken, spice_currents
from xbarsim.storage import writable_folder

_MOST_FAILURES = 10
_LOOK_EVERY = 0.2
"""Longest time that an interrupt waits. [s]"""


@dataclass(frozen=True)
class CampaignResult:
    """Every case of a campaign, and where its result is kept.

    Attributes:
        cases: The cases, in order.
        keys: Key of each case in the store.
        computed: How many were computed now; the others were there already.
        store: Where the results are.
    """

    cases: Cases
    keys: tuple[str, ...]
    computed: int
    store: ResultStore

    def currents(self, index: int) -> ReferenceCurrents:
        """Return the currents of case ``index``."""
        return self.store.get(self.keys[index])

    def save(self, path: Path) -> None:
        """Write all results as one table, .parquet or .npz, that is read without xbarsim.

        Raises:
            ParameterError: If the file's ending is another one.
            StorageError: If it cannot be written, or a result was damaged.
        """
        write_table(path, self.cases, self.keys, self.store)


def run_campaign(
    cases: Cases,
    store: ResultStore,
    *,
    workers: int = 2,
    scheduler: str | None = None,
    resume: bool = True,
    limits: Limits | None = None,
    force: bool = False,
    show: bool = True,
    paranoid: float | None = None,
) -> CampaignResult:
    """Run every case that the store lacks; a campaign that was killed goes on where it was.

    The first case of each parameter set is checked against electrical rules before it runs.

    Args:
        cases: Circuits and inputs; equal ones are run once.
        store: Where results are kept, and looked for first.
        workers: Processes on this machine, each with one ngspice at a time.
        scheduler: Address of a Dask scheduler, whose workers run the cases instead.
        resume: Whether kept results are used; all cases are run anew without.
        limits: Time and memory that each run may take.
        force: Run arrays that take this ngspice hours.
        show: Whether to show a bar with an estimate of the time left.
        paranoid: Share of the cases, kept ones too, to solve again by the nodal solve.

    Raises:
        ParameterError: If there is no case or no worker.
        SpiceError: If runs fail, or workers are killed; what is finished stays in the store.
        SolveError: If ngspice and the nodal solve disagree about a case.
    """
    if len(cases) == 0:
        msg = "a campaign of 0 cases: give one or more"
        raise ParameterError(msg)
    writable_folder(store.folder)
    solver = find_ngspice().solver
    keys: list[str] = []
    seen: set[str] = set()
    checked: set[str] = set()
    with place_of_work(workers, scheduler) as place, progress_bar() as bar:
        bar.disable = not show
        task = bar.add_task("SPICE campaign", total=len(cases))
        distrust = None if paranoid is None else Distrust(paranoid)
        flow = _Flow(place, Run(solver, store, limits, force), resume, distrust)
        for case in cases:
            place.check_interrupts()
            if case.name not in checked:
                refuse_broken(case.deck())
                checked.add(case.name)
            key = case.key(solver)
            keys.append(key)
            if key not in seen and not (resume and key in store):
                flow.add(key, case)
            elif key not in seen:
                flow.look(case, store.get(key) if distrust else None)
            seen.add(key)
            bar.update(task, completed=len(keys) - len(flow.pending))
        while flow.pending:
            flow.keep_finished()
            bar.update(task, completed=len(keys) - len(flow.pending))
    flow.refuse_failures()
    return CampaignResult(cases, tuple(keys), flow.computed, store)


@dataclass
class _Flow:
    """Cases on their way: a bounded number of them, so that a campaign's length costs no memory."""

    place: Place
    run: "Run"
    resume: bool
    distrust: Distrust | None = None
    pending: dict["Future[ReferenceCurrents]", tuple[str, CampaignCase]] = field(
        default_factory=dict
    )
    computed: int = 0
    failures: list[tuple[CampaignCase, XbarsimError]] = field(default_factory=list)

    def add(self, key: str, case: CampaignCase) -> None:
        """Hand out a case once there is room for it."""
        while len(self.pending) >= self.place.in_flight:
            self.keep_finished()
        future = self.place.executor.submit(run_case, key, case, self.run)
        self.pending[future] = (key, case)

    def keep_finished(self) -> None:
        """Wait for a result or more and keep them; end the campaign when too many runs fail."""
        done: set[Future[ReferenceCurrents]] = set()
        while not done:
            self.place.check_interrupts()
            done, _ = wait(self.pending, timeout=_LOOK_EVERY, return_when=FIRST_COMPLETED)
        for future in done:
            key, case = self.pending.pop(future)
            try:
                found = future.result()
                self.look(case, found)
                if key not in self.run.store or not self.resume:
                    self.run.store.put(key, found)
                self.computed += 1
            except (BrokenProcessPool, CancelledError, SolveError):
                raise
            except XbarsimError as error:
                self.failures.append((case, error))
        if len(self.failures) >= _MOST_FAILURES:
            self.refuse_failures()

    def look(self, case: CampaignCase, found: ReferenceCurrents | None) -> None:
        """Solve a finished case again, if there is distrust and it is drawn."""
        if self.distrust is not None and found is not None:
            where = f"case {case.name} {case.seed}"
            self.distrust.look(
                where, case.conductance, case.v_row, found.i_col, case.crossbar, case.topology,
                case.cell,
            )  # fmt: skip

    def refuse_failures(self) -> None:
        """Raise when runs failed, with the first one's deck and log."""
        if not self.failures:
            return
        named = ", ".join(f"{case.name} {case.seed}".strip() for case, _ in self.failures)
        first = self.failures[0][1]
        msg = (
            f"{len(self.failures)} cases failed ({named}), the first with: {first}; "
            f"{self.computed} new results are kept"
        )
        deck, log = getattr(first, "deck", ""), getattr(first, "log_tail", "")
        raise SpiceError(msg, deck=deck, log_tail=log) from first


class Run(NamedTuple):
    """What all runs of a campaign share: solver, store, limits, and whether slow arrays run."""

    solver: str
    store: ResultStore
    limits: Limits | None = None
    force: bool = False


def run_case(key: str, case: CampaignCase, run: Run) -> ReferenceCurrents:
    """Run one case in an ngspice process of its own, and keep its result before telling anyone.

    On another machine the store's folder may not be there; the campaign then keeps what it is told.

    Raises:
        SpiceError: If the run fails, or this machine has another ngspice than the campaign's, under
            whose name the result would be kept.
    """
    here = find_ngspice().solver
    if here != run.solver:
        msg = f"a worker has {here} but the campaign is for {run.solver}; install the same on all"
        raise SpiceError(msg)
    found = spice_currents(
        case.conductance, case.v_row, case.crossbar, engine="batch", topology=case.topology,
        cell=case.cell, limits=run.limits, force=run.force,
    )  # fmt: skip
    if run.store.folder.is_dir():
        run.store.put(key, found)
    return found
