r"""This module is read noise: the standard deviation of every column current, to first order.

With the cell voltages $\varphi$ of the inputs and the adjoint voltages $\psi_j$ of column j, noise of
deviation $\sigma_{kl}$ moves I_j by $-\psi_{j,kl}\varphi_{kl}\sigma_{kl}$; independent cells add in
squares.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import check_conductance, check_inputs
from xbarsim.errors import ParameterError
from xbarsim.fast.nodes import factorise
from xbarsim.parameters import CrossbarParams


def read_noise_deviation(
    conductance: ArrayLike, sigma: ArrayLike, v_row: ArrayLike, crossbar: CrossbarParams
) -> NDArray[np.float64]:
    r"""Return $\sqrt{\sum_{kl} (\psi_{j,kl}\,\varphi_{kl}\,\sigma_{kl})^2}$ for every input and column.

    Args:
        conductance: Cell conductances, [row, col]. [S]
        sigma: Standard deviation of each cell's conductance, independent, [row, col]. [S]
        v_row: Input vectors, [batch, row]. [V]
        crossbar: Geometry and resistances. [Ω]

    Returns:
        Standard deviation of the column currents, [batch, col]. [A]

    Raises:
        ParameterError: If shapes do not fit, or values are negative or not finite.
    """
    g = check_conductance(conductance, crossbar)
    v = check_inputs(v_row, crossbar.rows)
    deviation: NDArray[Any] = np.asarray(sigma, dtype=np.float64)
    if deviation.shape != g.shape or not (np.isfinite(deviation) & (deviation >= 0)).all():
        msg = (
            f"sigma has shape {deviation.shape} and least value {deviation.min()!r} S; use "
            f"[row, col] = {g.shape}, finite and not negative"
        )
        raise ParameterError(msg)
    factor = factorise(torch.from_numpy(g), crossbar.resistances)
    phi = factor.cell_voltages(torch.from_numpy(v)) * torch.from_numpy(deviation)
    psi = factor.cell_voltages(v_sense=torch.eye(crossbar.cols, dtype=torch.float64))
    return (phi.square().flatten(1) @ psi.square().flatten(1).T).sqrt().numpy()
