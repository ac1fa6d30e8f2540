"""Manifold learning: a network is trained to be the identity on the training points."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import torch
from torch import Tensor, nn
from torch.func import stack_module_state

from kaleido.gradients import ByHand
from kaleido.networks.build import as_built, features_of
from kaleido.tools.checks import a_map, built, floats, instance, number, one_of, several, whole
from kaleido.tools.seeds import generator

__all__ = ["History", "Snapshot", "learn"]

LONGEST, NEAR = 50, 1.05  # steps between looks; shorter ones begin where a batch's loss is this near a level
PART = 500  # points that a network of images is evaluated on at a time
STACKED_WIDTH = 64  # on a CPU, wider networks learn as fast in turn (measured on 2 cores)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A member's weights when its loss was first seen at or below a level."""

    level: float
    step: int
    loss: float
    weights: dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class History:
    """What one member went through: its loss at the evaluated steps, its snapshots, and its loss on all points at last.

    The losses, and those of snapshots, are on all training points unless `look` took fewer.
    """

    steps: tuple[int, ...]
    losses: tuple[float, ...]
    snapshots: tuple[Snapshot, ...] = ()
    final: float | None = None


@torch.inference_mode(False)  # with gradients and in float32, whatever the caller has switched on or off
@torch.autocast("cpu", enabled=False)
def learn(
    nets: Sequence[nn.Module],
    data: Tensor | Sequence[Tensor],
    steps: int,
    batch: int | None = 256,
    lr: float = 1e-3,
    snapshots: Sequence[float] = (),
    every: int | float | None = 50,
    stop: bool = False,
    noise: float = 0.0,
    spectral: float | None = None,
    precision: str = "float32",
    device: str = "cpu",
    look: int | None = None,
) -> list[History]:
    r"""Trains each network, in place, to be the identity on its training points.

    .. math:: \min_f \frac{1}{M D} \sum_{x \in X} \lVert f(x) - x \rVert^2

    by Adam (Kingma and Ba, arXiv 1412.6980) on random batches, drawn with replacement by the network's own seed: a
    member learns what it would learn alone. Narrow MLPs of one shape are stacked and learn together, others in turn.
    Networks whose layers were frozen, replaced or compiled since they were built learn as PyTorch has them learn.

    With `noise` the input is x + s e with e ~ N(0, I) and, for each point of a batch anew, s ~ U[0, noise], while
    the target stays x: a denoising autoencoder (Vincent et al., 2008, ICML) that is not told how noisy its input is.
    With `spectral` every weight matrix W is scaled to W min(1, spectral / s) after each step, s its spectral norm by
    one power iteration a step from the last one's vector, as in Miyato et al. (arXiv 1802.05957).

    Arguments:
        nets: Networks from `build`.
        data: Training points (M, D) for all networks, or one such tensor for each.
        steps: Number of gradient steps.
        batch: Points of a batch; `None`, or M and more, is the full batch.
        lr: Learning rate.
        snapshots: Levels of the loss; the weights are copied where it is first seen at or below each.
        every: Steps between evaluations of the loss; steps 0 and `steps` are always evaluated. A number below 1 is a
            share of the steps so far, at least one step: a loss that falls as a power -1/2 of the steps falls by 1 % in
            0.02 of them. `None`: 50 steps, and 0.02 of those so far where a batch comes within 5 % of the next level.
        stop: Whether to end as soon as every level was seen, by all members that learn together.
        noise: Largest standard deviation of the noise on the inputs, in the unit of the features.
        spectral: Bound on the spectral norm of each weight matrix of an MLP; by default there is none.
        precision: Of an MLP's products: `float32`, or `bf16`, which pays where the processor multiplies such numbers
            itself (AVX512-BF16, AMX, a GPU). Weights and losses are float32 always.
        device: Where to learn: `cpu`, `cuda`, or `auto`, a GPU if there is one. There MLPs of any width are stacked.
            The networks are on the CPU afterwards.
        look: The loss is evaluated on the first so many points of X; by default on all. On all of them it is
            evaluated once more at the end, see `History.final`.

    Returns:
        One history per network.

    Raises:
        ValueError: If sizes do not fit or are out of range, a value is not finite, or training diverges; if a network
            has nothing to learn, shares weights with another, or drops units at random as it learns; if bf16 or
            spectral bounds are asked of one that is no MLP as it was built.
        TypeError: If a network is not from `build`, or the data is no tensor.
    """
    instance("nets", nets, Sequence)
    instance("data", data, Tensor | Sequence)
    sets = [data] * len(nets) if isinstance(data, Tensor) else list(data)
    snapshots = several("snapshots", snapshots)
    sets = [points.clone() if isinstance(points, Tensor) and points.is_inference() else points for points in sets]
    _check(nets, sets, steps, batch, lr, snapshots, every, noise, look)
    plain = [_plain(net) for net in nets]
    place = _place(all(plain), precision, spectral, device)
    levels = sorted(snapshots, reverse=True)
    histories: dict[int, History] = {}
    for members in _groups(nets, sets, plain, place):
        moved = {id(sets[i]): sets[i].to(place) for i in members}  # what networks share stays one tensor
        some = [nets[i].to(place) for i in members], [moved[id(sets[i])] for i in members]
        how = (steps, batch, float(lr), levels, every, stop, noise, spectral, precision, look)
        histories.update(zip(members, _learn_together(*some, plain[members[0]], *how), strict=True))
        for net in some[0]:
            net.cpu()
    return [histories[i] for i in range(len(nets))]


