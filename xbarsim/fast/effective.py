"""This module is the public exact model: the one matrix that a linear array applies to its inputs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError
from xbarsim.fast.silence import SilentRows, apply_silence
from xbarsim.fast.tiles import eliminate_tiles
from xbarsim.parameters import CrossbarParams

if TYPE_CHECKING:
    import torch

    ArrayOrTensor = TypeVar("ArrayOrTensor", NDArray[Any], torch.Tensor)
else:
    ArrayOrTensor = TypeVar("ArrayOrTensor")


def effective_conductance(
    conductance: ArrayOrTensor,
    crossbar: CrossbarParams,
    *,
    on_tile: Callable[[int], None] | None = None,
    silent_rows: SilentRows = "grounded",
    active: Any = None,  # noqa: ANN401
) -> ArrayOrTensor:
    r"""Return the matrix $G_{eff}$ with $I_j = \sum_i V_i\,G_{eff,ij}$, exactly.

    For linear cells and driven word lines an array is a linear network, so its column currents are
    one matrix product away from its inputs. The matrix is found by eliminating the array word line
    by word line (a ladder in closed form, then a Riccati recursion down the bit lines), about
    ``rows * short**3`` floating-point operations for the shorter side ``short``.

    Assumptions: linear cells, sense amplifiers end in ground. Any resistance may be zero. Measured
    error: see ``validation/records``. A row that does not spike is, by ``silent_rows``,

    - ``grounded``: driven to 0 V, so that one matrix serves every pattern;
    - ``gated``: cut off at each of its cells, as by the select transistors of 1T1R cells;
    - ``floating``: cut off at its driver, so that it still couples the bit lines to each other.

    In the last two cases the matrix belongs to one pattern, and silent rows of it are zero.

    Args:
        conductance: Cell conductances, [..., row, col]; numpy or torch, float32 or float64. [S]
        crossbar: Geometry and resistances. [Ω]
        on_tile: Called with the number of tiles that were just finished, for progress bars.
        silent_rows: What happens to rows that do not spike.
        active: True where a row spikes, [..., row]; leading axes are broadcast with those of
            ``conductance``, so that one array takes a batch of patterns.

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
    g, floating = apply_silence(conductance, silent_rows, active, crossbar)
    solve: Any = _numpy if isinstance(g, np.ndarray) else _torch
    return cast("ArrayOrTensor", solve(g, crossbar, on_tile, floating))


def _numpy(
    g: NDArray[Any],
    crossbar: CrossbarParams,
    on_tile: Callable[[int], None] | None,
    floating: NDArray[np.bool_] | None,
) -> NDArray[Any]:
    if g.dtype not in (np.float32, np.float64):
        msg = f"conductance has dtype {g.dtype}; use float64 or float32"
        raise ParameterError(msg)
    if not np.isfinite(g).all() or (g < 0).any():
        bad = tuple(int(i) for i in np.argwhere(~(g >= 0) | ~np.isfinite(g))[0])
        msg = f"conductance{list(bad)} is {g[bad]!r} S: every value must be finite and not negative"
        raise ParameterError(msg)
    flat = g.reshape(-1, *crossbar.shape)
    open_rows = None if floating is None else floating.reshape(-1, crossbar.rows)
    return eliminate_tiles(flat, crossbar, on_tile, open_rows).reshape(g.shape)


def _torch(
    g: Any,  # noqa: ANN401
    crossbar: CrossbarParams,
    on_tile: Callable[[int], None] | None,
    floating: NDArray[np.bool_] | None,
) -> Any:  # noqa: ANN401
    import torch

    if not isinstance(g, torch.Tensor):
        msg = f"conductance is a {type(g).__name__}; pass a numpy array or a torch tensor"
        raise ParameterError(msg)
    if g.device.type == "cpu" and not (g.requires_grad and torch.is_grad_enabled()):
        return torch.from_numpy(_numpy(g.detach().numpy(), crossbar, on_tile, floating))
    if g.dtype not in (torch.float32, torch.float64):
        msg = f"conductance has dtype {g.dtype}; use float64 or float32"
        raise ParameterError(msg)
    if not bool(torch.isfinite(g).all()) or bool((g < 0).any()):
        msg = "conductance holds values that are negative or not finite"
        raise ParameterError(msg)
    mask = None if floating is None else torch.from_numpy(floating.copy()).to(g.device)
    if g.device.type == "cpu":
        from xbarsim.fast.adjoint import differentiable_conductance

        return differentiable_conductance(g, crossbar, mask)
    from xbarsim.fast.batched import eliminate_batched

    return eliminate_batched(g, crossbar, mask)


def _check_shape(shape: tuple[int, ...], crossbar: CrossbarParams) -> None:
    if len(shape) < 2 or shape[-2:] != crossbar.shape:
        msg = (
            f"conductance has shape {shape} but the array is {crossbar.rows}x{crossbar.cols} "
            "[..., row, col]; split larger matrices into tiles first"
        )
        raise ParameterError(msg)
