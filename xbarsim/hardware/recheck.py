"""This module is distrust: tiles of a network, drawn at random, solved again by the other oracle."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xbarsim.errors import ParameterError, SolveError
from xbarsim.hardware.drivers import CrossbarLayer
from xbarsim.hardware.reading import ReadParams
from xbarsim.mapping import MappedLayer, MappingSpec, ProgrammedLayer
from xbarsim.mapping.scheme import read_tiles, sides_of
from xbarsim.parameters import CrossbarParams
from xbarsim.reference import solve_nodal


def recheck_tiles(
    crossbar: CrossbarParams,
    spec: MappingSpec | None = None,
    *,
    share: float = 0.02,
    tolerance: float = 1e-9,
    seed: int = 0,
    on_tile: Callable[[int], None] | None = None,
) -> Callable[[str, CrossbarLayer, nn.Module, ProgrammedLayer, MappedLayer], nn.Module]:
    """Return a ``wrap`` for ``to_crossbar`` that aborts when a tile's weights are not the oracle's.

    Each drawn tile's cells are solved by the sparse nodal solve, which shares no code with the fast
    models, and its weights are worked out anew from that; at least one tile a layer is drawn.

    Args:
        crossbar: Size of an array and its resistances, as given to ``to_crossbar``. [Ω]
        spec: How weights became conductances, as given to ``to_crossbar``.
        share: Share of the tiles to solve again, above 0 and at most 1.
        tolerance: Largest difference allowed, relative to the layer's largest weight.
        seed: Seed of the draw.
        on_tile: Called with the number of tiles just checked.

    Raises:
        ParameterError: If ``share`` is no share.
    """
    if not 0 < share <= 1:
        msg = f"share is {share}; give the share of tiles to solve again, above 0 and at most 1"
        raise ParameterError(msg)
    mapping = spec or MappingSpec()
    draw = np.random.default_rng(seed)

    def wrap(
        name: str,
        layer: CrossbarLayer,  # noqa: ARG001
        read: nn.Module,
        programmed: ProgrammedLayer,
        mapped: MappedLayer,
    ) -> nn.Module:
        count = programmed.plan.n_tiles
        drawn = draw.choice(count, max(1, round(share * count)), replace=False)
        found, used = mapped.plan.cut(mapped.weight), programmed.plan.used()
        largest = float(np.abs(mapped.weight).max()) or 1.0
        for tile in drawn.tolist():
            expected = _oracle_weights(tile, programmed, mapped, crossbar, mapping) * used[tile]
            _compare(name, tile, float(np.abs(found[tile] - expected).max() / largest), tolerance)
            if on_tile is not None:
                on_tile(1)
        return read

    return wrap


def recheck_network(
    crossbar: CrossbarParams, spec: MappingSpec, reading: ReadParams, *, share: float
) -> Callable[[str, CrossbarLayer, nn.Module, ProgrammedLayer, MappedLayer], nn.Module]:
    """Return ``recheck_tiles`` for arrays as ``to_crossbar`` makes them of the same arguments.

    Raises:
        ParameterError: If the wires' model is not the exact one, which alone has to be right.
    """
    if reading.ir_drop != "exact":
        msg = (
            f"tiles cannot be solved again where ir_drop is {reading.ir_drop!r}, an approximation; "
            "leave paranoid out, or read with ir_drop = 'exact'"
        )
        raise ParameterError(msg)
    if spec.tile is not None:
        crossbar = crossbar.replace(rows=spec.tile[0], cols=spec.tile[1])
    return recheck_tiles(crossbar, spec, share=share)


def _oracle_weights(
    tile: int,
    programmed: ProgrammedLayer,
    mapped: MappedLayer,
    crossbar: CrossbarParams,
    spec: MappingSpec,
) -> NDArray[np.float64]:
    """Work out a tile's weights [row, col], gain included, from the oracle's currents."""
    arrays = programmed.conductance[:, :, tile]
    units = np.eye(crossbar.rows)
    effective = np.stack(
        [[solve_nodal(g, units, crossbar).i_col for g in side] for side in arrays]
    )[:, :, None]
    unit = programmed.unit
    scale = unit[:, tile : tile + 1] if unit.shape[1] > 1 else unit
    gain = mapped.gain[tile : tile + 1] if mapped.gain.shape[0] > 1 else mapped.gain
    balance = mapped.balance[:, tile : tile + 1] if mapped.balance.shape[1] > 1 else mapped.balance
    sides = sides_of(effective, spec) * balance[:, None]
    return np.asarray((read_tiles(sides, scale) * gain)[0])


def _compare(name: str, tile: int, error: float, tolerance: float) -> None:
    if not error <= tolerance:
        msg = (
            f"layer {name!r}, tile {tile}: its weights differ from those of the sparse nodal solve "
            f"by {error:.1e} of the largest weight, allowed {tolerance:.0e}; do not use this result, "
            "and report it with the versions that `xbarsim doctor` prints"
        )
        raise SolveError(msg)