def _check(nets, sets, steps, batch, lr, snapshots, every, noise, look) -> None:
    if not nets or len(nets) != len(sets):
        raise ValueError(f"there are {len(nets)} networks and {len(sets)} data sets, expected as many, at least one")
    for net, points in zip(nets, sets, strict=True):
        built("a network of nets", net)
        floats("data", points, features_of(net))
        if points.dtype != torch.float32:
            raise ValueError(f"data is {points.dtype}, expected torch.float32 as the networks are")
        a_map("a network of nets", net, points)
        if not any(weight.requires_grad for weight in net.parameters()):
            raise ValueError("a network of nets has nothing to learn: all of its weights are frozen")
        if any(weight.dtype != torch.float32 for weight in net.parameters()):
            raise ValueError("a network of nets has weights that are not torch.float32")
    places = [{weight.data_ptr() for weight in net.parameters()} for net in nets]
    if len(set().union(*places)) < sum(map(len, places)):
        raise ValueError("networks of nets share weights: let them learn one after the other")
    whole("steps", steps, 0)
    for name, value in (("batch", batch), ("every", every), ("look", look)):
        if value is not None and not (name == "every" and isinstance(value, Real) and 0 < value < 1):
            whole(name, value)
    number("lr", lr, "a positive number", lambda rate: rate > 0)
    number("noise", noise, "a standard deviation of at least 0", lambda size: size >= 0)
    for level in snapshots:
        number("a level of snapshots", level, "a loss", lambda loss: loss >= 0)


