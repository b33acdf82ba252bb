"""This module is how training images are varied: moved by a few pixels, mirrored."""

import torch
from torch import Tensor, nn


def shifted(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Move each image [batch, channel, height, width] by up to ``most`` pixels, filling with zero.

    Args:
        images: Images to move.
        most: Largest move in both directions; 0 returns the images. [pixel]
        generator: Random stream, on the CPU whatever the images' device.
    """
    if most == 0:
        return images
    height, width = images.shape[-2:]
    padded = nn.functional.pad(images, (most,) * 4)
    move = torch.randint(0, 2 * most + 1, (2, len(images)), generator=generator)
    rows = (move[0][:, None] + torch.arange(height)).to(images.device)
    cols = (move[1][:, None] + torch.arange(width)).to(images.device)
    index = torch.arange(len(images), device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[index, rows[:, :, None], cols[:, None, :]].permute(0, 3, 1, 2)


def flipped(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of the images [batch, channel, height, width], drawn at random, left to right."""
    mirror = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(mirror.to(images.device)[:, None, None, None], images.flip(-1), images)
