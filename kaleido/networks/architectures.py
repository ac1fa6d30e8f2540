"""Networks for images: convolutional, with and without a bottleneck, U-Nets, and Transformers.

They map (B, D) to (B, D), D = height x width x channels with channels last, as `Dataset` has images, for any size. No
layer mixes samples.
"""

from functools import partial
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import interpolate, pad

from kaleido.networks.initial import OUTPUTS, drawn
from kaleido.tools.checks import whole

__all__ = ["autoencoder", "cnn", "transformer", "unet", "unet_without_skips"]

COARSE = 8  # a plain CNN halves images until they are at most so wide
HEADS = 4  # of attention


def cnn(
    image_shape: tuple[int, ...],
    depth: int,
    width: int,
    halvings: int | None = None,
    bottleneck: int | None = None,
    output: str = "tanh",
    init: str = "torch",
    seed: int = 0,
) -> nn.Module:
    """Returns a plain convolutional network, or with a bottleneck a convolutional autoencoder.

    `depth` hidden layers, 3 x 3 convolutions with ReLU and `width` channels. The first `halvings` have stride 2; the
    last `halvings` of all convolutions, the output's among them, follow an upsampling (nearest) to the sizes passed on
    the way down. For 28 x 28, depth 6 and two halvings::

        (B, 784) -> (B, 1, 28, 28) -> (B, w, 14, 14) -> (B, w, 7, 7) -> 3 times (B, w, 7, 7)
                 -> (B, w, 14, 14) -> (B, 1, 28, 28) -> (B, 784)

    With a bottleneck of k, a code is inserted after half of the hidden layers: (B, w, 7, 7) -> (B, k) -> (B, w, 7, 7),
    two linear layers with a ReLU after the second.

    Arguments:
        image_shape: (height, width) or (height, width, channels).
        depth: Number of hidden convolutions, at least 2 x halvings.
        width: Their channels.
        halvings: How many halve the size; by default as many as bring the shorter side to 8 or less.
        bottleneck: Features of the code, or `None` for a network without one.
        output, init, seed: See `kaleido.mlp`.

    Returns:
        The network, with its arguments as `config`.

    Raises:
        ValueError: If a size is out of range, or an output or initialisation is unknown.
    """
    high, wide, channels = _sides(image_shape)
    whole("depth", depth)
    if halvings is None:
        halvings = next(n for n in range(20) if min(high, wide) <= COARSE * 2**n)
    whole("halvings", halvings, 0)
    if bottleneck is not None:
        whole("bottleneck", bottleneck)
    if depth < 2 * halvings:
        raise ValueError(f"depth is {depth}, expected at least twice the {halvings} halvings")
    sizes = _halved(high, wide, halvings)

    def make() -> nn.Module:
        layers, inputs = [_Image(high, wide, channels)], channels
        for i in range(depth + 1):
            last = i == depth
            up = i - (depth + 1 - halvings)  # from 0 on: the layers that follow an upsampling
            if bottleneck and i == (depth + 1) // 2:
                layers += _code(width, sizes[halvings if up <= 0 else halvings - up], bottleneck)
            if up >= 0:
                layers.append(_Resize(sizes[halvings - 1 - up]))
            layers.append(_convolution(inputs, channels if last else width, stride=2 if i < halvings else 1))
            layers.append(OUTPUTS[output]() if last else nn.ReLU())
            inputs = width
        return nn.Sequential(*layers, _Flat())

    arguments = {"depth": depth, "width": width, "halvings": halvings, "bottleneck": bottleneck}
    return drawn(make, _config("cnn", image_shape, arguments, output, init, seed))


autoencoder = partial(cnn, halvings=2, bottleneck=16)  # 8 x 8 to 2 x 2, 28 x 28 to 7 x 7, and 16 features between


