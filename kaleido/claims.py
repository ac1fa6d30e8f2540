"""The claims, and the verdict on each: judged in the evidence of one notebook, by a rule of `kaleido.rules`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from kaleido import files
from kaleido.attractor_rules import collapse, copies, settling
from kaleido.comparison_rules import other_architectures, other_data
from kaleido.depth_rules import deeper_is_better, deeper_maps_nearer, equal_loss
from kaleido.evidence import Evidence, read_evidence, recorded
from kaleido.generator_rules import as_good, remedy
from kaleido.rules import VERDICTS, Verdict, bounded_outputs, dimension, over_generalization, sampling, stability
from kaleido.sizes import IMAGES

__all__ = ["CLAIMS", "FAMILIES", "Claim", "judge"]

STRETCH = (0.8, 1.25)  # a verdict that these change about its intervals' lengths is borderline


@dataclass(frozen=True)
class Claim:
    """A claim, where it is judged, by which rule, and what would change the verdict."""

    text: str
    notebook: str
    change: str
    rule: Callable[..., Verdict] | None = None
    figure: str = ""
    again: Callable[[Evidence], Verdict] | None = None  # the same, on the other seeds of the extended profile
    extended: bool = False  # judged by the record of the extended profile


CLAIMS = {
    "C1": Claim(
        "Outputs for unseen inputs land near the training outputs",
        "01",
        "A natural data set on which a deep network's outputs for noise stay as far from the training points "
        "as a linear map's, or fall onto few of them.",
        over_generalization,
        "01_unseen_inputs",
    ),
    "C2": Claim(
        "Over-generalization grows with depth, a many-to-one map",
        "04",
        "A trend that vanishes, or turns, on other data or at another number of steps.",
        deeper_maps_nearer,
        "04_over_generalization",
        again=partial(deeper_maps_nearer, variant="other seeds", data=IMAGES),
    ),
    "C3": Claim(
        "After a burn-in, repeated application to noise gives samples of the input distribution",
        "03",
        "Networks of another size, learned for longer or shorter, whose samples pass; or a stricter set of features.",
        sampling,
        "03_quality",
    ),
    "C4": Claim(
        "Sample quality rises with depth",
        "04",
        "A trend that vanishes, or turns, on other data or at another number of steps.",
        deeper_is_better,
        "04_quality_along_runs",
        again=partial(deeper_is_better, variant="other seeds"),
    ),
    "C5": Claim(
        "CNNs, Transformers and U-Nets show it too, to various degrees",
        "05",
        "Other configurations of the same architectures: the search shows which.",
        other_architectures,
        "05_degrees",
    ),
    "C6": Claim(
        "Bounded outputs contribute to it",
        "01",
        "Another level of the loss, or other data, on which the order of the outputs turns.",
        bounded_outputs,
        "01_bounded_outputs",
    ),
    "C7": Claim(
        "Over-generalization recedes as points are added, and more slowly in higher dimension",
        "02",
        "Corner losses that do not fall with the number of points, or other points than uniform ones.",
        dimension,
        "02_corner_losses",
    ),
    "C8": Claim(
        "After burn-in a chain keeps its digit",
        "03",
        "Another classifier, or another size of the kick, under which chains change class or keep it.",
        stability,
        "03_stability",
    ),
    "C9": Claim(
        "The same works on other data sets",
        "06",
        "Another data set with labels: CIFAR-10, or a folder of your own.",
        other_data,
        "06_quality",
    ),
    "C2m": Claim(
        "C2 at matched training loss",
        "04",
        "Another level of the loss.",
        partial(equal_loss, claim="C2m"),
        "04_depth_and_loss",
        again=partial(equal_loss, claim="C2m", variants=("other seeds",)),
    ),
    "C4m": Claim(
        "C4 at matched training loss",
        "04",
        "Another level of the loss.",
        partial(equal_loss, claim="C4m"),
        "04_depth_and_loss",
        again=partial(equal_loss, claim="C4m", variants=("other seeds",)),
    ),
    "C2p": Claim(
        "C2 at matched loss and number of parameters",
        "04",
        "Other widths.",
        partial(equal_loss, claim="C2p", variants=("equal parameters",)),
        "04_not_depth",
        extended=True,
    ),
    "C4p": Claim(
        "C4 at matched loss and number of parameters",
        "04",
        "Other widths.",
        partial(equal_loss, claim="C4p", variants=("equal parameters",)),
        "04_not_depth",
        extended=True,
    ),
    "C2i": Claim(
        "C2 at matched loss with He initialisation, and with fewer training points",
        "04",
        "Other initialisations.",
        partial(equal_loss, claim="C2i", variants=("He", "400 points", "100 points")),
        "04_not_depth",
        extended=True,
    ),
    "B1": Claim(
        "The kaleidoscope collapses if it is turned too long",
        "07",
        "Networks, or data, on which coverage stays at run 200.",
        collapse,
        "07_collapse",
    ),
    "B2": Claim(
        "The kaleidoscope copies its training set",
        "07",
        "Larger networks, learned for longer: what overfits may copy.",
        copies,
        "07_bestiary",
    ),
    "B3": Claim(
        "Chains end in fixed points or cycles",
        "07",
        "Networks whose chains wander at run 500, as with other initialisations.",
        settling,
        "07_ends",
    ),
    "B4": Claim(
        "It is as good a generator as the usual ones",
        "08",
        "Larger networks, or other data, on which the order of the generators turns. The one rival that it is as good "
        "as, the idempotent network, did not learn in the time that all had.",
        as_good,
        "08_generators",
        extended=True,
    ),
    "B5": Claim(
        "There is a remedy for the jumps and the collapse",
        "09",
        "Another remedy than the ninety that were tried.",
        remedy,
        "09_remedies",
        extended=True,
    ),
}
FAMILIES = ([c for c in CLAIMS if c[0] == "C" and len(c) == 2], [c for c in CLAIMS if c[0] == "B" or len(c) > 2])


def judge(claim: str, profile: str) -> Verdict:
    """Returns a claim's verdict before correction, from the evidence in the profile's build folder.

    Raises:
        ValueError: If the claim is unknown.
    """
    if claim not in CLAIMS:
        raise ValueError(f"unknown claim '{claim}', expected one of {', '.join(CLAIMS)}")
    about = CLAIMS[claim]
    if about.rule is None:
        return Verdict(claim, "not run", "not tested yet")
    try:
        found = read_evidence(files.build_folder(profile) / "evidence", about.notebook, profile)
    except FileNotFoundError:
        return Verdict(claim, "not run", f"notebook {about.notebook} was not run in the {profile} profile")
    if not (found.table["claim"] == claim[:2]).any():
        return Verdict(claim, "not run", f"the evidence of notebook {about.notebook} says nothing of it")
    if about.extended or about.again:
        try:
            extended = recorded(about.notebook)
        except FileNotFoundError:
            extended = None
    if about.extended:
        if extended is None:
            return Verdict(claim, "not run", "the extended profile has not been run")
        found = extended
    verdict = about.rule(found)
    reached = {verdict.verdict} | {about.rule(found, stretch=stretch).verdict for stretch in STRETCH}
    verdict = replace(verdict, between=tuple(name for name in VERDICTS if name in reached))
    if not about.again or extended is None:
        return verdict
    other = about.again(extended)
    robust = f"with five other seeds it is {other.verdict} too"
    if other.verdict != verdict.verdict:
        robust = f"not robust: with five other seeds it is {other.verdict}"
    return replace(verdict, reason=f"{verdict.reason}; {robust}")
