"""Networks in files: configuration and weights, and no code."""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from kaleido.learning import History, Snapshot
from kaleido.networks import build as networks
from kaleido.tools.checks import built
from kaleido.tools.files import read_tensors, write_tensors

__all__ = ["load_networks", "save_networks"]


def save_networks(
    path: str | Path, nets: Sequence[nn.Module], histories: Sequence[History] | None = None, half: bool = False
) -> None:
    """Writes networks of one kind, and what they went through, to one safetensors file.

    The header holds each network's configuration and history; the file appears whole or not at all.

    Arguments:
        path: Where to.
        nets: Networks from `build`.
        histories: What `learn` returned, or nothing.
        half: Whether weights are rounded to float16, which makes the file half as large.

    Raises:
        TypeError: If a network is not from `build`.
        ValueError: If its configuration and weights do not make the same map again, or there are not as many histories.
    """
    tensors, notes, nets = {}, [], list(nets)
    if histories is not None and len(histories) != len(nets):
        raise ValueError(f"there are {len(nets)} networks and {len(histories)} histories, expected as many")
    for i, net in enumerate(nets):
        built("a network of nets", net)
        if not (again := networks.as_built(net)):
            raise ValueError(
                f"network {i} is not the one that its configuration makes: its layers were replaced, parametrised or "
                "compiled since (of a compiled one, save the one that was compiled)"
            )
        state = again.state_dict()
        tensors |= {f"{i}/{name}": tensor for name, tensor in state.items()}
        history = histories[i] if histories else History((), ())
        for j, snapshot in enumerate(history.snapshots):
            if {name: value.shape for name, value in snapshot.weights.items()} != {
                name: value.shape for name, value in state.items()
            }:
                raise ValueError(f"the snapshots of history {i} are of another network")
            tensors |= {f"{i}/{j}/{name}": tensor for name, tensor in snapshot.weights.items()}
        notes.append({
            "steps": history.steps,
            "losses": history.losses,
            "final": history.final,
            "snapshots": [[snapshot.level, snapshot.step, snapshot.loss] for snapshot in history.snapshots],
        })  # fmt: skip
    if half:
        tensors = {name: tensor.half() for name, tensor in tensors.items()}
    write_tensors(Path(path), tensors, {"configs": [net.config for net in nets], "histories": notes})


def load_networks(path: str | Path) -> tuple[list[nn.Module], list[History]]:
    """Reads what `save_networks` wrote; no code of the file is run.

    Returns:
        The networks, which compute in float32 also where the file has float16, and their histories.

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
            histories.append(History(tuple(note["steps"]), tuple(note["losses"]), tuple(marks), note["final"]))
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path}: the header does not fit the tensors: {error}") from None
    if tensors:
        raise ValueError(f"{path}: the header does not fit the tensors: it says nothing of {sorted(tensors)[0]}")
    return nets, histories
