"""This module is a data set in memory: images between 0 and 1, labels, a split."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Dataset:
    """Images [image, channel, height, width] in [0, 1] (float32) and labels [image] (int64).

    Attributes:
        name: Name of the data set.
        train_images: Images to train on.
        train_labels: Their classes.
        test_images: Images held out.
        test_labels: Their classes.
    """

    name: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    def to(self, device: torch.device) -> "Dataset":
        """Return the data set on a device."""
        return Dataset(
            self.name,
            self.train_images.to(device),
            self.train_labels.to(device),
            self.test_images.to(device),
            self.test_labels.to(device),
        )
