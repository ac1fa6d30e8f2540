"""The machine's own limit: the time of the matrix products alone, of the very same shapes, as PyTorch makes them."""

from collections.abc import Callable

import torch
from torch import nn


def learning(net: nn.Sequential, batch: int, steps: int, precision: torch.dtype = torch.float32) -> Callable[[], None]:
    """Returns the products of gradient steps: forward, and two backward, one for the first layer."""
    products = []
    for i, layer in enumerate(_layers(net)):
        weight = layer.weight.detach().to(precision)
        x, slope = (torch.randn(batch, size).to(precision) for size in reversed(weight.shape))
        products += [(x, weight.t()), (slope.t(), x)] + ([(slope, weight)] if i else [])
    return _repeated(products, steps)


def sampling(net: nn.Sequential, chains: int, runs: int) -> Callable[[], None]:
    """Returns the products of sampling runs: forward only."""
    products = []
    for layer in _layers(net):
        weight = layer.weight.detach()
        products.append((torch.randn(chains, weight.shape[1]), weight.t()))
    return _repeated(products, runs)


def _layers(net: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in net if isinstance(layer, nn.Linear)]


def _repeated(products, times: int) -> Callable[[], None]:
    results = [left.new_empty(len(left), right.shape[1]) for left, right in products]

    def run() -> None:
        for _ in range(times):
            for (left, right), result in zip(products, results, strict=True):
                torch.mm(left, right, out=result)

    return run
