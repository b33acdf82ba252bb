"""This module is batch norm through time: one set of statistics per layer and time-step."""

import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.network.norm import NormThroughTime, is_compiled

_EPS = 1e-4
_MOMENTUM = 0.1


class BatchNormThroughTime(nn.Module):
    r"""Normalise every time-step by its own statistics, all steps in one grouped operation.

    $y_t = \gamma_t (x_t - \mu_t) / \sqrt{\sigma_t^2 + \epsilon}$ per channel, with no offset
    (Y. Kim, P. Panda 2021, DOI 10.3389/fnins.2021.773954). It equals T modules of batch norm with
    eps 1e-4, momentum 0.1 and a bias of zero.

    Attributes:
        momentum: Share of this batch in the running statistics.
        gamma: Learned scale, [time, channel].
        running_mean: Mean that evaluation uses, [time, channel].
        running_var: Unbiased variance that evaluation uses, [time, channel].
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, steps: int, channels: int) -> None:
        super().__init__()
        self.momentum = _MOMENTUM
        self.gamma = nn.Parameter(torch.ones(steps, channels))
        self.register_buffer("running_mean", torch.zeros(steps, channels))
        self.register_buffer("running_var", torch.ones(steps, channels))

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        """Normalise ``x`` [time, batch, channel, ...], whose first time-step is number ``start``.

        Raises:
            ParameterError: If there are more time-steps than statistics.
        """
        steps = slice(start, start + len(x))
        if steps.stop > len(self.gamma):
            msg = (
                f"time-step {steps.stop} has no statistics: the layer was made for "
                f"{len(self.gamma)} time-steps; run it for at most that many"
            )
            raise ParameterError(msg)
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        shape = (len(x), 1, x.shape[2]) + (1,) * (x.dim() - 3)
        if self.training and is_compiled(x):
            y, mean, var = NormThroughTime.apply(x, self.gamma[steps], _EPS)  # type: ignore[no-untyped-call]
            self._remember(mean, var, x[0].numel() // x.shape[2], steps)
            return torch.as_tensor(y)
        if self.training:
            axes = (1, *range(3, x.dim()))
            var, mean = torch.var_mean(x, dim=axes, correction=0)
            self._remember(mean.detach(), var.detach(), x[0].numel() // x.shape[2], steps)
        else:
            mean, var = self.running_mean[steps], self.running_var[steps]
        scale = self.gamma[steps] * torch.rsqrt(var + _EPS)
        return torch.addcmul((-mean * scale).view(shape), x, scale.view(shape))

    def _remember(self, mean: Tensor, var: Tensor, count: int, steps: slice) -> None:
        """Move the running statistics towards this batch's."""
        unbiased = var * (count / max(count - 1, 1))
        self.running_mean[steps].lerp_(mean, self.momentum)
        self.running_var[steps].lerp_(unbiased, self.momentum)

    def extra_repr(self) -> str:
        """Say time-steps and channels."""
        return "steps={}, channels={}".format(*self.gamma.shape)
