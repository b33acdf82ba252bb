"""This module is the arrays and inputs of a case: drawn by seed, spike vectors among them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError
from xbarsim.parameters import CrossbarParams, DeviceParams
from xbarsim.spice import write_netlist
from xbarsim.validation.case import ValidationCase

Array = NDArray[np.float64]

# Weights of trained networks: most cells of a pair are near g_min.
_LOW_G = 0.15
_LOG_DEVIATION = 0.6
_WIDEST = 1e-3


@dataclass(frozen=True)
class TestCircuit:
    """One array with its inputs.

    Attributes:
        name: Size, kind and number.
        crossbar: Size and resistances.
        conductance: [row, col]. [S]
        v_row: [batch, row]. [V]
        density: Share of driven rows of each vector, lowest and highest.
    """

    __test__ = False

    name: str
    crossbar: CrossbarParams
    conductance: Array
    v_row: Array
    density: tuple[float, float]


def draw_circuits(
    case: ValidationCase, given: Mapping[str, Array] | None = None
) -> Iterator[TestCircuit]:
    """Yield the circuits of a case: random arrays of every size, then the given ones.

    Args:
        case: Sizes, counts, seeds.
        given: Further conductances by name, each [row, col]; for example a network's own tiles. [S]
    """
    device = case.device_params()
    for rows, cols in case.sizes:
        generator = np.random.default_rng(np.random.SeedSequence([case.seed, rows, cols]))
        crossbar = case.crossbar_params(rows, cols)
        for k in range(case.circuits):
            g, kind = _draw_array(generator, crossbar, device, case, k)
            yield _with_inputs(f"{rows}x{cols}-{kind}-{k}", g, crossbar, device, case, generator)
    for k, (name, g) in enumerate((given or {}).items()):
        generator = np.random.default_rng(np.random.SeedSequence([case.seed, 0, 0, k]))
        crossbar = case.crossbar_params(*g.shape)
        yield _with_inputs(name, g, crossbar, device, case, generator)


def _draw_array(
    generator: np.random.Generator,
    crossbar: CrossbarParams,
    device: DeviceParams,
    case: ValidationCase,
    k: int,
) -> tuple[Array, str]:
    kind = case.statistics[k % len(case.statistics)]
    low, high, shape = device.g_min, device.g_max, crossbar.shape
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
    return np.exp(generator.uniform(bottom, top, shape)), kind


def _with_inputs(
    name: str,
    g: Array,
    crossbar: CrossbarParams,
    device: DeviceParams,
    case: ValidationCase,
    generator: np.random.Generator,
) -> TestCircuit:
    """Attach dense analogue vectors and spike vectors in turn."""
    vectors: list[Array] = []
    for k in range(case.vectors):
        if k % 2 == 0 or not case.densities:
            vectors.append(generator.uniform(0.0, device.v_read, crossbar.rows))
            continue
        density = case.densities[(k // 2) % len(case.densities)]
        spikes = generator.random(crossbar.rows) < density
        spikes[generator.integers(crossbar.rows)] = True
        vectors.append(np.where(spikes, device.v_read, 0.0))
    v_row = np.array(vectors)
    shares = (v_row != 0).mean(axis=1)
    return TestCircuit(name, crossbar, g, v_row, (float(shares.min()), float(shares.max())))


def circuit_deck(case: ValidationCase, name: str) -> str:
    """Return the deck of one of a case's random circuits, to run by hand.

    Raises:
        ParameterError: If the case draws no circuit of that name.
    """
    for circuit in draw_circuits(case):
        if circuit.name == name:
            built = build_circuit(circuit.conductance, circuit.crossbar)
            return write_netlist(built, circuit.v_row, title=f"{case.name}: {name}")
    msg = f"case {case.name!r} draws no circuit called {name!r}"
    raise ParameterError(msg)
