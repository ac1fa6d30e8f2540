"""What was found, in a few sentences whose numbers and words come from the record."""

import re
from collections import Counter

from kaleido.chapters.common import LATE, SAMPLED
from kaleido.lab.evidence import recorded
from kaleido.lab.ledger import number

__all__ = ["answer"]

LOSS = "loss 0.075"
IN_SHORT = (
    "**In short.** Ten layers that were trained to return MNIST digits do turn noise into pictures that look like "
    "digits, if they are applied to it again and again; one layer and four layers make worse ones. But 10,000 such "
    "samples resemble only a quarter of the test images (with networks that learned pictures of clothes, a tenth), and "
    "after 200 passes fewer still. Of the paper's {all} claims {supported} are supported and {not supported} "
    "are not; {not run}, on CNNs, Transformers and U-Nets, have not been decided yet. Read *supported* with care: "
    "{passed} of the {supported} tests are also passed by something trivial, such as a black picture, mixtures of "
    "training images or an untrained network, if sometimes barely. That of better samples with depth (C4) is not "
    "passed by untrained networks; that of bounded outputs (C6) was given nothing trivial.",
    {"C3a": "supported", "C4": "supported, not monotone", "C3b": "not supported", "B1": "supported"}
    | {"C9b": "not supported"}
    | dict.fromkeys(("C5a", "C5b", "C5c"), "not run"),
)
# {C1} is the number of a claim, {name} one of `VALUES`, with " %" in percent; then the verdicts that a sentence says
FINDINGS = (
    (
        "**Noise lands near the training images, and nearer with depth; not every unseen input does.** One pass "
        "through ten layers brings uniform noise to {C1} of its distance from the nearest MNIST image (*contraction*), "
        "one pass through one layer to {one}. At the same training loss (0.075) it is {ten matched} with ten layers "
        "and {one matched} with one. A black picture is as near ({black}), so we also count how many different "
        "training images the outputs are nearest to, beside real test images (*spread*): {spread} times as many with "
        "ten layers, {spread one} with one, and hardly any for black. Noise has {noise spread}, but is not near: only "
        "both numbers together show anything. Other inputs were put through the first network alone: clothes come out "
        "at {clothes} of the distance (black: {black, clothes}), two of the three in our pictures as something like a "
        "blurred 5, and mixtures of two digits, which are near, move farther away ({mixed}).",
        {"C1": "supported", "C2a": "supported", "C2m": "supported"},
    ),
    (
        "**Noise becomes pictures that look like digits.** After 20 passes {C3a %} of the samples do (*precision*; of "
        "real training images {real precision %}; the five classifiers that judge it lie {range} apart on average), "
        "and after five passes already {early precision %}. Precision is lenient: the blurs of one layer that was "
        "stopped at a loss of 0.075 (figure below, fourth row) have {blurs %}, and mixtures of two training images "
        "{mixup precision %}. With the noise that the paper's code adds in each pass (the *kick*) it is {kicked "
        "precision %} after 20 passes.",
        {"C3a": "supported"},
    ),
    (
        "**They leave most of the data out.** Samples reach {C3b %} of the test images (*coverage*), where as many "
        "real training images reach {real coverage %} and mixtures of two {mixup coverage %}; with the kick it is "
        "{kicked coverage %}. Classes are uneven: their entropy is {entropy} nats, that of ten equal classes 2.30. A "
        "nearest neighbour tells samples from test images in {two-sample %} of cases (training images: {real "
        "two-sample %}). Going on to 200 passes does not help: coverage falls to {late coverage %}.",
        {"C3b": "not supported", "B1": "supported"},
    ),
    (
        "**On clothes samples look like data, too, and cover even less.** Ten networks learned all of Fashion-MNIST. "
        "(The paper's own other data, dogs of CIFAR-10 and faces of CelebA, are not here.) After 20 passes {C9a %} of "
        "their samples look like clothes (mixtures of two training images: {mixup clothes precision %}), but they "
        "reach {C9b %} of the test images (mixtures: {mixup clothes coverage %}, real training images {real clothes "
        "coverage %}). With the kick {kicked clothes precision %} look like clothes, too near to our threshold of 80 % "
        "to decide. In the pictures of one network nearly half of the chains fade to the same dark shoe.",
        {"C9a": "supported", "C9b": "not supported"},
    ),
    (
        "**Ten layers make better samples than one, and four layers worse ones.** The harmonic mean of precision and "
        "coverage (*PC*) is {pc one} with one layer, {pc four} with four and {pc ten} with ten; from one to ten it "
        "rises by {C4}. After these 10,000 steps ten layers fit worse (a training loss of {loss ten}, one layer has "
        "{loss one}). At the same loss PC is {pc one matched} with one layer and {pc ten matched} with ten, {C4m} "
        "more.",
        {"C4": "supported, not monotone", "C4m": "supported"},
    ),
    (
        "**Ten layers bring different inputs closer together than one, but no closer than four, and not at the same "
        "training loss.** After equally many steps two inputs come to {pairs one} of their distance with one layer, to "
        "{pairs four} with four and to {pairs ten} with ten. At the same loss the order is reversed: {pairs ten "
        "matched} with ten, {pairs one matched} with one. Networks that have learned nothing bring them closer with "
        "depth, too: to {untrained one} with one layer and {untrained ten} with ten, or with He's initial weights to "
        "{untrained one, He} and {untrained ten, He}.",
        {"C2b": "supported", "C2bm": "not supported"},
    ),
    (
        "**A quarter of the chains change their digit at least once between passes 50 and 100**, as classifiers see "
        "it: {C8 %} keep it at every one of these passes; our threshold was 90 %. Some of those that do not may be "
        "unclear pictures. The paper's code page says that a chain *can* remain stable, and that the kick is there to "
        "move it: with it, {kicked keeps %} keep their digit.",
        {"C8": "not supported"},
    ),
    (
        "**Few samples are copies of training images, as far as we can tell.** {copies %} of them are nearer to one "
        "training image than to all others by a margin that 1 % of the test images show. This misses blurred copies: "
        "of what the network makes of training images themselves it finds {found again %}. Samples lie at {novelty} "
        "times the distance of test images from the training images; but black pictures are near, too, so this alone "
        "does not make them copies.",
        {"B2": "not supported"},
    ),
    (
        "**As a generator it is behind kernel density, and not told apart from a Gaussian mixture**; neither needs a "
        "network. The harmonic mean of precision and coverage (*PC*) is {pc ten}, with kernel density {pc kernel "
        "density} and with the mixture {pc mixture}; blends of two training images (mixup) have {mixup pc}. The "
        "difference from kernel density is {B4}: behind, but whether by more than the 0.05 that we allowed remains "
        "open. Of kernel density's samples {copies of kernel density %} are copies, a little more than it was allowed "
        "when its setting was chosen.",
        {"B4": "inconclusive"},
    ),
    (
        "**A network that learned only 100 images answers noise with pictures close to them.** {own %} of its samples "
        "are nearer to one of these images than to any of 100 others: they may be distorted copies, or blends of "
        "images that are alike, which would pass this test, too. We had asked for more exact ones, so the claim that "
        "it remembers its images (M1) is *not supported*: {M1 %} of the chains, not 50 %, come within 0.05 of the "
        "pixels' range of a learned image (root mean square). But given a learned image, the network itself returns it "
        "only to {error} of the range. Two networks of different images do not answer the same noise alike: their "
        "samples lie {ratio} times as far apart as from different noises (two perfect memories: {memories}). Whether "
        "that changes with 30,000 images has not been decided yet.",
        {"M1": "not supported", "M2": "not run", "M3": "not run"},
    ),
)
_KERNEL = {"architecture": "kernel density", "condition": "drawn"}
VALUES = {  # name: notebook, and where the number stands in its record
    "black": ("01", {"quantity": "rho", "architecture": "black", "condition": "noise"}),
    "two-sample": ("03", {"quantity": "two-sample", "architecture": "mlp", "condition": "noise", "run": SAMPLED}),
    "early precision": ("03", {"quantity": "precision", "architecture": "mlp", "condition": "noise", "run": 5}),
    "kicked precision": ("03", {"quantity": "precision", "condition": "published kick"}),
    "kicked coverage": ("03", {"quantity": "coverage", "condition": "published kick"}),
    "kicked clothes precision": ("06", {"data": "fashion", "quantity": "precision", "condition": "published kick"}),
    "clothes": ("01", {"quantity": "rho", "architecture": "mlp", "condition": "fashion"}),
    "mixed": ("01", {"quantity": "rho", "architecture": "mlp", "condition": "mixup"}),
    "spread one": ("04", {"quantity": "spread", "depth": 1, "condition": "equal steps", "architecture": "mlp"}),
    "mixup pc": ("03", {"quantity": "pc", "architecture": "mixup"}),
    "black, clothes": ("01", {"quantity": "rho", "architecture": "black", "condition": "fashion"}),
    "pc mixture": ("08", {"quantity": "pc", "architecture": "Gaussian mixture", "condition": "drawn"}),
    "pc kernel density": ("08", {"quantity": "pc", **_KERNEL}),
    "copies of kernel density": ("08", {"quantity": "copy share", **_KERNEL}),
    "late coverage": ("07", {"claim": "B1", "quantity": "coverage", "run": LATE}),
    "kicked keeps": ("03", {"quantity": "share that keeps its class", "condition": "published kick"}),
    "copies": ("07", {"quantity": "copy share", "architecture": "mlp", "run": SAMPLED}),
    "blurs": ("04", {"quantity": "precision", "depth": 1, "condition": LOSS, "architecture": "mlp"}),
    "novelty": ("07", {"quantity": "novelty", "run": SAMPLED}),
    "ratio": ("11", {"quantity": "ratio", "architecture": "other images, other weights", "condition": "100 images"}),
    "range": ("03", {"quantity": "precision, range over classifiers", "condition": "noise", "run": SAMPLED}),
    "memories": ("11", {"quantity": "ratio", "architecture": "nearest images", "condition": "100 images"}),
    "error": ("11", {"quantity": "loss", "condition": "100 images"}),  # a mean square in half ranges
    "found again": ("07", {"quantity": "copy share", "architecture": "f of training points"}),
    "entropy": ("03", {"quantity": "class entropy", "architecture": "mlp", "condition": "noise", "run": SAMPLED}),
    "own": ("11", {"quantity": "share nearer to own set", "run": SAMPLED, "condition": "100 images"}),
    "noise spread": ("01", {"quantity": "spread", "architecture": "identity", "condition": "noise"}),
    "spread": ("01", {"quantity": "spread", "architecture": "mlp", "condition": "noise"}),
}
for _quantity in ("precision", "coverage", "two-sample"):
    VALUES[f"real {_quantity}"] = "03", {"quantity": _quantity, "architecture": "training points"}
    VALUES[f"mixup {_quantity}"] = "03", {"quantity": _quantity, "architecture": "mixup"}
    _clothes = {"data": "fashion", "quantity": _quantity}
    VALUES[f"real clothes {_quantity}"] = "06", {"architecture": "training points", **_clothes}
    VALUES[f"mixup clothes {_quantity}"] = "06", {"architecture": "mixup", **_clothes}
