"""The networks: maps from (B, D) to (B, D) whose last layer keeps outputs in the bounds of the data."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from kaleido.data.sets import Dataset
from kaleido.networks import architectures
from kaleido.networks.initial import OUTPUTS, drawn
from kaleido.tools.checks import instance, one_of, several, whole
from kaleido.tools.seeds import generator

__all__ = ["ARCHITECTURES", "as_built", "build", "features_of", "mlp", "rebuild", "width_with_as_many"]


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
    whole("dim", dim)

    def make() -> nn.Sequential:
        layers = [layer for a, b in pairwise([dim] + [width] * depth) for layer in (nn.Linear(a, b), nn.ReLU())]
        return nn.Sequential(*layers, nn.Linear(width, dim), OUTPUTS[output]())

    config = {"architecture": "mlp", "dim": dim, "depth": depth, "width": width}
    return drawn(make, {**config, "output": output, "init": init, "seed": seed})


def width_with_as_many(dim: int, depth: int, as_deep: int, width: int) -> int:
    """Returns the width at which an MLP from D to D features has as many parameters as one as deep and as wide as told.

    Arguments:
        dim: D.
        depth: Its hidden layers.
        as_deep: Those of the other one.
        width: The other one's width.
    """

    def count(depth: int, width: int) -> int:
        return 2 * dim * width + (depth - 1) * width**2 + depth * width + dim

    return min(range(1, 20 * width), key=lambda w: abs(count(depth, w) - count(as_deep, width)))


# a network for D features takes `dim`, one for images `image_shape`; a further architecture is a further entry
ARCHITECTURES = {
    "mlp": mlp,
    "cnn": architectures.cnn,
    "autoencoder": architectures.autoencoder,
    "transformer": architectures.transformer,
    "unet": architectures.unet,
    "unet without skips": architectures.unet_without_skips,
}


def build(
    architecture: str,
    data: Dataset,
    depth: int,
    width: int,
    seeds: Sequence[int],
    output: str | None = None,
    init: str = "torch",
) -> list[nn.Module]:
    """Builds one network per seed for a data set.

    Arguments:
        architecture: `mlp`; for images also `cnn`, `autoencoder`, `transformer`, `unet`, `unet without skips`.
        data: Gives D and, where `output` is left out, the output: tanh for bounds (-1, 1), sigmoid for (0, 1).
        depth: Number of hidden layers; what that means for an architecture stands in its docstring.
        width: Their units, channels or features.
        seeds: One per network.
        output: `tanh`, `sigmoid` or `linear`; a bounded one must have the bounds of the data.
        init: `torch` or `he`, see `mlp`.

    Returns:
        The networks, in the order of the seeds.

    Raises:
        ValueError: If the architecture is unknown, no seed is given, or the output does not fit the bounds.
    """
    one_of("architecture", architecture, ARCHITECTURES)
    instance("data", data, Dataset)
    seeds = several("seeds", seeds)
    if not seeds:
        raise ValueError("seeds is empty, expected one per network")
    bounded = {(-1.0, 1.0): "tanh", (0.0, 1.0): "sigmoid"}.get(tuple(map(float, data.bounds)))
    output = output or bounded
    if output not in ("linear", bounded):
        raise ValueError(
            f"output '{output}' does not fit the bounds {data.bounds} of '{data.name}', "
            f"expected '{bounded or 'linear'}'"
        )
    size = data.dim if architecture == "mlp" else data.image_shape
    make = ARCHITECTURES[architecture]
    return [make(size, depth, width, output=output, init=init, seed=seed) for seed in seeds]


def rebuild(config: dict) -> nn.Module:
    """Returns a network of a configuration, as `config` of one has it.

    Raises:
        ValueError: If the architecture is unknown, or an argument is out of range.
        TypeError: If an argument is missing or unknown.
    """
    arguments = dict(config)
    name = arguments.pop("architecture", None)
    one_of("architecture", name, ARCHITECTURES)
    return ARCHITECTURES[name](**arguments)


def features_of(net: nn.Module) -> int:
    """Returns D, the number of features that a network from `build` maps."""
    return net.config["dim"] if "dim" in net.config else math.prod(net.config["image_shape"])


@torch.no_grad()
def as_built(net: nn.Module) -> nn.Module | None:
    """Returns the network that a network's configuration and weights make, if that is the same map, or else nothing.

    It is not where layers were replaced, parametrised or compiled, or their `forward`: layers are of other types, or
    say other things of themselves, or hold other weights, or four random inputs are mapped elsewhere.
    """
    again = rebuild(net.config).train(net.training)

    def layers(of: nn.Module) -> list:
        return [(name, type(layer), layer.extra_repr(), "forward" in vars(layer)) for name, layer in of.named_modules()]

    def held(of: nn.Module) -> dict:
        return {name: (value.shape, value.dtype) for name, value in of.state_dict().items()}

    if layers(net) != layers(again) or held(net) != held(again):
        return None
    again.load_state_dict(net.state_dict())
    x = torch.randn(4, features_of(net), dtype=torch.float32, generator=generator(0, "is it as built"))
    try:
        found = net(x.to(next(net.parameters()).device)).cpu()
    except Exception:  # whatever was made of it, it does not map such inputs
        return None
    same = isinstance(found, Tensor) and torch.allclose(found, again(x), rtol=1e-4, atol=1e-5, equal_nan=True)
    return again if same else None