def unet(
    image_shape: tuple[int, ...],
    depth: int,
    width: int,
    skips: bool = True,
    output: str = "tanh",
    init: str = "torch",
    seed: int = 0,
) -> nn.Module:
    """Returns a U-Net (Ronneberger, Fischer and Brox, arXiv 1505.04597): down and up, 3 x 3 convolutions and ReLU.

    `depth` is the number of halvings; after i of them there are 2^i `width` channels. For 28 x 28 and depth 2::

        (B, 784) -> (B, 1, 28, 28) -> (B, w, 28, 28) -------- skip -------> (B, w, 28, 28) -> (B, 1, 28, 28) -> (B, 784)
               stride 2, twice: (B, 2w, 14, 14) ---- skip ---> (B, 2w, 14, 14), upsampled
                      stride 2, twice: (B, 4w, 7, 7) -> upsampled

    Every step up is an upsampling (nearest), a convolution to half the channels, and a second one that also reads the
    skip: what came by at that size on the way down. `skips=False` leaves these inputs away.

    Arguments:
        image_shape: (height, width) or (height, width, channels).
        depth: Number of halvings; the shorter side must be at least 2^depth.
        width: Channels at full size.
        skips: Whether there are skip connections.
        output, init, seed: See `kaleido.mlp`.

    Returns:
        The network, with its arguments as `config`.

    Raises:
        ValueError: If a size is out of range, or an output or initialisation is unknown.
    """
    high, wide, channels = _sides(image_shape)
    whole("depth", depth)
    if min(high, wide) < 2**depth:
        raise ValueError(f"depth is {depth}, too many halvings for images of {high} x {wide}")
    make = partial(_UNet, high, wide, channels, depth, width, skips, output)
    return drawn(
        make, _config("unet", image_shape, {"depth": depth, "width": width, "skips": skips}, output, init, seed)
    )


unet_without_skips = partial(unet, skips=False)


def transformer(
    image_shape: tuple[int, ...],
    depth: int,
    width: int,
    patch: int | None = None,
    output: str = "tanh",
    init: str = "torch",
    seed: int = 0,
) -> nn.Module:
    """Returns a pre-norm Transformer encoder over patches (arXiv 1706.03762, 2010.11929), without dropout.

    For 28 x 28 and patches of 7 x 7::

        (B, 784) -> (B, 16 tokens, 49) -> linear, + learned positions (B, 16, w) -> depth blocks -> norm
                 -> linear (B, 16, 49) -> (B, 784)

    A block is attention with 4 heads and two linear layers, w to 2w to w with a ReLU between, each after a norm and
    beside a residual connection (`torch.nn.TransformerEncoderLayer`). Where patches do not tile the image it is padded
    with zeros, and cut again. Patches of 1 are pixels as tokens.

    Arguments:
        image_shape: (height, width) or (height, width, channels).
        depth: Number of blocks.
        width: Features of a token, a multiple of 4.
        patch: Side of a patch; by default a quarter of the longer side, rounded up: 16 tokens.
        output, init, seed: See `kaleido.mlp`.

    Returns:
        The network, with its arguments as `config`.

    Raises:
        ValueError: If a size is out of range, or an output or initialisation is unknown.
    """
    high, wide, channels = _sides(image_shape)
    patch = ceil(max(high, wide) / 4) if patch is None else patch
    whole("patch", patch)
    whole("width", width)
    if width % HEADS:
        raise ValueError(f"width is {width}, expected a multiple of {HEADS}, the heads of attention")
    make = partial(_Transformer, high, wide, channels, depth, width, patch, output)
    arguments = {"depth": depth, "width": width, "patch": patch}
    return drawn(make, _config("transformer", image_shape, arguments, output, init, seed))


def _config(architecture, image_shape, arguments, output, init, seed) -> dict:
    rest = {"output": output, "init": init, "seed": seed}
    return {"architecture": architecture, "image_shape": list(image_shape), **arguments, **rest}


def _sides(image_shape) -> tuple[int, int, int]:
    if image_shape is None or len(image_shape) not in (2, 3):
        raise ValueError(f"image_shape is {image_shape}, expected (height, width) or (height, width, channels)")
    sides = tuple(int(n) for n in image_shape)
    if min(sides) < 1:
        raise ValueError(f"image_shape is {image_shape}, expected sizes of at least 1")
    return (*sides, 1) if len(sides) == 2 else sides


