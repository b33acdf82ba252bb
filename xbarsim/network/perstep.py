"""This module is the kind of layer that tells time-steps apart without keeping state."""

from abc import abstractmethod

from torch import Tensor, nn


class PerStepLayer(nn.Module):
    """A layer whose output depends on the number of the time-step, such as one with read noise."""

    @abstractmethod
    def over_time(self, x: Tensor, start: int) -> Tensor:
        """Run on ``x`` [time, batch, ...], whose first time-step is number ``start``."""
