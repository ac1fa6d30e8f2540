"""The claims and controls of book/claims.md: one number per seed, a threshold, and the side that is claimed."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kaleido.chosen import CHOSEN, RECIPE
from kaleido.evidence import Evidence
from kaleido.sizes import DEEP, DIMENSIONS, IMAGES, SIZES

__all__ = ["CLAIMS", "FAMILIES", "Endpoint", "NotMeasured"]

SIDES = {"<": operator.lt, "≤": operator.le, ">": operator.gt, "≥": operator.ge}
SAMPLED, LATE, LAST = 20, 200, 500  # sampling runs
SHALLOW = 1
MATCHED = {"mnist": 0.075, "digits": 0.12, "mnist5k": 0.2}  # levels of the loss; on small data, those that all reach
WITHIN = 0.03  # how far below its level a loss may lie
SEEN = 0.1  # a mean PC below it at every depth: no samples to compare
RIVALS = {"digits": "Gaussian mixture", "mnist5k": "kernel density"}  # the best on the seeds of the search (B4)
FLOOR = 1e-8  # of a corner's loss: float32's resolution


class NotMeasured(Exception):
    """Why an endpoint cannot be computed from evidence, in words."""


@dataclass(frozen=True)
class Endpoint:
    """A claim, the number that decides it, and where it is measured and drawn.

    Arguments:
        text: The claim in a sentence.
        measured: What is measured, in words.
        seeds: From evidence and the name of a data set to one number per seed.
        threshold: What the seeds' mean is compared with.
        side: On which side of it the claim says that they lie: `<`, `≤`, `>` or `≥`.
        notebook: Whose evidence it is.
        figure: Where it is drawn.
        data: The data set that decides.
        small: Data sets of small networks that are shown beside it.
        planned: How many seeds decide.
        extended: Whether small networks were measured once, into the record of the `extended` profile.
        guards: Trivial maps or samples, of which the same number is taken.
        remark: What the word should be read with, if anything.
    """

    text: str
    measured: str
    seeds: Callable[[Evidence, str], np.ndarray]
    threshold: float
    side: str
    notebook: str
    figure: str
    data: str = "mnist"
    small: tuple[str, ...] = IMAGES
    planned: int = 10
    extended: bool = False
    guards: Callable[[Evidence, str], dict[str, np.ndarray]] = lambda found, data: {}
    remark: Callable[[Evidence, str], str] = lambda found, data: ""

    def on_claimed_side(self, value: float) -> bool:
        """Returns whether a number lies on the side that the claim names."""
        return SIDES[self.side](value, self.threshold)


def values(found: Evidence, **where) -> np.ndarray:
    """Returns one number per seed, or says that there are none."""
    try:
        return found.values(**where)
    except ValueError as error:
        raise NotMeasured(str(error)) from None


def unseen(found: Evidence, data: str, architecture: str = "mlp") -> np.ndarray:
    """C1: contraction on uniform noise."""
    return values(
        found, claim="C1", quantity="rho", data=data, architecture=architecture, condition="noise", run=1, depth=DEEP
    )


def constants(found: Evidence, data: str) -> dict[str, np.ndarray]:
    """C1's guards: maps that have learned nothing."""
    names = ("untrained", "untrained he", "linear", "identity", "mean", "medoid", "black")
    there = set(found.table[(found.table["claim"] == "C1") & (found.table["data"] == data)]["architecture"])
    return {name: unseen(found, data, name) for name in names if name in there}


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
                over = values(found, claim="C2", quantity="loss", **about) / MATCHED[data]
                if not ((over > 1 - WITHIN) & (over <= 1)).all():
                    raise NotMeasured(f"training losses are {over.min():.3f} to {over.max():.3f} of the level")
            ends.append(values(found, claim=claim, quantity=quantity, run=run, **about))
        if matched and quantity == "pc" and max(end.mean() for end in ends) < SEEN:
            raise NotMeasured("no depth makes samples at that loss")
        if len(ends[0]) != len(ends[1]):
            raise NotMeasured(f"{len(ends[0])} seeds of depth {DEEP} and {len(ends[1])} of depth {SHALLOW}")
        return ends[0] - ends[1]

    return difference