def _halved(high: int, wide: int, times: int) -> list[tuple[int, int]]:
    """Sizes after 0, 1, ... convolutions of stride 2."""
    sizes = [(high, wide)]
    for _ in range(times):
        sizes.append((ceil(sizes[-1][0] / 2), ceil(sizes[-1][1] / 2)))
    return sizes


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1)


def _code(width: int, size: tuple[int, int], features: int) -> list[nn.Module]:
    whole_map = width * size[0] * size[1]
    code = [nn.Flatten(), nn.Linear(whole_map, features), nn.Linear(features, whole_map), nn.ReLU()]
    return [*code, nn.Unflatten(1, (width, *size))]


class _Image(nn.Module):
    """(B, D) -> (B, C, H, W), without copying: channels stay last in memory."""

    def __init__(self, high: int, wide: int, channels: int):
        super().__init__()
        self.shape = (high, wide, channels)

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, *self.shape).permute(0, 3, 1, 2)


class _Flat(nn.Module):
    """(B, C, H, W) -> (B, D), the other way."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


class _Resize(nn.Module):
    """To a given size, nearest pixel."""

    def __init__(self, size: tuple[int, int]):
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return interpolate(x, size=self.size)


class _UNet(nn.Module):
    def __init__(self, high, wide, channels, depth, width, skips, output):
        super().__init__()
        self.skips = skips
        sizes = _halved(high, wide, depth)
        self.image, self.flat, self.relu = _Image(high, wide, channels), _Flat(), nn.ReLU()
        self.first = _convolution(channels, width)
        several = [width * 2**i for i in range(depth + 1)]
        self.down = nn.ModuleList(
            nn.Sequential(_convolution(a, 2 * a, stride=2), nn.ReLU(), _convolution(2 * a, 2 * a), nn.ReLU())
            for a in several[:-1]
        )
        self.up = nn.ModuleList(
            nn.Sequential(_Resize(sizes[i]), _convolution(2 * several[i], several[i]), nn.ReLU())
            for i in reversed(range(depth))
        )
        self.joined = nn.ModuleList(_convolution((1 + skips) * several[i], several[i]) for i in reversed(range(depth)))
        self.last, self.output = _convolution(width, channels), OUTPUTS[output]()

    def forward(self, x: Tensor) -> Tensor:
        passed = [self.relu(self.first(self.image(x)))]
        for down in self.down:
            passed.append(down(passed[-1]))
        x = passed.pop()
        for up, joined in zip(self.up, self.joined, strict=True):
            x, skip = up(x), passed.pop()
            x = self.relu(joined(torch.cat((x, skip), 1) if self.skips else x))
        return self.flat(self.output(self.last(x)))


class _Transformer(nn.Module):
    def __init__(self, high, wide, channels, depth, width, patch, output):
        super().__init__()
        self.shape, self.patch = (high, wide, channels), patch
        self.grid = (ceil(high / patch), ceil(wide / patch))
        features = patch * patch * channels
        self.positions = nn.Parameter(torch.empty(self.grid[0] * self.grid[1], width))
        self.first = nn.Linear(features, width)
        block = partial(nn.TransformerEncoderLayer, width, HEADS, 2 * width, 0.0, batch_first=True, norm_first=True)
        self.blocks = nn.Sequential(*(block() for _ in range(depth)))
        self.norm, self.last, self.output = nn.LayerNorm(width), nn.Linear(width, features), OUTPUTS[output]()

    def forward(self, x: Tensor) -> Tensor:
        (high, wide, channels), (rows, columns), side = self.shape, self.grid, self.patch
        x = x.reshape(-1, high, wide, channels)
        x = pad(x, (0, 0, 0, columns * side - wide, 0, rows * side - high))
        x = x.reshape(-1, rows, side, columns, side, channels).transpose(2, 3).flatten(3).flatten(1, 2)
        x = self.first(x) + self.positions
        with sdpa_kernel(SDPBackend.MATH):  # the one that has forward derivatives too; as fast for so few tokens
            x = self.blocks(x)
        x = self.output(self.last(self.norm(x)))
        x = x.reshape(-1, rows, columns, side, side, channels).transpose(2, 3)
        x = x.reshape(-1, rows * side, columns * side, channels)[:, :high, :wide]
        return x.flatten(1)
