"""What all networks share: weights are drawn by a generator of the network's own, arguments kept."""

import math
from collections.abc import Callable

import torch
from torch import nn

from kaleido.tools.checks import one_of, whole
from kaleido.tools.seeds import generator

__all__ = ["OUTPUTS", "drawn"]

OUTPUTS = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "linear": nn.Identity}


def drawn(make: Callable[[], nn.Module], config: dict) -> nn.Module:
    """Makes a network, draws its weights in the order of its layers, and keeps its arguments as `config`.

    Initialisation `torch`: U[-1/sqrt(n), 1/sqrt(n)] for weights and biases of n inputs; `he`: N(0, 2/n) for weights, 0
    for biases. Attention's input projections are Xavier-uniform with zero biases, positions N(0, 0.02^2), and norms
    begin as the identity.

    Raises:
        ValueError: If depth or width is below 1, or an output or initialisation is unknown.
    """
    for name in ("depth", "width"):
        whole(name, config[name])
    one_of("output", config["output"], OUTPUTS)
    one_of("init", config["init"], ("torch", "he"))
    random = generator(config["seed"], "weights")
    with torch.device("meta"):  # nothing is drawn by torch's global generator
        net = make()
    net = net.to_empty(device="cpu")
    with torch.no_grad():
        for layer in net.modules():
            _initialise(layer, config["init"], random)
    net = net.to(memory_format=torch.channels_last)  # convolutions are up to twice as fast
    net.config = config
    return net


def _initialise(layer: nn.Module, init: str, random: torch.Generator) -> None:
    if isinstance(layer, nn.Linear | nn.Conv2d):
        inputs = layer.weight[0].numel()
        if init == "he":
            layer.weight.normal_(0, math.sqrt(2 / inputs), generator=random)
            layer.bias.zero_()
        else:
            bound = 1 / math.sqrt(inputs)
            layer.weight.uniform_(-bound, bound, generator=random)
            layer.bias.uniform_(-bound, bound, generator=random)
    elif isinstance(layer, nn.MultiheadAttention):
        nn.init.xavier_uniform_(layer.in_proj_weight, generator=random)
        layer.in_proj_bias.zero_()
    elif isinstance(layer, nn.LayerNorm):
        layer.reset_parameters()
    elif hasattr(layer, "positions"):
        layer.positions.normal_(0, 0.02, generator=random)
