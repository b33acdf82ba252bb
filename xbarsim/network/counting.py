"""This module is a layer of neurons for inference: it counts its spikes, and pools them on the way."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.network.fused import is_fusable, layout_of
from xbarsim.network.neuron import LIF
from xbarsim.network.threads import in_threads

Counts = NDArray[np.int64]


class CountingNeurons(nn.Module):
    """Neurons and the average pool behind them, if there is one, in one pass over the drive.

    What comes out is what the neurons and then the pool give, bit for bit.

    Attributes:
        neurons: The layer of neurons.
        pool: The pool of its spikes; None without.
    """

    def __init__(self, neurons: LIF, pool: nn.AvgPool2d | None = None) -> None:
        super().__init__()
        self.neurons = neurons
        self.pool = pool
        if pool is not None:
            size = pool.kernel_size
            self._side = size if isinstance(size, int) else size[0]

    def forward(self, drive: Tensor, membrane: Tensor | None) -> tuple[Tensor, Tensor, Counts]:
        """Run over the time-steps of ``drive`` [time, image, ...].

        Returns:
            Spikes, pooled where there is a pool; the last membrane; number of spikes of all images at
            every step, [time].
        """
        lif = self.neurons
        drive = drive.to(torch.promote_types(drive.dtype, torch.float32))
        known = type(lif) is LIF and is_fusable(drive, lif.leak, lif.threshold)
        if not known or (self.pool and drive.dim() != 5):
            return self._one_by_one(drive, membrane)
        dense = drive.detach().flatten(0, 1)
        layout = torch.channels_last if self.pool else layout_of(dense)
        dense = dense.contiguous(memory_format=layout)
        state = torch.zeros_like(drive[0]) if membrane is None else membrane.detach().clone()
        return self._compiled(dense, drive.shape, state.contiguous(memory_format=layout))

    def _compiled(
        self, dense: Tensor, shape: torch.Size, state: Tensor
    ) -> tuple[Tensor, Tensor, Counts]:
        from xbarsim.network.pooled_kernel import neurons_counted, neurons_pooled

        lif, images = self.neurons, shape[1]
        counts = np.zeros((images, shape[0]), np.int64)
        out = torch.empty_like(dense) if self.pool is None else self._pooled(dense)
        number = dense.numpy().dtype.type
        law = (
            number(lif.leak.item()),
            number(lif.threshold.item()),
            lif.params.reset == "subtract",
        )

        def run(first: int, last: int) -> None:
            if self.pool is None:
                x, v, y = (_flat(t, images) for t in (dense, state, out))
                neurons_counted(x, v[0], *law, y, counts, first, last)
                return
            x, v, y = (_last(t, images) for t in (dense, state, out))
            x, v = (t.reshape(*t.shape[:3], -1) for t in (x, v))
            neurons_pooled(x, v[0], *law, self._side, y, counts, first, last)

        in_threads(run, images, dense.numel() // images)
        return out.reshape(*shape[:2], *out.shape[1:]), state, counts.sum(axis=0)

    def _pooled(self, dense: Tensor) -> Tensor:
        """Return a tensor for the pooled spikes."""
        side = self._side
        shape = (*dense.shape[:2], dense.shape[2] // side, dense.shape[3] // side)
        return torch.empty(shape, dtype=dense.dtype, memory_format=torch.channels_last)

    def _one_by_one(self, drive: Tensor, membrane: Tensor | None) -> tuple[Tensor, Tensor, Counts]:
        spikes, membrane = self.neurons(drive, membrane)
        count = spikes.sum(dim=tuple(range(1, spikes.dim())), dtype=torch.float64)
        if self.pool is not None:
            pooled = self.pool(spikes.flatten(0, 1))
            spikes = pooled.reshape(*spikes.shape[:2], *pooled.shape[1:])
        return spikes, membrane, count.numpy(force=True).astype(np.int64)


def _flat(x: Tensor, images: int) -> NDArray[Any]:
    """Return a dense tensor's memory as [time, image, neuron], in the order in which it lies."""
    width = x.numel() // len(x)
    return np.asarray(x.as_strided((len(x), width), (width, 1)).numpy()).reshape(-1, images, width)


def _last(x: Tensor, images: int) -> NDArray[Any]:
    """Return channels-last memory as [time, image, y, x, channel]."""
    y = x.permute(0, 2, 3, 1).numpy()
    return np.asarray(y.reshape(-1, images, *y.shape[1:]))
