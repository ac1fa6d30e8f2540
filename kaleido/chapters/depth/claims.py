"""Notebook 04: claims C2 and C4, and their controls at equal training loss."""

from collections.abc import Callable

import numpy as np

from kaleido.chapters.common import DEEP, MATCHED, SAMPLED, SHALLOW
from kaleido.chapters.depth import figures
from kaleido.chapters.scores import at_the_level
from kaleido.lab.endpoint import Endpoint, NotMeasured, values
from kaleido.lab.evidence import Evidence

SEEN = 0.1  # a mean PC below it at every depth: no samples to compare


def deeper(quantity: str, variant: str = "mlp", matched: bool = False) -> Callable[[Evidence, str], np.ndarray]:
    """C2, C4 and their controls: depth 10 minus depth 1, after equal steps or at equal training loss."""
    claim, run = ("C4", SAMPLED) if quantity == "pc" else ("C2", 1)

    def difference(found: Evidence, data: str) -> np.ndarray:
        condition = f"loss {MATCHED[data]:g}" if matched else "equal steps"
        named = set(found.table["architecture"][(found.table["depth"] == DEEP) & (found.table["data"] == data)])
        deep = variant if variant in named else "mlp"  # at equal parameters the deep network is as it is
        ends = []
        for depth, name in ((DEEP, deep), (SHALLOW, variant)):
            about = {"data": data, "depth": depth, "architecture": name, "condition": condition}
            if matched:
                at_the_level(values(found, claim="C2", quantity="loss", **about) / MATCHED[data])
            ends.append(values(found, claim=claim, quantity=quantity, run=run, **about))
        if matched and quantity == "pc" and max(end.mean() for end in ends) < SEEN:
            raise NotMeasured("no depth makes samples at that loss")
        if len(ends[0]) != len(ends[1]):
            raise NotMeasured(f"{len(ends[0])} seeds of depth {DEEP} and {len(ends[1])} of depth {SHALLOW}")
        return ends[0] - ends[1]

    return difference


def unlearned(quantity: str) -> Callable[[Evidence, str], dict[str, np.ndarray]]:
    """C2's and C4's guards: the same difference of networks before training, in both initialisations."""
    claim, run = ("C4", SAMPLED) if quantity == "pc" else ("C2", 1)

    def differences(found: Evidence, data: str) -> dict[str, np.ndarray]:
        about = {"claim": claim, "quantity": quantity, "data": data, "condition": "baseline", "run": run}
        ends = {}
        for name in ("untrained", "untrained he"):
            deep, shallow = (found.rows(**about, architecture=name, depth=depth)["value"] for depth in (DEEP, SHALLOW))
            ends[name] = deep.to_numpy() - shallow.to_numpy()
        return ends

    return differences


def monotone(found: Evidence, data: str) -> str:
    """C4's remark: whether samples of some depth between 1 and 10 have a lower mean PC than those of depth 1.

    Where no depth between was measured it says so.
    """
    rows = found.rows(claim="C4", quantity="pc", data=data, architecture="mlp", condition="equal steps", run=SAMPLED)
    means = rows.groupby("depth")["value"].mean()
    between = means[(means.index > SHALLOW) & (means.index < DEEP)]
    if between.empty:
        return "unknown between these depths"
    return "not monotone" if (between < means.get(SHALLOW, np.inf)).any() else ""


CLAIMS = {
    "C2a": Endpoint(
        "Outputs land nearer, the deeper the network is", "contraction at depth 10 minus that at depth 1",
        deeper("rho"), 0, "<", figures.over_generalization, guards=unlearned("rho"),
    ),
    "C2b": Endpoint(
        "A deeper network maps many inputs to one", "pair contraction at depth 10 minus that at depth 1",
        deeper("pair contraction"), 0, "<", figures.over_generalization, guards=unlearned("pair contraction"),
    ),
    "C4": Endpoint(
        "Sample quality rises with depth", "PC at run 20 at depth 10 minus that at depth 1",
        deeper("pc"), 0, ">", figures.quality_along_runs, remark=monotone, guards=unlearned("pc"),
    ),
    "C2m": Endpoint(
        "Outputs land nearer with depth at equal training loss, too", "contraction at depth 10 minus that at depth 1",
        deeper("rho", matched=True), -0.1, "≤", figures.depth_and_loss, family="ours",
    ),
    "C2bm": Endpoint(
        "A deeper network maps many inputs to one at equal training loss, too",
        "pair contraction at depth 10 minus that at depth 1",
        deeper("pair contraction", matched=True), -0.1, "≤", figures.depth_and_loss, family="ours",
    ),
    "C4m": Endpoint(
        "Sample quality rises with depth at equal training loss, too", "PC at run 20 at depth 10 minus that at depth 1",
        deeper("pc", matched=True), 0.1, "≥", figures.depth_and_loss, family="ours",
    ),
    "C2p": Endpoint(
        "Outputs land nearer with depth at equal loss and equal number of parameters, too",
        "contraction at depth 10 minus that at depth 1",
        deeper("rho", "equal parameters", True), -0.1, "≤", figures.not_depth, extended=True, family="ours",
    ),
    "C4p": Endpoint(
        "Sample quality rises with depth at equal loss and equal number of parameters, too",
        "PC at run 20 at depth 10 minus that at depth 1",
        deeper("pc", "equal parameters", True), 0.1, "≥", figures.not_depth, extended=True, family="ours",
    ),
    "C2i": Endpoint(
        "Outputs land nearer with depth at equal loss with He's initialisation, too",
        "contraction at depth 10 minus that at depth 1",
        deeper("rho", "He", True), -0.1, "≤", figures.not_depth, extended=True, family="ours",
    ),
    "C4i": Endpoint(
        "Sample quality rises with depth at equal loss with He's initialisation, too",
        "PC at run 20 at depth 10 minus that at depth 1",
        deeper("pc", "He", True), 0.1, "≥", figures.not_depth, extended=True, family="ours",
    ),
}  # fmt: skip
