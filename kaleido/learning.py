"""Manifold learning: a network is trained to be the identity on the training points."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import stack_module_state

from kaleido import networks
from kaleido.data import generator
from kaleido.files import read_tensors, write_tensors

__all__ = ["History", "Snapshot", "learn", "load_networks", "save_networks"]

LONGEST, NEAR = 50, 1.05  # steps between looks; shorter ones begin where a batch's loss is this near a level
PART = 500  # points that a network of images is evaluated on at a time
STACKED_WIDTH = 64  # on a CPU, wider networks learn as fast in turn (measured on 2 cores)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A member's weights when its loss on all training points was first seen at or below a level."""

    level: float
    step: int
    loss: float
    weights: dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class History:
    """What one member went through: its loss on all training points at the evaluated steps, and its snapshots."""

    steps: tuple[int, ...]
    losses: tuple[float, ...]
    snapshots: tuple[Snapshot, ...] = ()


def learn(
    nets: Sequence[nn.Module],
    data: Tensor | Sequence[Tensor],
    steps: int,
    batch: int | None = 256,
    lr: float = 1e-3,
    schedule: str = "constant",
    snapshots: Sequence[float] = (),
    every: int | None = 50,
    stop: bool = False,
) -> list[History]:
    r"""Trains each network, in place, to be the identity on its training points.

    .. math:: \min_f \frac{1}{M D} \sum_{x \in X} \lVert f(x) - x \rVert^2

    by Adam (Kingma and Ba, arXiv 1412.6980) on random batches, drawn with replacement by the network's own seed: a
    member learns what it would learn alone. Narrow MLPs of one shape are stacked and learn together, others in turn.

    Arguments:
        nets: Networks from `build`.
        data: Training points (M, D) for all networks, or one such tensor for each.
        steps: Number of gradient steps.
        batch: Points of a batch; `None`, or M and more, is the full batch.
        lr: Learning rate, the largest one of a cycle.
        schedule: `constant`, or `onecycle` (Smith and Topin, arXiv 1708.07120).
        snapshots: Levels of the loss; the weights are copied where it is first seen at or below each.
        every: Steps between evaluations of the loss on all of X; steps 0 and `steps` are always evaluated. `None`: 50,
            and a fiftieth of the steps so far where the loss of a batch comes within 5 % of the next level; a loss
            that falls as a power -1/2 of the steps falls by 1 % in that time.
        stop: Whether to end as soon as every level was seen, by all members that learn together.

    Returns:
        One history per network.

    Raises:
        ValueError: If sizes do not fit or are out of range, a value is not finite, or training diverges.
    """
    sets = [data] * len(nets) if isinstance(data, Tensor) else list(data)
    _check(nets, sets, steps, batch, lr, schedule, every)
    levels = sorted(snapshots, reverse=True)
    histories: dict[int, History] = {}
    for members in _groups(nets, sets):
        found = _learn_together(
            [nets[i] for i in members], [sets[i] for i in members], steps, batch, lr, schedule, levels, every, stop
        )
        histories.update(zip(members, found, strict=True))
    return [histories[i] for i in range(len(nets))]


def save_networks(path: str | Path, nets: Sequence[nn.Module], histories: Sequence[History] | None = None) -> None:
    """Writes networks of one kind, and what they went through, to one safetensors file.

    The header holds each network's configuration and history; the file appears whole or not at all.

    Arguments:
        path: Where to.
        nets: Networks from `build`.
        histories: What `learn` returned, or nothing.
    """
    tensors, notes = {}, []
    for i, net in enumerate(nets):
        tensors |= {f"{i}/{name}": tensor for name, tensor in net.state_dict().items()}
        history = histories[i] if histories else History((), ())
        for j, snapshot in enumerate(history.snapshots):
            tensors |= {f"{i}/{j}/{name}": tensor for name, tensor in snapshot.weights.items()}
        notes.append({
            "steps": history.steps,
            "losses": history.losses,
            "snapshots": [[snapshot.level, snapshot.step, snapshot.loss] for snapshot in history.snapshots],
        })  # fmt: skip
    write_tensors(Path(path), tensors, {"configs": [net.config for net in nets], "histories": notes})


def load_networks(path: str | Path) -> tuple[list[nn.Module], list[History]]:
    """Reads what `save_networks` wrote; no code of the file is run.

    Returns:
        The networks and their histories.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or its header does not fit its tensors.
    """
    tensors, header = read_tensors(Path(path))
    nets, histories = [], []
    try:
        for i, (config, note) in enumerate(zip(header["configs"], header["histories"], strict=True)):
            nets.append(networks.rebuild(config))
            names = list(nets[-1].state_dict())
            nets[-1].load_state_dict({name: tensors.pop(f"{i}/{name}") for name in names})
            marks = [
                Snapshot(*mark, {name: tensors.pop(f"{i}/{j}/{name}") for name in names})
                for j, mark in enumerate(note["snapshots"])
            ]
            histories.append(History(tuple(note["steps"]), tuple(note["losses"]), tuple(marks)))
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path}: the header does not fit the tensors: {error}") from None
    if tensors:
        raise ValueError(f"{path}: the header does not fit the tensors: it says nothing of {sorted(tensors)[0]}")
    return nets, histories


