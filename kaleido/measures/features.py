"""The features that samples are judged in: a small convolutional classifier of the training points."""

import json

import torch
from filelock import FileLock
from torch import Tensor, nn
from torch.nn import functional

from kaleido.data.sets import Dataset
from kaleido.tools import files
from kaleido.tools.checks import instance, whole
from kaleido.tools.exact import code_paths
from kaleido.tools.reach import reached
from kaleido.tools.seeds import generator

__all__ = ["Features", "features"]

BY_CONTENT = "kaleido.data."  # what these modules bring is in the key itself
BATCH, RATE = 64, 2e-3
CHUNK = 50  # images at a time, few enough to stay in the processor's cache


class Features(nn.Module):
    """A classifier that is used for its 64 penultimate units.

    Layer by layer, for images of S x S pixels: (B, D) -> (B, channels, S, S) -> 3 x 3 convolutions with 16 and 32
    channels, each halved in size by maxima, then with ReLU (the other way round is the same map, and slower) ->
    (B, 32, S / 4, S / 4) -> 64 units with ReLU, the features -> one logit per class.
    """

    def __init__(self, image_shape: tuple[int, ...], classes: int):
        super().__init__()
        self.image_shape = tuple(image_shape)
        height, width, channels = (*self.image_shape, 1)[:3]
        self.look = nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * (height // 4) * (width // 4), 64), nn.ReLU(),
        )  # fmt: skip
        self.classes = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the features of points (N, D), with shape (N, 64); `classes` of them are the logits."""
        return torch.cat([self.look(self.images(part)) for part in x.split(CHUNK)])

    def images(self, x: Tensor) -> Tensor:
        """Returns points (N, D) as images, with shape (N, channels, height, width)."""
        if x.ndim != 2 or x.shape[1] != torch.Size(self.image_shape).numel():
            raise ValueError(f"points have shape {tuple(x.shape)}, expected images of {self.image_shape} as rows")
        return x.reshape(-1, *(*self.image_shape, 1)[:3]).permute(0, 3, 1, 2)

    @torch.no_grad()
    def accuracy(self, data: Dataset) -> float:
        """Returns the share of a data set's held-out points whose class is found."""
        return float((self.classes(self(data.test)).argmax(1) == data.test_labels).double().mean())


def features(data: Dataset, seed: int = 0, steps: int = 1000) -> Features:
    """Trains a classifier on the labels of the training points, or finds it in the cache.

    By Adam on batches of 64 with a one-cycle rate (Smith and Topin, arXiv 1708.07120), on one thread. Nothing is
    dropped while it learns: with dropout, noise falls among the digits (precision 0.95 on `digits`, without it 0.09).

    Arguments:
        data: A data set of labelled images.
        seed: Draws the initial weights and the batches.
        steps: Number of gradient steps.

    Returns:
        A map from (N, D) to (N, 64), whose `classes` gives the logits and `accuracy` the share of T classified rightly.

    Raises:
        ValueError: If the data set has no labels or holds no images.
    """
    instance("data", data, Dataset)
    generator(seed, "features")  # refuses a bad seed before anything is read
    whole("steps", steps)
    if data.train_labels is None or data.image_shape is None:
        raise ValueError(f"data set '{data.name}' has no labelled images to learn features from")
    count = int(data.train_labels.max()) + 1
    net = Features(data.image_shape, count).float().eval().requires_grad_(False)
    code = json.dumps(reached(__name__, lambda name: not name.startswith(BY_CONTENT)))
    key = files.digest(data.digest, repr((int(seed), int(steps))), code, *code_paths())[:32]
    path = files.cache_folder() / "features" / f"{key}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        try:
            weights, _ = files.read_tensors(path)
        except (FileNotFoundError, ValueError):  # not there, or damaged
            weights = _learned(data, count, seed, steps)
            files.write_tensors(path, weights, {"data": data.name, "seed": seed, "steps": steps})
    net.load_state_dict(weights)
    return net


@torch.inference_mode(False)  # with gradients and in float32, whatever the caller has switched on or off
@torch.autocast("cpu", enabled=False)
def _learned(data: Dataset, count: int, seed: int, steps: int) -> dict[str, Tensor]:
    net = Features(data.image_shape, count).float()
    random = generator(seed, "features")
    for weights in net.parameters():
        bound = weights[0].numel() ** -0.5 if weights.ndim > 1 else 0.0
        nn.init.uniform_(weights, -bound * 6**0.5, bound * 6**0.5, generator=random)  # He et al., arXiv 1502.01852
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE, fused=True)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(steps):
            rows = torch.randint(len(data.train), (BATCH,), generator=random)
            seen = net.look(net.images(data.train[rows]))
            optimiser.zero_grad()
            functional.cross_entropy(net.classes(seen), data.train_labels[rows]).backward()
            optimiser.step()
            cycle.step()
    finally:
        torch.set_num_threads(before)
    return {name: tensor.detach() for name, tensor in net.state_dict().items()}
