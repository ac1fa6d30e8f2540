"""What is asked of learned networks: each study takes a cell's networks and returns rows and small arrays.

A row is one number of one seed: a dictionary of `claim`, `quantity`, `architecture` (the map that was measured),
`condition`, `run`, `seed`, `value` and `n`, the probes or chains behind it. Arrays are what figures need and a
table cannot hold.
"""

import torch
from torch import Tensor, nn

from kaleido.data.inputs import noise, probes
from kaleido.data.sets import Dataset, load
from kaleido.learning import History
from kaleido.measures.baselines import baselines, controls
from kaleido.measures.features import features
from kaleido.measures.over_generalization import corner_loss, gain, landing, nearest
from kaleido.measures.quality import assess, prdc, predicted
from kaleido.sampling import Orbit, sample

__all__ = ["as_bytes", "bounded", "corners", "kaleidoscope", "row", "toy", "turning", "unseen"]

KEPT = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200)
FIVES, SHOWN = (0, 5, 10, 15, 20, 25), 48  # runs and chains that the published pictures show
PICTURES = 12  # chains whose pictures are kept at every kept run
TURNING = (40, 20)  # chains and runs of the animation
CLOSE = 0.05  # "at a training point", in the toys
REST = 0.001  # of the range: a chain whose features moved less than this, root mean square, is at rest
CONDITIONS = {  # what a chain starts from, and how it is kicked; the first one decides
    "noise": ("uniform", "none"),
    "gaussian": ("gaussian", "none"),
    "binary": ("binary", "none"),
    "centred kick": ("uniform", "centred"),
    "published kick": ("uniform", "published"),
}
KINDS = ("noise", "gaussian", "heldout", "mixup", "foreign")
EXACT, DRAWS = 64, 8  # features up to which the gain is exact, and directions of its estimate beyond
LEAVING, FAR = 30, 10  # a chain that is this many times as far out as the bounds, after so many runs, has left them
GRID = {1: 401, 2: 61}  # points of a toy's output map along each axis


def toy(
    cell, nets: list[nn.Module], sets: list[Dataset], histories: list[History]
) -> tuple[list[dict], dict[str, Tensor]]:
    """The toy points of the paper: output map, orbits, and the share of chains that end at a training point."""
    rows, maps, orbits = [], [], []
    grid = _grid(sets[0])
    runs = [run for run in KEPT if run <= cell.runs]
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        orbit = sample(net, noise(data, cell.probes, seed=seed), cell.runs)
        rows.append(row("C1", "loss", cell.architecture, "train", None, seed, history.losses[-1], len(data.train)))
        for run in runs:
            near = float((nearest(orbit.at(run), data.train)[0] <= CLOSE).double().mean())
            rows.append(row("C1", "share at a point", cell.architecture, "noise", run, seed, near, cell.probes))
        maps.append(sample(net, grid, 1, keep=[1]).at(1))
        orbits.append(orbit.states[:, :PICTURES])
    if cell.runs == 1:
        return rows, {}
    prefix = f"{cell.data}/{cell.depth}/{cell.width}"
    return rows, {f"{prefix}/map": torch.stack(maps), f"{prefix}/orbits": torch.stack(orbits)}


