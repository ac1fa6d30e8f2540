"""The first weights of layers: each is drawn by the network's own seed, begins as PyTorch has it, or is refused."""

import math

import pytest
import torch
from torch import nn

import kaleido as kd
from kaleido.networks.initial import drawn

W = 64
CONFIG = {"architecture": "own", "depth": 1, "width": W, "output": "tanh", "init": "torch", "seed": 3}


def own(*layers, **changes):
    """A network with further layers, made where memory is full of what was there before."""
    junk = [torch.full((n,), 7e3) for n in (1, 16, 64, 256, 1024, 4096) for _ in range(50)]
    del junk
    return drawn(lambda: nn.Sequential(nn.Linear(W, W), *(layer() for layer in layers)), CONFIG | changes)


def reshaped(shape, layer):
    return nn.Sequential(nn.Unflatten(1, shape), layer, nn.Flatten())


DRAWN = {  # and from how many inputs an output is made
    "linear without bias": (lambda: nn.Linear(W, W, bias=False), 64),
    "convolution": (lambda: reshaped((4, 4, 4), nn.Conv2d(4, 8, 3, bias=False)), 4 * 9),
    "in one dimension": (lambda: reshaped((4, 16), nn.Conv1d(4, 8, 3)), 4 * 3),
    "transposed": (lambda: reshaped((16, 2, 2), nn.ConvTranspose2d(16, 4, 2, 2)), 16 * 4),
    "in groups": (lambda: reshaped((16, 2, 2), nn.ConvTranspose2d(16, 8, 2, groups=4)), 4 * 4),
}


@pytest.mark.parametrize("init", ["torch", "he"])
@pytest.mark.parametrize("name", list(DRAWN))
def test_linear_layers_and_convolutions_of_all_kinds_are_drawn(name, init):
    make, inputs = DRAWN[name]
    net, again, other = (own(make, init=init, seed=seed) for seed in (3, 3, 4))
    layer = next(part for part in net[1].modules() if hasattr(part, "weight"))
    if init == "torch":
        assert 0.9 < float(layer.weight.detach().abs().max()) * math.sqrt(inputs) <= 1
    else:
        assert float(layer.weight.detach().std()) == pytest.approx(math.sqrt(2 / inputs), rel=0.15)
    for a, b, c in zip(net.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c) or (init == "he" and not a.any())
    assert net(torch.rand(5, W)).isfinite().all()


@pytest.mark.parametrize(
    "layer", [nn.PReLU, lambda: nn.GroupNorm(4, W), lambda: nn.RMSNorm(W), lambda: nn.LayerNorm(W),
              lambda: reshaped((4, 16), nn.InstanceNorm1d(4, affine=True))]
)  # fmt: skip
def test_what_begins_as_a_constant_begins_as_pytorch_has_it(layer):
    for mine, theirs in zip(own(layer)[1].parameters(), layer().parameters(), strict=True):
        assert torch.equal(mine, theirs)


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))


class Constant(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.arange(9.0))


class Gained(nn.Linear):
    def __init__(self):
        super().__init__(W, W)
        self.gain = nn.Parameter(torch.ones(W))


class Masked(nn.LayerNorm):
    def __init__(self):
        super().__init__(W)
        self.register_buffer("mask", torch.ones(W))


class Placed(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("positions", torch.arange(9.0))


class Tabled(nn.ReLU):
    def __init__(self):
        super().__init__()
        self.table = torch.ones(W)


class Twice(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(W, W), nn.Linear(W, W))
        self[1].weight = self[0].weight


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (Gained, "gain of Gained"),
        (Masked, "mask of Masked"),
        (Placed, "positions of Placed"),
        (Tabled, "table of Tabled"),
        (Twice, "share weights"),
        (lambda: nn.utils.weight_norm(nn.Linear(W, W)), "weight_g"),
        (lambda: nn.BatchNorm1d(W), "BatchNorm1d mixes samples"),
        (lambda: nn.BatchNorm1d(W, affine=False), "BatchNorm1d mixes samples"),
        (lambda: nn.Bilinear(W, W, W), "how to draw bias, weight of Bilinear"),
        (lambda: nn.LSTM(W, W), "of LSTM"),
        (lambda: nn.Embedding(5, W), "weight of Embedding"),
        (lambda: nn.MultiheadAttention(W, 4, kdim=8), "of MultiheadAttention"),
        (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(W, W)), "of ParametrizationList"),
        (Scaled, "scale of Scaled"),
        (Constant, "table of Constant"),
    ],
)
def test_layers_whose_weights_nothing_draws_are_refused_by_name(layer, said):
    with pytest.raises(ValueError, match=said):
        own(layer)


def test_the_package_itself_draws_all_of_its_networks(digits):
    for name in ("mlp", "cnn", "autoencoder", "transformer", "unet", "unet without skips"):
        net = kd.build(name, digits, 4 if name == "autoencoder" else 2, 8, [1])[0]
        assert max(float(weights.abs().max()) for weights in net.parameters()) <= 1
