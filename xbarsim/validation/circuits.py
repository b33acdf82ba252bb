"""This module is the arrays and inputs of a case: drawn by seed, spike vectors among them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError
from xbarsim.parameters import CellParams, CrossbarParams, DeviceParams, TopologyParams
from xbarsim.spice import write_netlist
from xbarsim.validation.case import Setting, ValidationCase

Array = NDArray[np.float64]

# Weights of trained networks: most cells of a pair are near g_min.
_LOW_G = 0.15
_LOG_DEVIATION = 0.6
_WIDEST = 1e-3
_JUDGED, _TRAINING, _GIVEN = 0, 1, 2


@dataclass(frozen=True)
class TestCircuit:
    """One array with its inputs.

    Attributes:
        name: Size, kind and number.
        crossbar: Size and resistances.
        conductance: [row, col]. [S]
        v_row: [batch, row]. [V]
        topology: Ends, silent rows, leads.
        cell: Law of the cells.
    """

    __test__ = False

    name: str
    crossbar: CrossbarParams
    conductance: Array
    v_row: Array
    topology: TopologyParams
    cell: CellParams

    @property
    def densities(self) -> Array:
        """Share of driven rows of each vector, [batch]."""
        shares: Array = (self.v_row != 0).mean(axis=1)
        return shares

    @property
    def size(self) -> str:
        """Rows and columns, as text."""
        return f"{self.crossbar.rows}x{self.crossbar.cols}"


def draw_circuits(
    case: ValidationCase,
    setting: Setting | None = None,
    given: Mapping[str, Array] | None = None,
) -> Iterator[TestCircuit]:
    """Yield the circuits that are judged: the given ones, then rounds of one array of every size.

    Args:
        case: Sizes, counts, seeds.
        setting: The hardware; by default what the case's device file says.
        given: Further conductances by name, each [row, col]; for example a network's own tiles. [S]
    """
    setting = setting or case.resolved()
    for k, (name, g) in enumerate((given or {}).items()):
        draw = _generator(case.seed, 0, 0, k, _GIVEN)
        yield _with_inputs(name, g, setting, case.vectors, case.densities, draw)
    for k in range(case.circuits):
        for rows, cols in case.sizes:
            draw = _generator(case.seed, rows, cols, k, _JUDGED)
            g, kind = _draw_array(draw, (rows, cols), setting.device, case, k)
            name = f"{rows}x{cols}-{kind}-{k}"
            yield _with_inputs(name, g, setting, case.vectors, case.densities, draw)


def training_circuits(case: ValidationCase, setting: Setting) -> Iterator[TestCircuit]:
    """Yield the circuits that models are fitted on: other seeds, sizes and densities than judged."""
    smallest = sorted(case.sizes, key=lambda size: size[0] * size[1])[:2]
    sizes = case.training_sizes or tuple(
        (max(2, 3 * rows // 4), max(2, 3 * cols // 4)) for rows, cols in smallest
    )
    for k in range(case.training_circuits):
        for rows, cols in sizes:
            draw = _generator(case.seed, rows, cols, k, _TRAINING)
            g, kind = _draw_array(draw, (rows, cols), setting.device, case, k)
            name = f"training-{rows}x{cols}-{kind}-{k}"
            yield _with_inputs(name, g, setting, case.vectors, case.training_densities, draw)


def _generator(seed: int, *parts: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, *parts]))


def _draw_array(
    generator: np.random.Generator,
    shape: tuple[int, int],
    device: DeviceParams,
    case: ValidationCase,
    k: int,
) -> tuple[Array, str]:
    kind = case.statistics[k % len(case.statistics)]
    low, high = device.g_min, device.g_max
    if kind == "uniform":
        return generator.uniform(low, high, shape), kind
    if kind == "bimodal":
        return np.where(generator.random(shape) < 0.5, low, high), kind
    if kind == "low_g":
        share = np.minimum(np.abs(generator.normal(0.0, _LOW_G, shape)), 1.0)
        return low + share * (high - low), kind
    floor = max(low, high * _WIDEST)
    if kind == "lognormal":
        middle = np.exp(generator.normal(0.5 * np.log(floor * high), _LOG_DEVIATION, shape))
        return np.clip(middle, low, high), kind
    bottom, top = np.log(floor / case.spread), np.log(high * case.spread)
    wide = np.exp(generator.uniform(bottom, top, shape))
    _put_extremes(wide, (float(np.exp(bottom)), float(np.exp(top)), 0.0), generator)
    return wide, kind


def _put_extremes(g: Array, values: tuple[float, ...], generator: np.random.Generator) -> None:
    """Give some cells the extreme values, so that even a small array spans the whole range."""
    places = generator.choice(g.size, min(len(values), g.size), replace=False)
    g.flat[places] = values[: len(places)]


def _with_inputs(
    name: str,
    g: Array,
    setting: Setting,
    vectors: int,
    densities: tuple[float, ...],
    generator: np.random.Generator,
) -> TestCircuit:
    """Attach dense analogue vectors and spike vectors in turn."""
    rows, cols = g.shape
    v_read = setting.device.v_read
    drawn: list[Array] = []
    for k in range(vectors):
        if k % 2 == 0 or not densities:
            drawn.append(generator.uniform(0.0, v_read, (rows,)))
            continue
        share = densities[(k // 2) % len(densities)]
        spikes = np.asarray(generator.random(rows) < share)
        spikes[generator.integers(rows)] = True
        drawn.append(np.where(spikes, v_read, 0.0))
    crossbar = setting.crossbar(rows, cols)
    return TestCircuit(name, crossbar, g, np.array(drawn), setting.topology, setting.cell)


def find_circuit(
    case: ValidationCase,
    name: str,
    setting: Setting | None = None,
    given: Mapping[str, Array] | None = None,
) -> TestCircuit:
    """Return one of a case's circuits.

    Raises:
        ParameterError: If the case draws no circuit of that name.
    """
    for circuit in draw_circuits(case, setting, given):
        if circuit.name == name:
            return circuit
    msg = f"case {case.name!r} draws no circuit called {name!r}"
    raise ParameterError(msg)


def circuit_deck(circuit: TestCircuit, vector: int, *, title: str) -> str:
    """Return the deck of a circuit, to run by hand.

    Where silent rows are grounded it sweeps all vectors, else it holds the circuit of one ``vector``.
    """
    v = circuit.v_row
    active = None
    if circuit.topology.silent != "grounded":
        v = v[vector : vector + 1]
        active = v[0] != 0
    built = build_circuit(
        circuit.conductance, circuit.crossbar, topology=circuit.topology, cell=circuit.cell,
        active=active,
    )  # fmt: skip
    return write_netlist(built, v, title=title)
