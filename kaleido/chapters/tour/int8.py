"""Networks small enough to be sent to a browser: weights in eight bits, and what that does to their outputs."""

import copy

import torch
from torch import Tensor, nn

from kaleido.sampling import sample
from kaleido.tools.seeds import generator

__all__ = ["effect", "matrices", "rounded"]

CHAINS, RUNS = 200, (1, 20)  # of uniform noise that outputs are compared on, and when


def matrices(net: nn.Module) -> list[tuple[Tensor, Tensor, Tensor]]:
    r"""Returns the linear layers of a multilayer perceptron in eight bits: weights, scales and biases.

    .. math:: W_{ij} \approx s_i q_{ij}, \quad s_i = \max_j |W_{ij}| / 127

    q has the shape of W, (outputs, inputs), and is int8; s and the biases have shape (outputs,) and stay float32.
    """
    found = []
    for layer in net:
        if isinstance(layer, nn.Linear):
            weight = layer.weight.detach()
            scales = weight.abs().amax(1).clamp_min(torch.finfo(weight.dtype).tiny) / 127
            found.append(((weight / scales[:, None]).round().to(torch.int8), scales, layer.bias.detach()))
    return found


@torch.no_grad()
def rounded(net: nn.Module) -> nn.Module:
    """Returns a copy of a multilayer perceptron with the weights that its eight bits stand for."""
    again = copy.deepcopy(net)
    linear = [layer for layer in again if isinstance(layer, nn.Linear)]
    for layer, (weights, scales, _) in zip(linear, matrices(net), strict=True):
        layer.weight.copy_(weights * scales[:, None])
    return again


def effect(net: nn.Module) -> list[float]:
    """Returns how far the outputs of a network with bounds [-1, 1] move when it is rounded, after 1 and after 20 runs.

    The difference is the root mean square over chains and features, as a share of the range; both networks turn the
    same uniform noise.
    """
    start = 2 * torch.rand(CHAINS, net.config["dim"], generator=generator(0, "noise uniform")) - 1
    exact, near = (sample(f, start, max(RUNS), RUNS) for f in (net, rounded(net)))
    return [float((exact.at(run) - near.at(run)).square().mean().sqrt() / 2) for run in RUNS]
