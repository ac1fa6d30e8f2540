"""What all networks share: weights are drawn by a generator of the network's own, arguments kept."""

import math
from collections.abc import Callable

import torch
from torch import nn

from kaleido.tools.checks import one_of, python, whole
from kaleido.tools.seeds import generator

__all__ = ["OUTPUTS", "drawn"]

BOTH, NORM = {"weight", "bias"}, {"running_mean", "running_var", "num_batches_tracked"}
DRAWN = {  # kinds of layers, and what they hold; what resets those from LayerNorm on draws nothing
    nn.Linear: BOTH, nn.modules.conv._ConvNd: BOTH, nn.MultiheadAttention: {"in_proj_weight", "in_proj_bias"},
    nn.LayerNorm: BOTH, nn.GroupNorm: BOTH, nn.RMSNorm: BOTH, nn.PReLU: BOTH,
    nn.modules.instancenorm._InstanceNorm: BOTH | NORM,
}  # fmt: skip
OUTPUTS = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "linear": nn.Identity}


def drawn(make: Callable[[], nn.Module], config: dict) -> nn.Module:
    """Makes a network, draws its weights in the order of its layers, and keeps its arguments as `config`.

    Initialisation `torch`: U[-1/sqrt(n), 1/sqrt(n)] for weights and biases of n inputs; `he`: N(0, 2/n) for weights, 0
    for biases, of linear layers and convolutions. Attention's input projections are Xavier-uniform with zero biases,
    positions N(0, 0.02^2); norms and PReLU begin as PyTorch has them, which draws nothing.

    Raises:
        ValueError: If depth or width is below 1, an output or initialisation is unknown, a layer is of a kind whose
            weights are not drawn here, or one mixes samples, as batch normalisation does.
    """
    for name in ("depth", "width"):
        whole(name, config[name])
    one_of("output", config["output"], OUTPUTS)
    one_of("init", config["init"], ("torch", "he"))
    random = generator(config["seed"], "weights")
    with torch.inference_mode(False):
        with torch.device("meta"):  # nothing is drawn by torch's global generator
            net = make().float()
        weights = len(list(net.parameters()))
        net = net.to_empty(device="cpu")
        if len(list(net.parameters())) != weights:
            raise ValueError("layers share weights, which are not drawn so: share them after the network was made")
        with torch.no_grad():
            for layer in net.modules():
                _initialise(layer, config["init"], random)
        net = net.to(memory_format=torch.channels_last)  # convolutions are up to twice as fast
    net.config = {
        name: list(python(value)) if isinstance(value, list | tuple) else python(value)
        for name, value in config.items()
    }
    return net


def _initialise(layer: nn.Module, init: str, random: torch.Generator) -> None:
    kinds = [kind for kind in DRAWN if isinstance(layer, kind)]
    own = {name for name, _ in (*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False))}
    own |= {name for name, value in vars(layer).items() if isinstance(value, torch.Tensor)}
    unknown = own - (DRAWN[kinds[0]] if kinds else {"positions"} & layer._parameters.keys())
    if isinstance(layer, nn.modules.batchnorm._BatchNorm):
        raise ValueError(f"{type(layer).__name__} mixes samples: take a norm of each by itself, such as LayerNorm")
    if unknown:
        names = f"{', '.join(sorted(unknown))} of {type(layer).__name__}"
        raise ValueError(f"nothing says how to draw {names}: see kaleido.networks.initial")
    if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
        inputs = layer.weight[0].numel()
        if isinstance(layer, nn.modules.conv._ConvTransposeNd):  # its weight begins with the inputs' channels
            inputs = layer.weight[:, 0].numel() // layer.groups
        if init == "he":
            layer.weight.normal_(0, math.sqrt(2 / inputs), generator=random)
        else:
            bound = 1 / math.sqrt(inputs)
            layer.weight.uniform_(-bound, bound, generator=random)
        if layer.bias is not None:
            layer.bias.zero_() if init == "he" else layer.bias.uniform_(-bound, bound, generator=random)
    elif isinstance(layer, nn.MultiheadAttention):
        nn.init.xavier_uniform_(layer.in_proj_weight, generator=random)
        if layer.in_proj_bias is not None:
            layer.in_proj_bias.zero_()
    elif kinds:
        layer.reset_parameters()
    elif own:
        layer.positions.normal_(0, 0.02, generator=random)
