"""This module is a data set in memory: images between 0 and 1, labels, a split."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
        md5: Checksum of every file that was read; empty for a set that ships with a library.
    """

    name: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    md5: Mapping[str, str] = field(default_factory=dict)

    def to(self, device: torch.device) -> "Dataset":
        """Return the data set on a device."""
        return replace(
            self,
            train_images=self.train_images.to(device),
            train_labels=self.train_labels.to(device),
            test_images=self.test_images.to(device),
            test_labels=self.test_labels.to(device),
        )
