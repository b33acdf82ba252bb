"""This module is scikit-learn's handwritten digits: 1797 real 8x8 images that ship with a library.

Source: E. Alpaydin, C. Kaynak, UCI Machine Learning Repository, DOI 10.24432/C50P49.
"""

import numpy as np
import torch

from xbarsim.data.dataset import Dataset

_TEST_SHARE = 0.2
_LARGEST_PIXEL = 16.0


def load_digits() -> Dataset:
    """Return the digits, split by a fixed seed into 1438 images to train on and 359 to test."""
    from sklearn.datasets import load_digits as sklearn_digits

    bunch = sklearn_digits()
    images = torch.from_numpy((bunch.images / _LARGEST_PIXEL).astype(np.float32))[:, None]
    labels = torch.from_numpy(bunch.target.astype(np.int64))
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(images)))
    n_test = round(_TEST_SHARE * len(images))
    test, train = order[:n_test], order[n_test:]
    return Dataset("digits", images[train], labels[train], images[test], labels[test])