def _plain(net: nn.Module) -> bool:
    """Whether its gradients can be taken by hand: an MLP as it was built, with nothing frozen, shared or hooked."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    hooked = any(getattr(layer, name) for layer in net.modules() for name in hooks)
    weights = list(net.parameters())
    hooked |= any(weight._backward_hooks or weight._post_accumulate_grad_hooks for weight in weights)
    free = all(weight.requires_grad for weight in weights) and len({w.data_ptr() for w in weights}) == len(weights)
    return net.config["architecture"] == "mlp" and free and not hooked and as_built(net) is not None


def _place(plain, precision, spectral, device) -> torch.device:
    one_of("device", device, ("cpu", "cuda", "auto"))
    one_of("precision", precision, ("float32", "bf16"))
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', and PyTorch finds no GPU here: take 'cpu' or 'auto'")
    place = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    if spectral is not None:
        number("spectral", spectral, "a positive bound, or None", lambda bound: bound > 0)
    for name, asked in (("precision 'bf16'", precision == "bf16"), ("spectral", spectral is not None)):
        if asked and not plain:
            raise ValueError(f"{name} is for MLPs as they were built, and another network is among these")
    return place


def _groups(nets, sets, plain, place) -> list[list[int]]:
    """Members that are stacked: MLPs, narrow ones on a CPU, alike in all but their seed, on as many points."""
    groups: dict[object, list[int]] = {}
    for i, (net, points) in enumerate(zip(nets, sets, strict=True)):
        alike = tuple((name, str(value)) for name, value in sorted(net.config.items()) if name not in ("seed", "init"))
        stacked = plain[i] and (place.type != "cpu" or net.config["width"] <= STACKED_WIDTH)
        groups.setdefault((alike, tuple(points.shape)) if stacked else i, []).append(i)
    return list(groups.values())


def _learn_together(
    nets, sets, plain, steps, batch, lr, levels, every, stop, noise, spectral, precision, look
) -> list[History]:
    """Trains members whose weights are stacked along a first axis; a single one needs no stack."""
    many = len(nets) > 1
    size, shared = len(sets[0]), all(s is sets[0] for s in sets)
    if many:
        weights, _ = stack_module_state(list(nets))
        x = sets[0].expand(len(nets), -1, -1) if shared else torch.stack(list(sets))
    else:
        weights, x = dict(nets[0].named_parameters()), sets[0]
    map_ = (lambda x: _stacked_mlp(nets[0], weights, x)) if many else nets[0]
    by_hand = ByHand(nets[0], weights, precision) if plain else None
    random = [generator(net.config["seed"], "batches") for net in nets]

    def next_batch() -> Tensor:
        if batch is None or batch >= size:
            return x
        rows = [torch.randint(size, (batch,), generator=g) for g in random]
        if many and shared and x.is_cuda:  # one copy from pinned memory, so that the GPU is never waited for
            return sets[0][torch.stack(rows).pin_memory().to(x.device, non_blocking=True)]
        return torch.stack([points[row] for points, row in zip(sets, rows, strict=True)]) if many else x[rows[0]]

    draws = [generator(net.config["seed"], "input noise") for net in nets]

    def noisy(target: Tensor) -> Tensor:
        if not noise:
            return target
        shape = target.shape[-2:]
        single = {"dtype": torch.float32}
        parts = [
            noise * torch.rand(shape[0], 1, generator=g, **single) * torch.randn(shape, generator=g, **single)
            for g in draws
        ]
        return target + (torch.stack(parts) if many else parts[0]).to(target.device)

    matrices = {name: w for name, w in weights.items() if spectral and name.endswith("weight")}
    vectors = {name: w.new_ones(*w.shape[:-2], w.shape[-1], 1) for name, w in matrices.items()}
    optimiser = torch.optim.Adam([weight for weight in weights.values() if weight.requires_grad], lr=lr, fused=True)
    trace, marks = [], [[] for _ in nets]

    def loss_on(points: Tensor) -> list[float]:
        with torch.no_grad():  # not all points at once where a convolution holds many times their size
            parts = [points] if "dim" in nets[0].config else points.split(PART)
            sums = sum((map_(part) - part).square().sum((-2, -1), dtype=torch.float64) for part in parts)
        return (sums / points.shape[-2:].numel()).reshape(-1).tolist()

    looked = x if look is None else x[..., :look, :]

    def evaluate(step: int) -> None:
        losses = loss_on(looked)
        if not all(map(math.isfinite, losses)):
            raise ValueError(f"training diverged before step {step}: the loss is {losses}; lower lr, now {lr}")
        trace.append((step, losses))
        for i, loss in enumerate(losses):
            for level in levels[len(marks[i]) :]:
                if loss <= level:
                    state = {name: w[i] for name, w in weights.items()} if many else nets[0].state_dict()
                    copied = {name: w.detach().to("cpu", copy=True) for name, w in state.items()}
                    marks[i].append(Snapshot(level, step, loss, copied))

    evaluate(0)
    for step in range(1, steps + 1):
        target = next_batch()
        if by_hand:
            losses = by_hand(noisy(target), target)
        else:
            optimiser.zero_grad()
            losses = (map_(noisy(target)) - target).square().mean((-2, -1))
            losses.sum().backward()
        optimiser.step()
        for name, matrix in matrices.items():
            vectors[name] = _scaled(matrix, vectors[name], spectral)
        if every is None:
            nears = any(
                loss <= NEAR * levels[len(seen)]
                for loss, seen in zip(losses.reshape(-1).tolist(), marks, strict=True)
                if len(seen) < len(levels)
            )
            since = step - trace[-1][0]
            due = since >= LONGEST or (nears and since >= max(1, step // 50))
        else:
            due = step % every == 0 if every >= 1 else step - trace[-1][0] >= max(1, int(every * step))
        if due or step == steps:
            evaluate(step)
            if stop and levels and all(len(seen) == len(levels) for seen in marks):
                break
    final = trace[-1][1] if look is None else loss_on(x)
    if many:
        for i, net in enumerate(nets):
            net.load_state_dict({name: w[i].detach() for name, w in weights.items()})
    return [
        History(tuple(step for step, _ in trace), tuple(losses[i] for _, losses in trace), tuple(marks[i]), final[i])
        for i in range(len(nets))
    ]


@torch.no_grad()
def _scaled(matrix: Tensor, vector: Tensor, bound: float) -> Tensor:
    """Scales matrices, in place, whose spectral norm is above a bound; returns the next vector of the iteration."""
    left = torch.nn.functional.normalize(matrix @ vector, dim=-2)
    right = matrix.mT @ left
    norm = torch.linalg.vector_norm(right, dim=-2, keepdim=True)
    matrix.mul_((bound / norm.clamp(min=1e-30)).clamp(max=1))
    return right / norm.clamp(min=1e-30)


def _stacked_mlp(net: nn.Sequential, weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """Applies members' MLPs to (members, B, D) by one product a layer; for small ones faster than `vmap`."""
    for name, layer in net.named_children():
        if isinstance(layer, nn.Linear):
            x = torch.baddbmm(weights[f"{name}.bias"].unsqueeze(1), x, weights[f"{name}.weight"].mT)
        else:
            x = layer(x)
    return x