def monotone(found: Evidence, data: str) -> str:
    """C4's remark: whether samples of some depth between 1 and 10 have a lower mean PC than those of depth 1."""
    rows = found.rows(claim="C4", quantity="pc", data=data, architecture="mlp", condition="equal steps", run=SAMPLED)
    means = rows.groupby("depth")["value"].mean()
    between = means[(means.index > SHALLOW) & (means.index < DEEP)]
    return "not monotone" if (between < means.get(SHALLOW, np.inf)).any() else ""


def sampled(quantity: str, claim: str = "C3") -> Callable[[Evidence, str], np.ndarray]:
    """C3 and C9: a score of samples at run 20."""

    def score(found: Evidence, data: str) -> np.ndarray:
        about = {"claim": claim, "quantity": quantity, "data": data, "condition": "noise"}
        return values(found, **about, architecture="mlp", depth=DEEP, run=SAMPLED)

    return score


def trivial(quantity: str, claim: str = "C3") -> Callable[[Evidence, str], dict[str, np.ndarray]]:
    """C3's and C9's guards: samples that need no network."""

    def scores(found: Evidence, data: str) -> dict[str, np.ndarray]:
        rows = found.rows(claim=claim, quantity=quantity, data=data, condition="baseline")
        names = [name for name in rows["architecture"].unique() if "training points" not in name]
        return {name: rows[rows["architecture"] == name]["value"].to_numpy() for name in names}

    return scores


def trained(architecture: str) -> Callable[[Evidence, str], np.ndarray]:
    """C5: how far contraction falls below the smaller of 1 and that of the untrained network."""

    def fall(found: Evidence, data: str) -> np.ndarray:
        about = {"claim": "C5", "quantity": "rho", "data": data, "architecture": architecture, "run": 1}
        learned, before = (values(found, **about, condition=name) for name in ("learned", "untrained"))
        return learned - np.minimum(1, before)

    return fall


def bounded(found: Evidence, data: str) -> np.ndarray:
    """C6: contraction with a tanh output minus contraction with a linear one, at equal training loss."""
    ends = []
    for output in ("tanh", "linear"):
        about = {"claim": "C6", "data": data, "architecture": output, "depth": DEEP}
        over = values(found, quantity="loss over level", **about)
        if not ((over > 1 - WITHIN) & (over <= 1)).all():
            raise NotMeasured(f"training losses are {over.min():.3f} to {over.max():.3f} of the level")
        ends.append(values(found, quantity="rho", **about))
    return ends[0] - ends[1]


def corners(found: Evidence, dims, sizes) -> np.ndarray:
    """The largest corner losses as log2, with shape (seeds, dims, sizes)."""
    table = [
        [values(found, claim="C7", quantity="largest corner loss", data=f"points-{d}-{n}") for n in sizes] for d in dims
    ]
    return np.log2(np.maximum(np.array(table), FLOOR)).transpose(2, 0, 1)


def by_points(found: Evidence, data: str) -> np.ndarray:
    """C7a: slope per doubling of the number of points, mean over dimensions."""
    losses = corners(found, DIMENSIONS, SIZES)
    return np.array([np.polyfit(np.log2(SIZES), seed.T, 1)[0].mean() for seed in losses])


def by_dimension(found: Evidence, data: str) -> np.ndarray:
    """C7b: slope per doubling of the dimension, at 32 points."""
    losses = corners(found, DIMENSIONS, (32,))
    return np.array([np.polyfit(np.log2(DIMENSIONS), seed[:, 0], 1)[0] for seed in losses])


def keeps(found: Evidence, data: str) -> np.ndarray:
    """C8: the share of chains whose class is the same at all runs 50 to 100."""
    about = {"claim": "C8", "quantity": "share that keeps its class", "data": data, "depth": DEEP}
    return values(found, **about, condition="noise")


