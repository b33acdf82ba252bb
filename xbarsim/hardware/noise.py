r"""This module is read noise in whole networks: a variance for every read of every tile.

To first order a cell of deviation $\sigma_{kj}$ moves the current of its column by
$\psi_{kj}\varphi_{kj}\sigma_{kj}$ (see ``read_noise_deviation``). The cell's voltage $\varphi$ is the
word line's less the rise of the bit line, which follows the column's current:

    Var I_j = sum_k P_kj (x_k - r I_j)^2,   P_kj = c (sigma_kj psi_kj w_kj)^2,

with r = R_sense, w and psi from one forward and one adjoint solve of the whole array (all rows
driven, all columns sensed), and c one number a layer that makes the sum exact on sampled tiles. What
is left out is measured by ``noise_error``: a few percent of the deviation.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from xbarsim.effects import deviation
from xbarsim.fast import effective_conductance, read_noise_deviation
from xbarsim.fast.nodes import factorise
from xbarsim.parameters import CrossbarParams, Deviation

Array = NDArray[np.float64]

_TILES, _PATTERNS, _DENSITY, _AT_A_TIME = 3, 4, 0.2, 32


@dataclass(frozen=True)
class NoiseModel:
    """Variance of the reads of arrays.

    Attributes:
        power: P, [array, row, col]. [S^2]
        rise: r, by how much a current lifts its bit line. [Ω]
    """

    power: Array
    rise: float

    def deviation(self, x: Array, i_col: Array, array: int) -> Array:
        """Return the standard deviation [batch, col] of inputs x [batch, row] and their currents.

        Args:
            x: Inputs, as shares of the read voltage.
            i_col: Currents per volt of read voltage. [S]
            array: Number of the array.
        """
        p, lift = self.power[array], self.rise * i_col
        variance = (x * x) @ p - 2 * lift * (x @ p) + lift**2 * p.sum(axis=0)
        found: Array = np.sqrt(np.maximum(variance, 0.0))
        return found


def fit_noise(
    arrays: Array, crossbar: CrossbarParams, law: Deviation, *, wires: bool, seed: int = 0
) -> NoiseModel:
    """Find the variance of the reads of one layer's arrays.

    Args:
        arrays: Cell conductances, [array, row, col]. [S]
        crossbar: Size and resistances. [Ω]
        law: Standard deviation of one reading of a cell.
        wires: Whether wires have any resistance; without, the variance is exact.
        seed: Seed of the tiles and patterns that c is found with.
    """
    sigma = deviation(law, arrays)
    if not wires:
        return NoiseModel(sigma**2, 0.0)
    power = np.empty_like(arrays)
    for k in range(0, len(arrays), _AT_A_TIME):
        part = slice(k, k + _AT_A_TIME)
        power[part] = (sigma[part] * _shares(arrays[part], crossbar)) ** 2
    model = NoiseModel(power, crossbar.r_sense)
    ratio = noise_error(model, arrays, crossbar, law, seed=seed)
    return NoiseModel(power / float(np.mean(ratio)) ** 2, crossbar.r_sense)


def noise_error(
    model: NoiseModel, arrays: Array, crossbar: CrossbarParams, law: Deviation, *, seed: int
) -> Array:
    """Return model over first-order deviation, [sample], for random spikes on sampled arrays."""
    draw = np.random.default_rng(seed)
    ratios = []
    for k in draw.choice(len(arrays), min(_TILES, len(arrays)), replace=False):
        g = arrays[k]
        x = (draw.random((_PATTERNS, crossbar.rows)) < _DENSITY).astype(float)
        exact = read_noise_deviation(g, deviation(law, g), x, crossbar)
        found = model.deviation(x, x @ effective_conductance(g, crossbar), int(k))
        ratios.append(found[exact > 0] / exact[exact > 0])
    return np.concatenate(ratios)


def _shares(arrays: Array, crossbar: CrossbarParams) -> Array:
    """Return psi w, without what the currents of all rows and columns take, [array, row, col]."""
    factor = factorise(torch.from_numpy(arrays), crossbar.resistances)
    lead = arrays.shape[0]
    rows = torch.ones((lead, 1, crossbar.rows), dtype=torch.float64)
    cols = torch.ones((lead, 1, crossbar.cols), dtype=torch.float64)
    forward = factor.cell_voltages(rows)[:, 0].numpy()
    adjoint = -factor.cell_voltages(v_sense=cols)[:, 0].numpy()
    currents = arrays * forward, arrays * adjoint
    rise = 1 - crossbar.r_sense * currents[0].sum(axis=1, keepdims=True)
    drop = 1 - crossbar.r_driver * currents[1].sum(axis=2, keepdims=True)
    share: Array = (forward / rise) * (adjoint / drop)
    return share
