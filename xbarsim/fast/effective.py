"""This module is the public exact model: the one matrix that a linear array applies to its inputs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.errors import ParameterError
from xbarsim.fast.lines import Wiring
from xbarsim.fast.silence import SilentRows, apply_silence
from xbarsim.fast.tiles import eliminate_tiles
from xbarsim.parameters import CrossbarParams, TopologyParams

if TYPE_CHECKING:
    import torch

    ArrayOrTensor = TypeVar("ArrayOrTensor", NDArray[Any], torch.Tensor)
else:
    ArrayOrTensor = TypeVar("ArrayOrTensor")


Method = Literal["auto", "direct", "iterative"]


def effective_conductance(
    conductance: ArrayOrTensor,
    crossbar: CrossbarParams,
    *,
    on_tile: Callable[[int], None] | None = None,
    topology: TopologyParams | None = None,
    r_wire_row: ArrayLike | None = None,
    r_wire_col: ArrayLike | None = None,
    resistances: Any = None,  # noqa: ANN401
    silent_rows: SilentRows | None = None,
    active: Any = None,  # noqa: ANN401
    method: Method = "auto",
    tolerance: float = 1e-8,
) -> ArrayOrTensor:
    r"""Return the matrix $G_{eff}$ with $I_j = \sum_i V_i\,G_{eff,ij}$, exactly.

    For linear cells and driven word lines an array is a linear network, so its column currents are
    one matrix product away from its inputs. The matrix is found by eliminating the array word line
    by word line (a ladder in closed form, then a Riccati recursion down the bit lines), about
    ``2 rows * short**3`` floating-point operations for the shorter side ``short`` of a square
    array; twice that where rows and columns both have two ends. Memory: ``short * (rows + cols)``
    numbers a core.

    With Y the admittance and Q the currents per volt of what lies above row i, seen from the bit
    lines, a segment R makes $X = (1 + R Y)^{-1}$, $Y \to Y X$, $Q \to Q X$; row i adds its ladder
    to Y and its sources to Q; after the sense resistors $G_{eff} = Q$.

    Assumptions: linear cells, sense amplifiers end in ground. Any resistance may be zero. Measured
    error: 5e-13 of the largest entry in float64 and 3e-6 in float32 at 64x64, against sparse LU
    (``validation/benchmarks``); against ngspice see ``validation/records``. Where float32 would lose
    more than 1e-4 off the CPU, those arrays are computed in float64 (``batched``). A row that does
    not spike is, by ``silent_rows``,

    - ``grounded``: driven to 0 V, so that one matrix serves every pattern;
    - ``gated``: cut off at each of its cells, as by the select transistors of 1T1R cells;
    - ``floating``: cut off at its drivers, so that it still couples the bit lines to each other.

    In the last two cases the matrix belongs to one pattern, and silent rows of it are zero.

    Args:
        conductance: Cell conductances, [..., row, col]; numpy or torch, float32 or float64. [S]
        crossbar: Geometry and resistances. [Ω]
        on_tile: Called with the number of tiles that were just finished, for progress bars.
        topology: Driven and sensed ends, and leads; the plain array by default. Column currents are
            those of both ends together.
        r_wire_row: Each word-line segment, [row, col - 1], in place of the one value, which leads
            keep. [Ω]
        r_wire_col: Each bit-line segment, [row - 1, col], likewise. [Ω]
        resistances: Torch only: r_driver, r_wire_row, r_wire_col, r_sense, [4], in place of the
            crossbar's; gradients reach them. [Ω]
        silent_rows: What happens to rows that do not spike; what ``topology`` says by default.
        active: True where a row spikes, [..., row]; leading axes are broadcast with those of
            ``conductance``, so that one array takes a batch of patterns.
        method: ``direct`` is the elimination, and what ``auto`` takes at every size: its memory is
            bounded too. ``iterative`` (numpy) solves for one input or output after the other, in
            less memory; for a few inputs to a large array see ``solve_array``.
        tolerance: Residual to reach where iterative, as a share of the currents.

    Returns:
        Effective conductance [..., row, col] of the broadcast shape, of the same type, dtype and
        device; gradients are kept. [S]

    Raises:
        ParameterError: If the shape does not fit the array, a value is negative or not finite, or
            the dtype is not float32 or float64, or ``active`` is missing or no mask of rows.

    References:
        Jain et al., RxNN, DOI 10.1109/TCAD.2020.3000185, for the idea of the equivalent matrix.
    """
    _check_shape(tuple(conductance.shape), crossbar)
    wiring = Wiring.of(crossbar, topology, r_wire_row, r_wire_col)
    silent = silent_rows or wiring.topology.silent
    if active is None and silent_rows is None:
        silent = "grounded"
    g, floating = apply_silence(conductance, silent, active, crossbar)
    if method == "iterative":
        found: Any = _iterative(g, wiring, on_tile, floating, tolerance)
    elif method not in ("auto", "direct"):
        msg = f"method is {method!r}; use one of auto, direct, iterative"
        raise ParameterError(msg)
    elif isinstance(g, np.ndarray) and resistances is None:
        found = _numpy(g, wiring, on_tile, floating)
    else:
        found = _torch(g, wiring, on_tile, floating, resistances)
    return cast("ArrayOrTensor", found)


def _numpy(
    g: NDArray[Any],
    wiring: Wiring,
    on_tile: Callable[[int], None] | None,
    floating: NDArray[np.bool_] | None,
) -> NDArray[Any]:
    _check_values(g)
    flat = g.reshape(-1, *wiring.crossbar.shape)
    open_rows = None if floating is None else floating.reshape(-1, wiring.crossbar.rows)
    return eliminate_tiles(flat, wiring.lines(), on_tile, open_rows).reshape(g.shape)


def _iterative(
    g: Any,  # noqa: ANN401
    wiring: Wiring,
    on_tile: Callable[[int], None] | None,
    floating: NDArray[np.bool_] | None,
    tolerance: float,
) -> NDArray[Any]:
    """Solve for single inputs, or for single outputs of the turned array where those are fewer."""
    from xbarsim.fast.iterative import iterate_conductance

    if not isinstance(g, np.ndarray):
        msg = f"conductance is a {type(g).__name__}; method 'iterative' takes numpy arrays"
        raise ParameterError(msg)
    _check_values(g)
    flat = g.reshape(-1, *wiring.crossbar.shape)
    rows = [None] * len(flat) if floating is None else floating.reshape(-1, wiring.crossbar.rows)
    out = np.empty(flat.shape, g.dtype)
    for k, tile in enumerate(flat):
        out[k] = iterate_conductance(tile.astype(np.float64), wiring.lines(), tolerance, rows[k])
        if on_tile is not None:
            on_tile(1)
    return out.reshape(g.shape)


def _check_values(g: NDArray[Any]) -> None:
    _check_dtype(g.dtype in (np.float32, np.float64), g.dtype)
    if not np.isfinite(g).all() or (g < 0).any():
        bad = tuple(int(i) for i in np.argwhere(~(g >= 0) | ~np.isfinite(g))[0])
        msg = f"conductance{list(bad)} is {g[bad]!r} S: every value must be finite and not negative"
        raise ParameterError(msg)


def _torch(
    g: Any,  # noqa: ANN401
    wiring: Wiring,
    on_tile: Callable[[int], None] | None,
    floating: NDArray[np.bool_] | None,
    resistances: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    import torch

    from xbarsim.fast.adjoint import differentiable_conductance
    from xbarsim.fast.chunks import eliminate_anywhere

    for name, value in (("conductance", g), ("resistances", resistances)):
        if not isinstance(value, torch.Tensor) and value is not None:
            msg = f"{name} is a {type(value).__name__}; pass a torch tensor"
            raise ParameterError(msg)
    if g.device.type == "cpu" and resistances is None and not _needs_gradient(g):
        return torch.from_numpy(_numpy(g.detach().numpy(), wiring, on_tile, floating))
    _check_dtype(g.dtype in (torch.float32, torch.float64), g.dtype)
    if not bool(torch.isfinite(g).all()) or bool((g < 0).any()):
        msg = "conductance holds values that are negative or not finite"
        raise ParameterError(msg)
    mask = None if floating is None else torch.from_numpy(floating.copy()).to(g.device)
    if resistances is None and not _needs_gradient(g):
        return eliminate_anywhere(g.detach(), wiring.lines(), mask, on_tile)
    return differentiable_conductance(g, wiring, mask, resistances)


def _needs_gradient(g: Any) -> bool:  # noqa: ANN401
    import torch

    return bool(g.requires_grad and torch.is_grad_enabled())


def _check_dtype(known: bool, dtype: object) -> None:
    if not known:
        msg = f"conductance has dtype {dtype}; use float64 or float32"
        raise ParameterError(msg)


def _check_shape(shape: tuple[int, ...], crossbar: CrossbarParams) -> None:
    if len(shape) < 2 or shape[-2:] != crossbar.shape:
        msg = (
            f"conductance has shape {shape} but the array is {crossbar.rows}x{crossbar.cols} "
            "[..., row, col]; split larger matrices into tiles first"
        )
        raise ParameterError(msg)