def turned(claim: str, quantity: str, run: int, before: int | None = None) -> Callable[[Evidence, str], np.ndarray]:
    """B1 to B3: a number of the chains at a run, or its change since an earlier one."""

    def number(found: Evidence, data: str) -> np.ndarray:
        about = {"claim": claim, "quantity": quantity, "data": data, "architecture": "mlp", "depth": DEEP}
        ends = [values(found, **about, condition="noise", run=at) for at in (run, before) if at]
        return ends[0] - ends[1] if before else ends[0]

    return number


def beside_rivals(found: Evidence, data: str) -> np.ndarray:
    """B4: PC minus that of the rival that was the best on the seeds of the search."""

    def drawn(name: str) -> np.ndarray:
        return values(found, claim="B4", quantity="pc", data=data, architecture=name, condition="drawn")

    if data not in RIVALS:
        raise NotMeasured("the best rival has not been chosen")
    return drawn("kaleidoscope") - drawn(RIVALS[data])


def repaired(found: Evidence, data: str) -> np.ndarray:
    """B5: PC of the remedy at run 200 minus PC of plain sampling at its best run, which was chosen on other seeds."""
    if data not in CHOSEN:
        raise NotMeasured("the plain sampler's best run has not been chosen")
    about = {"claim": "B5", "quantity": "pc", "data": data}
    late = values(found, **about, architecture=RECIPE[0], condition=RECIPE[1], run=LATE)
    best = CHOSEN[data]["kaleidoscope"]
    return late - values(found, **about, architecture="plain", condition="plain", run=best)


