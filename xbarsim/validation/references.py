"""This module is ngspice's side of a validation: circuits run ahead, and are kept until judged."""

import os
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from xbarsim.campaign import CampaignCase, ResultStore
from xbarsim.interrupts import interrupts_wait
from xbarsim.reference import ReferenceCurrents
from xbarsim.spice import find_ngspice, spice_currents
from xbarsim.spice.process import end_all_runs
from xbarsim.validation.circuits import TestCircuit

_MOST_WORKERS = 4
_LOOK_EVERY = 0.2
"""Longest time that an interrupt waits. [s]"""

Pair = tuple[TestCircuit, ReferenceCurrents]


def run_ahead(circuits: Iterable[TestCircuit], store: ResultStore | None) -> Generator[Pair]:
    """Yield every circuit with its ngspice currents, in order; the next ones run meanwhile.

    Each worker is a thread that waits for an ngspice process of its own.

    Args:
        circuits: Arrays and inputs; drawn as they are needed.
        store: Where results are kept, and looked for first, so that a killed run goes on; None
            runs everything.

    Raises:
        SpiceError: If ngspice is missing or its answer cannot be trusted.
    """
    solver = find_ngspice().solver
    workers = max(1, min(_MOST_WORKERS, os.cpu_count() or 1))
    pool = ThreadPoolExecutor(workers)
    waiting: deque[tuple[TestCircuit, Future[ReferenceCurrents]]] = deque()
    try:
        for circuit in circuits:
            with interrupts_wait():
                waiting.append((circuit, pool.submit(_currents, circuit, store, solver)))
            if len(waiting) > workers:
                first, future = waiting.popleft()
                yield first, _result(future)
        for first, future in waiting:
            yield first, _result(future)
    except KeyboardInterrupt:
        for _, future in waiting:
            future.cancel()
        end_all_runs()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _result(future: Future[ReferenceCurrents]) -> ReferenceCurrents:
    """Wait in slices; an interrupt within a wait may keep the lock that the worker ends with."""
    while True:
        with interrupts_wait():
            done, _ = wait([future], timeout=_LOOK_EVERY)
            if done:
                return future.result()


def _currents(circuit: TestCircuit, store: ResultStore | None, solver: str) -> ReferenceCurrents:
    key = "" if store is None else _key(circuit, solver)
    if store is not None and key in store:
        return store.get(key)
    found = spice_currents(
        circuit.conductance, circuit.v_row, circuit.crossbar, engine="batch",
        topology=circuit.topology, cell=circuit.cell,
    )  # fmt: skip
    if store is not None:
        store.put(key, found)
    return found


def _key(circuit: TestCircuit, solver: str) -> str:
    case = CampaignCase(
        seed=0, conductance=circuit.conductance, v_row=circuit.v_row, crossbar=circuit.crossbar,
        topology=circuit.topology, cell=circuit.cell,
    )  # fmt: skip
    return case.key(solver)
