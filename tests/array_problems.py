"""Arrays for property-based tests: small, of every topology, and every model that solves them."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from xbarsim.circuit import build_circuit
from xbarsim.fast import effective_conductance
from xbarsim.fast.batched import eliminate_batched
from xbarsim.fast.lines import Wiring
from xbarsim.fast.nodes import factorise
from xbarsim.fast.tiles import march_tiles
from xbarsim.parameters import CrossbarParams, TopologyParams
from xbarsim.reference import circuit_effective_conductance

resistance = st.one_of(st.just(0.0), st.floats(1.0, 5e3))
ends = st.sampled_from(["one", "both"])
NAMES = ("r_driver", "r_wire_row", "r_wire_col", "r_sense")


@dataclass(frozen=True)
class Problem:
    """An array of any topology; ``active`` [row] rows have drivers, the others float."""

    g: np.ndarray
    crossbar: CrossbarParams
    topology: TopologyParams
    r_wire_row: np.ndarray | None
    r_wire_col: np.ndarray | None
    active: np.ndarray
    seed: int

    @property
    def wiring(self):
        return Wiring.of(self.crossbar, self.topology, self.r_wire_row, self.r_wire_col)

    @property
    def options(self):
        """Keyword arguments of the public functions."""
        return {
            "topology": self.topology,
            "r_wire_row": self.r_wire_row,
            "r_wire_col": self.r_wire_col,
            "active": self.active,
        }

    def scaled(self, factor):
        """Multiply every resistance, cells included."""
        segments = {
            name: None if getattr(self, name) is None else factor * getattr(self, name)
            for name in ("r_wire_row", "r_wire_col")
        }
        crossbar = self.crossbar.replace(**{n: factor * getattr(self.crossbar, n) for n in NAMES})
        return replace(self, g=self.g / factor, crossbar=crossbar, **segments)

    def turned(self):
        """Swap drivers and sense resistors; only without floating rows."""
        c, t = self.crossbar, self.topology
        crossbar = CrossbarParams(
            rows=c.cols, cols=c.rows, r_driver=c.r_sense, r_wire_row=c.r_wire_col,
            r_wire_col=c.r_wire_row, r_sense=c.r_driver,
        )  # fmt: skip
        topology = TopologyParams(
            drive=t.sense, sense=t.drive, lead_row=t.lead_col, lead_col=t.lead_row
        )
        row, col = (
            None if x is None else x[::-1, ::-1].T for x in (self.r_wire_row, self.r_wire_col)
        )
        active = np.ones(c.cols, np.bool_)
        return Problem(self.g[::-1, ::-1].T.copy(), crossbar, topology, col, row, active, self.seed)

    def exact(self):
        """Ask the sparse oracle, which reads the circuit that decks are written from."""
        options = {**self.options, "topology": self.topology.replace(silent="floating")}
        return circuit_effective_conductance(build_circuit(self.g, self.crossbar, **options))


@st.composite
def problems(draw, most=8, floating=True):
    rows, cols = draw(st.integers(1, most)), draw(st.integers(1, most))
    crossbar = CrossbarParams(rows=rows, cols=cols, **{n: draw(resistance) for n in NAMES})
    topology = TopologyParams(
        drive=draw(ends), sense=draw(ends), lead_row=draw(st.integers(0, 2)),
        lead_col=draw(st.integers(0, 2)),
    )  # fmt: skip
    seed = draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng(seed)
    g = np.exp(generator.uniform(np.log(1e-7), np.log(1e-2), (rows, cols)))
    if draw(st.booleans()):
        g[generator.random((rows, cols)) < 0.3] = 0.0
    segments = [None, None]
    if draw(st.booleans()):
        shapes = (rows, cols - 1), (rows - 1, cols)
        segments = [
            np.where((r := generator.uniform(-20, 50, shape)) < 0.1, 0.0, r) for shape in shapes
        ]
    some = floating and draw(st.booleans())
    active = generator.random(rows) < draw(st.floats(0, 1)) if some else np.ones(rows, np.bool_)
    return Problem(g, crossbar, topology, *segments, active, seed)


def by_kernel(p, dtype=np.float64):
    return effective_conductance(p.g.astype(dtype), p.crossbar, silent_rows="floating", **p.options)


def by_kernel_down(p, dtype=np.float64):
    """Never turn the array."""
    return march_tiles(p.g[None].astype(dtype), p.wiring.lines(), ~p.active[None], turn=False)[0]


def by_kernel_along(p, dtype=np.float64):
    """Always turn the array."""
    return march_tiles(p.g[None].astype(dtype), p.wiring.lines(), ~p.active[None], turn=True)[0]


def by_torch(p, dtype=np.float64):
    floating = None if p.active.all() else torch.from_numpy(~p.active)
    return eliminate_batched(
        torch.from_numpy(p.g.astype(dtype)), p.wiring.lines(), floating
    ).numpy()


def by_nodes(p, dtype=np.float64):
    """Drive one row after the other, and sum up the cells' currents."""
    g = torch.from_numpy(p.g.astype(dtype))
    factor = factorise(g, p.wiring.lines(), torch.from_numpy(~p.active))
    cell = factor.cell_voltages(torch.eye(len(p.g), dtype=torch.float64))
    return (g * cell).sum(-2).numpy() * p.active[:, None]


def by_oracle(p, dtype=np.float64):
    return replace(p, g=p.g.astype(dtype)).exact()


FAST = [by_kernel, by_kernel_down, by_kernel_along, by_torch, by_nodes]
fast = pytest.mark.parametrize("solve", FAST)
every = pytest.mark.parametrize("solve", [*FAST, by_oracle])


def close(a, b, rtol=1e-11, atol=0.0):
    """Compare to a share of the largest entry."""
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * max(np.abs(b).max(), 1e-30) + atol)