CLAIMS = {
    "C1": Endpoint(
        "Outputs for unseen inputs land near the training outputs", "contraction on uniform noise",
        unseen, 0.5, "<", "01", "01_unseen_inputs", guards=constants,
    ),
    "C2a": Endpoint(
        "Outputs land nearer, the deeper the network is", "contraction, depth 10 minus depth 1",
        deeper("rho"), 0, "<", "04", "04_over_generalization",
    ),
    "C2b": Endpoint(
        "A deeper network maps many inputs to one", "pair contraction, depth 10 minus depth 1",
        deeper("pair contraction"), 0, "<", "04", "04_over_generalization",
    ),
    "C3a": Endpoint(
        "After a burn-in, samples look like the data", "precision at run 20",
        sampled("precision"), 0.8, "≥", "03", "03_quality", guards=trivial("precision"),
    ),
    "C3b": Endpoint(
        "After a burn-in, samples cover the data", "coverage at run 20",
        sampled("coverage"), 0.5, "≥", "03", "03_quality", guards=trivial("coverage"),
    ),
    "C4": Endpoint(
        "Sample quality rises with depth", "PC at run 20, depth 10 minus depth 1",
        deeper("pc"), 0, ">", "04", "04_quality_along_runs", remark=monotone,
    ),
    "C5a": Endpoint(
        "A CNN over-generalizes too", "contraction minus the smaller of 1 and that of the untrained network",
        trained("cnn"), -0.1, "≤", "05", "05_degrees",
    ),
    "C5b": Endpoint(
        "A Transformer over-generalizes too", "contraction minus the smaller of 1 and that of the untrained network",
        trained("transformer"), -0.1, "≤", "05", "05_degrees",
    ),
    "C5c": Endpoint(
        "A U-Net over-generalizes too", "contraction minus the smaller of 1 and that of the untrained network",
        trained("unet"), -0.1, "≤", "05", "05_degrees",
    ),
    "C6": Endpoint(
        "Bounded outputs contribute to over-generalization", "contraction, tanh minus linear output, at equal loss",
        bounded, 0, "<", "01", "01_bounded_outputs", data="digits", small=("digits",), planned=40,
    ),
    "C7a": Endpoint(
        "Over-generalization recedes as points are added", "slope of log2 corner loss per doubling of points",
        by_points, 0, "<", "02", "02_corner_losses", data="points", small=("points",),
    ),
    "C7b": Endpoint(
        "It recedes more slowly in higher dimension", "slope of log2 corner loss per doubling of dimension, 32 points",
        by_dimension, 0, ">", "02", "02_corner_losses", data="points", small=("points",),
    ),
    "C8": Endpoint(
        "After burn-in a chain keeps its digit", "share of chains of one class at all runs 50 to 100",
        keeps, 0.9, "≥", "03", "03_stability",
    ),
    "C9a": Endpoint(
        "On other data, too, samples look like the data", "precision at run 20",
        sampled("precision", "C9"), 0.8, "≥", "06", "06_quality", data="fashion", small=("fashion5k",),
        guards=trivial("precision", "C9"),
    ),
    "C9b": Endpoint(
        "On other data, too, samples cover the data", "coverage at run 20",
        sampled("coverage", "C9"), 0.5, "≥", "06", "06_quality", data="fashion", small=("fashion5k",),
        guards=trivial("coverage", "C9"),
    ),
    "C2m": Endpoint(
        "C2a at equal training loss", "contraction, depth 10 minus depth 1",
        deeper("rho", matched=True), -0.1, "≤", "04", "04_depth_and_loss",
    ),
    "C2bm": Endpoint(
        "C2b at equal training loss", "pair contraction, depth 10 minus depth 1",
        deeper("pair contraction", matched=True), -0.1, "≤", "04", "04_depth_and_loss",
    ),
    "C4m": Endpoint(
        "C4 at equal training loss", "PC at run 20, depth 10 minus depth 1",
        deeper("pc", matched=True), 0.1, "≥", "04", "04_depth_and_loss",
    ),
    "C2p": Endpoint(
        "C2a at equal training loss and number of parameters", "contraction, depth 10 minus depth 1",
        deeper("rho", "equal parameters", True), -0.1, "≤", "04", "04_not_depth", extended=True,
    ),
    "C4p": Endpoint(
        "C4 at equal training loss and number of parameters", "PC at run 20, depth 10 minus depth 1",
        deeper("pc", "equal parameters", True), 0.1, "≥", "04", "04_not_depth", extended=True,
    ),
    "C2i": Endpoint(
        "C2a at equal training loss with He's initialisation", "contraction, depth 10 minus depth 1",
        deeper("rho", "He", True), -0.1, "≤", "04", "04_not_depth", extended=True,
    ),
    "C4i": Endpoint(
        "C4 at equal training loss with He's initialisation", "PC at run 20, depth 10 minus depth 1",
        deeper("pc", "He", True), 0.1, "≥", "04", "04_not_depth", extended=True,
    ),
    "B1": Endpoint(
        "The kaleidoscope collapses if it is turned too long", "coverage, run 200 minus run 20",
        turned("B1", "coverage", LATE, SAMPLED), 0, "<", "07", "07_collapse",
    ),
    "B2": Endpoint(
        "The kaleidoscope copies its training set", "copy share at run 20",
        turned("B2", "copy share", SAMPLED), 0.05, "≥", "07", "07_bestiary",
    ),
    "B3": Endpoint(
        "Chains come to rest", "share of chains in neither a fixed point nor a cycle at run 500",
        turned("B3", "share neither", LAST), 0.1, "<", "07", "07_ends",
    ),
    "B4": Endpoint(
        "It is as good a generator as the usual ones", "PC minus that of the best rival",
        beside_rivals, -0.05, "≥", "08", "08_generators", extended=True,
    ),
    "B5": Endpoint(
        "There is a remedy for the collapse", "PC of the remedy at run 200 minus PC of plain sampling at its best run",
        repaired, 0.1, "≥", "09", "09_remedies", extended=True,
    ),
}  # fmt: skip
FAMILIES = tuple(
    [name for name in CLAIMS if (name[0] == "C" and name[-1] not in "mpi") == paper] for paper in (True, False)
)