def _check(nets, sets, steps, batch, lr, schedule, every) -> None:
    if not nets or len(nets) != len(sets):
        raise ValueError(f"there are {len(nets)} networks and {len(sets)} data sets, expected as many, at least one")
    for net, points in zip(nets, sets, strict=True):
        if points.ndim != 2 or not len(points) or points.shape[1] != _dim(net):
            raise ValueError(f"data has shape {tuple(points.shape)}, expected (M, {_dim(net)}) as the network has")
        if not points.isfinite().all():
            raise ValueError("data has NaN or infinite values")
    for name, value, least in (("steps", steps, 0), ("batch", batch, 1), ("every", every, 1)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise ValueError(f"{name} is {value!r}, expected a whole number of at least {least}")
    if not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"lr is {lr}, expected a positive number")
    if schedule not in ("constant", "onecycle"):
        raise ValueError(f"unknown schedule '{schedule}', expected 'constant' or 'onecycle'")


def _dim(net: nn.Module) -> int:
    return net.config["dim"] if "dim" in net.config else math.prod(net.config["image_shape"])


def _groups(nets, sets) -> list[list[int]]:
    """Members that are stacked: narrow MLPs alike in all but their seed, on as many points."""
    groups: dict[object, list[int]] = {}
    for i, (net, points) in enumerate(zip(nets, sets, strict=True)):
        alike = tuple((name, str(value)) for name, value in sorted(net.config.items()) if name not in ("seed", "init"))
        narrow = net.config["architecture"] == "mlp" and net.config["width"] <= STACKED_WIDTH
        groups.setdefault((alike, tuple(points.shape)) if narrow else i, []).append(i)
    return list(groups.values())


def _learn_together(nets, sets, steps, batch, lr, schedule, levels, every, stop) -> list[History]:
    """Trains members whose weights are stacked along a first axis; a single one needs no stack."""
    many = len(nets) > 1
    size = len(sets[0])
    if many:
        weights, _ = stack_module_state(list(nets))
        x = sets[0].expand(len(nets), -1, -1) if all(s is sets[0] for s in sets) else torch.stack(list(sets))
    else:
        weights, x = dict(nets[0].named_parameters()), sets[0]
    map_ = (lambda x: _stacked_mlp(nets[0], weights, x)) if many else nets[0]
    random = [generator(net.config["seed"], "batches") for net in nets]

    def next_batch() -> Tensor:
        if batch is None or batch >= size:
            return x
        rows = [torch.randint(size, (batch,), generator=g) for g in random]
        return torch.stack([points[row] for points, row in zip(sets, rows, strict=True)]) if many else x[rows[0]]

    optimiser = torch.optim.Adam(weights.values(), lr=lr, fused=True)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, steps) if schedule == "onecycle" and steps else None
    trace, marks = [], [[] for _ in nets]

    def evaluate(step: int) -> None:
        with torch.no_grad():  # not all points at once where a convolution holds many times their size
            parts = [x] if "dim" in nets[0].config else x.split(PART)
            sums = sum((map_(part) - part).square().sum((-2, -1), dtype=torch.float64) for part in parts)
        losses = (sums / (size * x.shape[-1])).reshape(-1).tolist()
        if not all(map(math.isfinite, losses)):
            raise ValueError(f"training diverged before step {step}: the loss is {losses}; lower lr, now {lr}")
        trace.append((step, losses))
        for i, loss in enumerate(losses):
            for level in levels[len(marks[i]) :]:
                if loss <= level:
                    copied = {name: (w[i] if many else w).detach().clone() for name, w in weights.items()}
                    marks[i].append(Snapshot(level, step, loss, copied))

    evaluate(0)
    for step in range(1, steps + 1):
        target = next_batch()
        optimiser.zero_grad()
        losses = (map_(target) - target).square().mean((-2, -1))
        losses.sum().backward()
        optimiser.step()
        if cycle:
            cycle.step()
        if every is None:
            nears = any(
                loss <= NEAR * levels[len(seen)]
                for loss, seen in zip(losses.reshape(-1).tolist(), marks, strict=True)
                if len(seen) < len(levels)
            )
            since = step - trace[-1][0]
            due = since >= LONGEST or (nears and since >= max(1, step // 50))
        else:
            due = step % every == 0
        if due or step == steps:
            evaluate(step)
            if stop and levels and all(len(seen) == len(levels) for seen in marks):
                break
    if many:
        for i, net in enumerate(nets):
            net.load_state_dict({name: w[i].detach() for name, w in weights.items()})
    return [
        History(tuple(step for step, _ in trace), tuple(losses[i] for _, losses in trace), tuple(marks[i]))
        for i in range(len(nets))
    ]


def _stacked_mlp(net: nn.Sequential, weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """Applies members' MLPs to (members, B, D) by one product a layer; for small ones faster than `vmap`."""
    for name, layer in net.named_children():
        if isinstance(layer, nn.Linear):
            x = torch.baddbmm(weights[f"{name}.bias"].unsqueeze(1), x, weights[f"{name}.weight"].mT)
        else:
            x = layer(x)
    return x
