"""The networks: maps from (B, D) to (B, D) whose last layer keeps outputs in the bounds of the data."""

import math
from itertools import pairwise

import torch
from torch import nn

from kaleido.data import Dataset, generator

__all__ = ["build", "mlp"]

OUTPUTS = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "linear": nn.Identity}


def mlp(dim: int, depth: int, width: int, output: str = "tanh", init: str = "torch", seed: int = 0) -> nn.Sequential:
    r"""Returns a multilayer perceptron with ReLU hidden layers.

    .. math:: f(x) = \sigma(W_{H} \mathrm{relu}(\cdots \mathrm{relu}(W_0 x + b_0) \cdots) + b_{H})

    with H = depth hidden layers: (B, D) -> (B, width), depth times -> (B, D). The MNIST network of
    arXiv 2402.11793 is `mlp(784, 10, 500)`, 3,039,784 parameters; its toy networks "L = 7" are depth 6 here.

    Arguments:
        dim: D, the number of features.
        depth: Number of hidden layers.
        width: Units of each hidden layer.
        output: `tanh` into [-1, 1], `sigmoid` into [0, 1], or `linear`, unbounded.
        init: `torch`, U[-1/sqrt(n), 1/sqrt(n)] for weights and biases, n inputs (PyTorch's own);
            or `he`, N(0, 2/n) for weights, 0 for biases (He et al., arXiv 1502.01852).
        seed: Draws the initial weights. The batches that the network will learn from are drawn by it too.

    Returns:
        The network. Its attribute `config` holds the arguments.

    Raises:
        ValueError: If a size is below 1, or an output or initialisation is unknown.
    """
    for name, value in (("dim", dim), ("depth", depth), ("width", width)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} is {value!r}, expected a whole number of at least 1")
    if output not in OUTPUTS:
        raise ValueError(f"unknown output '{output}', expected one of {', '.join(OUTPUTS)}")
    if init not in ("torch", "he"):
        raise ValueError(f"unknown init '{init}', expected 'torch' or 'he'")
    sizes = [dim] + [width] * depth
    layers = [layer for a, b in pairwise(sizes) for layer in (_linear(a, b), nn.ReLU())]
    net = nn.Sequential(*layers, _linear(width, dim), OUTPUTS[output]())
    random = generator(seed, "weights")
    for layer in net:
        if isinstance(layer, nn.Linear):
            _initialise(layer, init, random)
    net.config = {
        "architecture": "mlp",
        "dim": dim,
        "depth": depth,
        "width": width,
        "output": output,
        "init": init,
        "seed": seed,
    }
    return net


def build(
    architecture: str,
    data: Dataset,
    depth: int,
    width: int,
    seeds: list[int],
    output: str | None = None,
    init: str = "torch",
) -> list[nn.Module]:
    """Builds one network per seed for a data set.

    Arguments:
        architecture: `mlp`.
        data: Gives D and, where `output` is left out, the output: tanh for bounds (-1, 1), sigmoid for (0, 1).
        depth: Number of hidden layers.
        width: Units of each hidden layer.
        seeds: One per network.
        output: `tanh`, `sigmoid` or `linear`; a bounded one must have the bounds of the data.
        init: `torch` or `he`, see `mlp`.

    Returns:
        The networks, in the order of the seeds.

    Raises:
        ValueError: If the architecture is unknown, no seed is given, or the output does not fit the bounds.
    """
    if architecture != "mlp":
        raise ValueError(f"unknown architecture '{architecture}', expected 'mlp'")
    if not len(seeds):
        raise ValueError("seeds is empty, expected one per network")
    bounded = {(-1.0, 1.0): "tanh", (0.0, 1.0): "sigmoid"}.get(tuple(map(float, data.bounds)))
    output = output or bounded
    if output not in ("linear", bounded):
        raise ValueError(
            f"output '{output}' does not fit the bounds {data.bounds} of '{data.name}', "
            f"expected '{bounded or 'linear'}'"
        )
    return [mlp(data.dim, depth, width, output, init, seed) for seed in seeds]


def _linear(inputs: int, outputs: int) -> nn.Linear:
    return nn.utils.skip_init(nn.Linear, inputs, outputs)  # drawn below, by a generator of our own


def _initialise(layer: nn.Linear, init: str, random: torch.Generator) -> None:
    with torch.no_grad():
        if init == "he":
            layer.weight.normal_(0, math.sqrt(2 / layer.in_features), generator=random)
            layer.bias.zero_()
        else:
            bound = 1 / math.sqrt(layer.in_features)
            layer.weight.uniform_(-bound, bound, generator=random)
            layer.bias.uniform_(-bound, bound, generator=random)