for _said, _depth in {"one": 1, "ten": 10}.items():
    for _end, _init in {"": "untrained", ", He": "untrained he"}.items():
        _where = {"quantity": "pair contraction", "depth": _depth, "architecture": _init}
        VALUES[f"untrained {_said}{_end}"] = "04", _where
for _name, _quantity in {"": "rho", "pc": "pc", "pairs": "pair contraction", "loss": "loss"}.items():
    for _said, _depth in {"one": 1, "four": 4, "ten": 10}.items():
        for _end, _condition in {"": "equal steps", "matched": LOSS}.items():
            _where = {"quantity": _quantity, "depth": _depth, "condition": _condition, "architecture": "mlp"}
            VALUES[" ".join(filter(None, (_name, _said, _end)))] = "04", _where


def answer(entries: list[dict]) -> str:
    """Returns what was found in short, and the findings as a numbered list, in Markdown.

    Arguments:
        entries: The ledger.

    Raises:
        ValueError: If a verdict is not the one that a sentence presumes: the sentence must be written anew.
    """
    known, lines = {entry["claim"]: entry for entry in entries}, []
    papers = [entry for entry in entries if entry["family"] == "paper"]
    counted = Counter(entry["word"] for entry in papers) | {"passed": sum(bool(entry["also"]) for entry in papers)}
    counted["all"] = len(papers)

    def said(place: re.Match) -> str:
        name, percent = place[1].removesuffix(" %"), place[1].endswith(" %")
        if name in known:
            return number(known[name], percent)
        if name in counted:
            return str(counted[name])
        notebook, where = VALUES[name]
        values = recorded(notebook, "paper").values(**{"data": "mnist"} | where)  # raises if a seed has several
        value = (values**0.5 / 2 if name == "error" else values).mean()
        if percent:
            return f"{100 * value:.{0 if value >= 0.1 else 1}f} %"
        return f"{value:.{2 if value >= 0.1 else 3}f}"

    for place, (sentence, presumed) in enumerate((IN_SHORT, *FINDINGS)):
        for claim, word in presumed.items():
            found = ", ".join(filter(None, (known[claim]["word"], known[claim]["reason"])))
            if found != word and not known[claim]["word"] == word == "not run":  # whatever the reason
                raise ValueError(f"{claim} is {found}, and finding {place} says {word}: write it anew")
        lines.append((f"{place}. " if place else "") + re.sub(r"\{([\w, %-]+)\}", said, sentence))
    return "\n".join([lines[0], "", *lines[1:]])