def unseen(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C1: contraction, covered fraction, spread and gain of the map on unseen inputs, and of its controls."""
    rows, arrays = [], {}
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        rows.append(row("C1", "loss", cell.architecture, "train", None, seed, history.losses[-1], len(data.train)))
        photographs = load(f"patches-{data.image_shape[0]}", seed=seed)
        inputs = {
            kind: probes(data, kind, cell.probes, seed, photographs if kind == "foreign" else None) for kind in KINDS
        }
        maps = {cell.architecture: net} | controls(data, net)
        for kind, z in inputs.items():
            before = nearest(z, data.train)[0]
            for name, f in maps.items():
                for quantity, value in landing(f, z, data, before).items():
                    rows.append(row("C1", quantity, name, kind, 1, seed, value, len(z)))
                g = gain(f, z, None if data.dim <= EXACT else DRAWS, seed)[0]
                rows.append(row("C1", "gain", name, kind, 1, seed, float(g.median()), len(z)))
        if not arrays:
            z = torch.cat([inputs[kind][:3] for kind in ("noise", "gaussian", "foreign")])
            out = sample(net, z, 1).at(1)
            glance = torch.stack([z, out, data.train[nearest(out, data.train)[1]]])
            arrays[f"{cell.data}/glance"] = as_bytes(glance, data)
    return rows, arrays


def bounded(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C6: contraction with bounded and unbounded outputs, at the first crossing of a level of the loss.

    A level that was not reached shows in the loss that is reported.
    """
    rows = []
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        loss = history.losses[-1]
        if history.snapshots:
            net.load_state_dict(history.snapshots[0].weights)
            loss = history.snapshots[0].loss
        rows.append(
            row("C6", "loss over level", cell.output, "train", None, seed, loss / cell.snapshots[0], len(data.train))
        )
        z = noise(data, cell.probes, seed=seed)
        maps = {cell.output: net}
        if cell.output == "linear":
            maps["linear, clipped"] = lambda x, net=net, data=data: net(x).clamp(*data.bounds)
            low, high = data.bounds
            away = (sample(net, z, LEAVING).at(LEAVING) - (low + high) / 2).abs().amax(1) > FAR * (high - low) / 2
            rows.append(
                row("C6", "share that left", cell.output, "noise", LEAVING, seed, float(away.double().mean()), len(z))
            )
        for name, f in maps.items():
            found = landing(f, z, data)
            for quantity in ("rho", "spread"):
                rows.append(row("C6", quantity, name, "noise", 1, seed, found[quantity], len(z)))
    return rows, {}


def turning(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Chains to look at: pictures at the kept runs, and the first runs of more of them for an animation."""
    net, data, history = nets[0], sets[0], histories[0]
    runs = [run for run in KEPT if run <= cell.runs]
    chains, turns = TURNING
    start = noise(data, chains, seed=cell.seeds[0])
    prefix = f"{cell.data}/{cell.depth}"
    arrays = {
        f"{prefix}/pictures": as_bytes(sample(net, start[:PICTURES], cell.runs, keep=runs).states, data),
        f"{prefix}/turning": as_bytes(sample(net, start, turns).states, data),
    }
    return [
        row("C3", "loss", cell.architecture, "train", None, cell.seeds[0], history.losses[-1], len(data.train))
    ], arrays


def portable(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Networks to be taken along to a page: their weights in the order of their layers, at the end and at a level."""
    net, data, seed, history = nets[0], sets[0], cell.seeds[0], histories[0]
    taken = {"train": (history.losses[-1], net.state_dict())}
    taken |= {f"at {mark.level:g}": (mark.loss, mark.weights) for mark in history.snapshots}
    rows, arrays = [], {}
    for condition, (loss, weights) in taken.items():
        rows.append(row("C3", "loss", "mlp", condition, None, seed, loss, len(data.train)))
        arrays[f"page/{cell.depth}/{condition}"] = torch.cat([part.flatten() for part in weights.values()])
    if cell.depth == 1:  # what all of them are shown beside
        z = noise(data, cell.probes, seed=seed)
        for name, points in (("held-out points", data.test), ("noise", z)):
            distance = float(nearest(points, data.train)[0].median())
            rows.append(row("C3", f"distance of {name}", "data", "page", None, seed, distance, len(points)))
        arrays["page/train"] = ((data.train + 1) * 8).round().to(torch.uint8)  # seventeen greys
        arrays["page/labels"] = data.train_labels.to(torch.uint8)
    return rows, arrays


def kaleidoscope(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claims C3 and C8: the chains' quality along the runs, by noise and by kick, beside samples of known worth."""
    rows, arrays = [], {}
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        look = features(data, seed, cell.judge)
        n, points = len(data.test), len(data.train)
        rows.append(row("C3", "loss", cell.architecture, "train", None, seed, history.losses[-1], points))
        rows.append(row("C3", "accuracy", "features", "heldout", None, seed, look.accuracy(data), n))
        rows.append(row("C3", "brightness", "data", "heldout", None, seed, float(data.test.mean()), n))
        for name, samples in baselines(data, n, seed).items():
            scores = assess(samples, data, look) | _in_pixels(samples, data)
            rows += [row("C3", quantity, name, "baseline", None, seed, value, n) for quantity, value in scores.items()]
        for condition, (kind, kick) in CONDITIONS.items():
            turned, orbit = _turned(cell, net, data, seed, look, condition, kind, kick)
            rows += turned
            if seed == cell.seeds[0]:
                name = f"{cell.data}/{cell.depth}/{condition}"
                arrays[name] = _pictures(orbit, KEPT, PICTURES, data)
                if kick == "published":
                    arrays[f"{name} by fives"] = _pictures(orbit, FIVES, SHOWN, data)
    return rows, arrays


def _turned(cell, net, data, seed, look, condition, kind, kick) -> tuple[list[dict], Orbit]:
    """Rows of the chains from one kind of noise with one kick, and the chains."""
    runs = [run for run in KEPT if run <= cell.runs]
    still = range(cell.runs // 4, cell.runs // 2 + 1)  # 50 to 100 of 200
    start = noise(data, cell.probes, kind, seed)
    orbit = sample(
        net,
        start,
        cell.runs,
        {*runs, *still, *(run for run in FIVES if run <= cell.runs)},
        kick,
        bounds=data.bounds,
        seed=seed,
    )
    rows, n = [], len(data.test)

    def add(claim: str, quantity: str, run: int | None, value: float, n: int) -> None:
        rows.append(row(claim, quantity, cell.architecture, condition, run, seed, value, n))

    for run in runs:
        scores = assess(orbit.at(run), data, look) | {"brightness": float(orbit.at(run).mean())}
        if condition == "noise":
            scores |= _in_pixels(orbit.at(run)[:n], data)
        for quantity, value in scores.items():
            add("C3", quantity, run, value, n)
        if run:
            steps = orbit.steps[orbit.runs.index(run)] / data.dim**0.5  # root mean square over features
            add("C8", "step", run, float(steps.median()), cell.probes)
            low, high = data.bounds
            add("C8", "share at rest", run, float((steps <= REST * (high - low)).double().mean()), cell.probes)
    with torch.no_grad():
        logits = [look.classes(look(orbit.at(run))) for run in still]
    classes = torch.stack([each.argmax(1) for each in logits])
    switches = (classes[1:] != classes[:-1]).sum(0).double()
    add("C8", "share that keeps its class", None, float((switches == 0).double().mean()), cell.probes)
    add("C8", "switches", None, float(switches.mean()), cell.probes)
    for quantity, value in predicted(logits[-1]).items():
        add("C8", f"final {quantity}", None, value, cell.probes)
    return rows, orbit


def _pictures(orbit: Orbit, runs: tuple[int, ...], chains: int, data: Dataset) -> Tensor:
    return as_bytes(torch.stack([orbit.at(run)[:chains] for run in runs if run <= orbit.runs[-1]]), data)


def _in_pixels(samples: Tensor, data: Dataset) -> dict[str, float]:
    return {f"{name} in pixels": value for name, value in prdc(data.test, samples).items()}


def corners(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C7: how far the map is from the identity at the corners of the cube whose inside it learned from."""
    rows = []
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        largest, mean = corner_loss(net, data.dim, data.bounds)
        for quantity, value in (
            ("largest corner loss", largest),
            ("mean corner loss", mean),
            ("loss", history.losses[-1]),
        ):
            condition = "train" if quantity == "loss" else "corners"
            n = len(data.train) if quantity == "loss" else 2**data.dim
            rows.append(row("C7", quantity, cell.architecture, condition, None, seed, value, n))
    return rows, {}


def row(claim, quantity, architecture, condition, run, seed, value, n) -> dict:
    """Returns one number of one seed as a row."""
    return {
        "claim": claim, "quantity": quantity, "architecture": architecture, "condition": condition,
        "run": run, "seed": seed, "value": value, "n": n,
    }  # fmt: skip


def _grid(data: Dataset) -> Tensor:
    low, high = data.bounds
    axis = torch.linspace(low, high, GRID[data.dim])
    return torch.cartesian_prod(*[axis] * data.dim).reshape(-1, data.dim)


def as_bytes(pixels: Tensor, data: Dataset) -> Tensor:
    """Returns pixels as bytes: a quarter of the room, and as many greys as a screen shows."""
    low, high = data.bounds
    return ((pixels - low) * (255 / (high - low))).round().to(torch.uint8)
