"""This module is batch norm folded into the layer before it, for evaluation and for conversion."""

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from xbarsim.errors import ParameterError
from xbarsim.network.unroll import leaves


def fold_batch_norm(network: nn.Module) -> nn.Sequential:
    r"""Return a copy without batch norm that computes the same in evaluation.

    $W' = W \gamma / \sqrt{\sigma^2 + \epsilon}$, $b' = \beta + (b - \mu) \gamma /
    \sqrt{\sigma^2 + \epsilon}$ with the running statistics μ and σ² (B. Jacob et al. 2018,
    DOI 10.1109/CVPR.2018.00286). Layers may thereby get a bias.

    Args:
        network: Feed-forward network; each batch norm follows a convolution or a linear layer.

    Raises:
        ParameterError: If a batch norm follows anything else.
    """
    layers: list[nn.Module] = []
    for layer in leaves(network):
        if not isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layers.append(copy.deepcopy(layer).eval())
        elif layers and isinstance(layers[-1], nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], copy.deepcopy(layer).eval())
        elif layers and isinstance(layers[-1], nn.Linear):
            layers[-1] = fuse_linear_bn_eval(layers[-1], copy.deepcopy(layer).eval())
        else:
            before = type(layers[-1]).__name__ if layers else "the input"
            msg = (
                f"a batch norm follows {before}; it can only be folded into a conv or linear layer"
            )
            raise ParameterError(msg)
    return nn.Sequential(*layers)
