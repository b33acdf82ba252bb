"""This module is the one that imports PySpice: ngspice as a shared library inside this process.

ngspice is one instance per process and not thread-safe, so runs are serialised by a lock.
"""

import logging
import threading
import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import Circuit
from xbarsim.errors import SpiceError
from xbarsim.spice.deck import INDEX_LOAD, lookup_expression, options, saved_vectors, source_names
from xbarsim.spice.judge import judge_log, tail
from xbarsim.spice.ngspice import NgspiceInfo
from xbarsim.spice.subckt import cell_instances, subcircuit

_LOCK = threading.Lock()


def run_shared(
    circuit: Circuit, v_row: NDArray[np.float64], info: NgspiceInfo, *, deck: str
) -> tuple[dict[str, NDArray[np.float64]], str]:
    """Build the circuit as PySpice objects, run it, and return the saved vectors and the log.

    Args:
        circuit: The array.
        v_row: Input vectors, [batch, row]; several become one index sweep. [V]
        info: Where the library is.
        deck: The same circuit as text, carried by errors.

    Returns:
        Vectors by name (``v(bl_3_0)``, ``i(vin0)``), each [batch], and what ngspice printed.

    Raises:
        SpiceError: If the library cannot be loaded, or the run fails or looks doubtful.
    """
    with _LOCK:
        library = _library(info.library)
        try:
            analysis = _run(_simulator(circuit, v_row, library), len(v_row))
        except Exception as error:
            log = library.log()
            judge_log(log, deck=deck)
            msg = f"PySpice could not run the circuit: {type(error).__name__}: {error}"
            raise SpiceError(msg, deck=deck, log_tail=tail(log)) from error
        finally:
            library.release()
        log = library.log()
    judge_log(log, deck=deck)
    return _collect(analysis, circuit, len(v_row), deck=deck, log=log), log


@cache
def _library(path: str) -> Any:  # noqa: ANN401
    """Load the shared library once per process, with callbacks that only collect."""
    logging.getLogger("PySpice").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from PySpice.Spice.NgSpice.Shared import NgSpiceShared, ffi

        logging.getLogger("PySpice.Spice.NgSpice.Shared").setLevel(logging.CRITICAL)

    class CollectingShared(NgSpiceShared):  # type: ignore[misc]
        """PySpice's wrapper, except that a note on stderr is a line to judge and not a failure."""

        LIBRARY_PATH = path
        # ngspice keeps every command that it was given until told to forget them.
        NUMBER_OF_EXEC_CALLS_TO_RELEASE_MEMORY = 10

        @staticmethod
        def _send_char(message_c: Any, _ngspice_id: int, user_data: Any) -> int:  # noqa: ANN401
            self = ffi.from_handle(user_data)
            text = ffi.string(message_c).decode("utf8", errors="replace")
            self.lines = [*getattr(self, "lines", []), text.partition(" ")[2]]
            self._stdout.append(text.partition(" ")[2])
            return 0

        def log(self) -> str:
            return "\n".join(getattr(self, "lines", []))

        def release(self) -> None:
            """Forget plots and circuit: PySpice alone leaks megabytes a run."""
            kept = getattr(self, "lines", [])
            self.destroy()
            if self.plot_names:
                self.remove_circuit()
            self.lines = kept

    try:
        return CollectingShared.new_instance()
    except (OSError, NameError) as error:
        msg = f"ngspice's library {path} cannot be loaded: {error}"
        raise SpiceError(msg) from error


def _simulator(circuit: Circuit, v_row: NDArray[np.float64], library: Any) -> Any:  # noqa: ANN401
    """Return the PySpice simulator of the circuit, inputs attached."""
    from PySpice.Spice.Netlist import Circuit as Netlist

    library.lines = []
    netlist = Netlist(f"xbarsim {circuit.crossbar.rows}x{circuit.crossbar.cols}")
    names = source_names(circuit, len(v_row))
    v_row = v_row[:, list(circuit.driven)]
    if len(v_row) == 1:
        for name, node, value in zip(names, circuit.inputs, v_row[0].tolist(), strict=True):
            netlist.V(name[1:], node, netlist.gnd, value)
    else:
        netlist.V("idx", "idx", netlist.gnd, 0.0)
        netlist.R("idx", "idx", netlist.gnd, INDEX_LOAD)
        for i, (name, node) in enumerate(zip(names, circuit.inputs, strict=True)):
            netlist.B(name[1:], node, netlist.gnd, v=lookup_expression(v_row[:, i]))
    for resistor in circuit.resistors:
        netlist.R(resistor.name[1:], resistor.a, resistor.b, resistor.ohm)
    for e in circuit.amplifiers:
        netlist.VCVS(e.name[1:], e.out, netlist.gnd, e.plus, e.minus, voltage_gain=1.0)
    _add_cells(netlist, circuit)
    simulator = netlist.simulator(simulator="ngspice-shared", ngspice_shared=library)
    named = dict(option.split("=") for option in options(circuit) if "=" in option)
    simulator.options(*(option for option in options(circuit) if "=" not in option), **named)
    simulator.save(saved_vectors(circuit, len(v_row)))
    return simulator


def _add_cells(netlist: Any, circuit: Circuit) -> None:  # noqa: ANN401
    """Add nonlinear cells and their library; linear ones are among the resistors."""
    kind = subcircuit(circuit.cell)
    if not kind.name:
        return
    netlist.raw_spice += kind.text
    if kind.v_gate is not None:
        netlist.V("gate", "gate", netlist.gnd, kind.v_gate)
    for name, nodes, values in cell_instances(circuit, kind):
        netlist.X(name[1:], kind.name, *nodes, **values)


def _run(simulator: Any, n_vectors: int) -> Any:  # noqa: ANN401
    """Run the analysis that fits the number of vectors."""
    if n_vectors == 1:
        return simulator.operating_point()
    return simulator.dc(Vidx=slice(0, n_vectors - 1, 1))


def _collect(
    analysis: Any,  # noqa: ANN401
    circuit: Circuit,
    n_vectors: int,
    *,
    deck: str,
    log: str,
) -> dict[str, NDArray[np.float64]]:
    """Copy the saved vectors out of ngspice's memory, refusing missing or short ones."""
    vectors = {}
    for name in saved_vectors(circuit, n_vectors):
        kind, plain = name[0], name[2:-1]
        source = analysis.nodes if kind == "v" else analysis.branches
        values = np.array(source.get(plain, ()), dtype=np.float64).reshape(-1)
        if len(values) != n_vectors:
            msg = f"ngspice returned {len(values)} values of {name} instead of {n_vectors}"
            raise SpiceError(msg, deck=deck, log_tail=tail(log))
        vectors[name] = values
    return vectors
