"""What was found, in a few sentences whose numbers and words come from the record."""

import re

from kaleido.lab.evidence import recorded
from kaleido.lab.ledger import number

__all__ = ["answer"]

LOSS = "loss 0.075"
# {C1} is the number of a claim, {name} one of `VALUES`; then the verdicts that a sentence says
FINDINGS = (
    (
        "**Unseen inputs land near the training images, and nearer with depth.** One pass through ten layers brings "
        "uniform noise to {C1} of its distance from the nearest MNIST image (*contraction*), one pass through one "
        "layer to {one}. At the same training loss it is {ten matched} and {one matched}. Nearness alone shows "
        "little, since a black picture is as near ({black}); but these outputs lie near many different images and a "
        "black picture does not.",
        {"C1": "supported", "C2a": "supported", "C2m": "supported"},
    ),
    (
        "**Repeated passes turn noise into digits, but they leave most of the data out.** After 20 passes a share of "
        "{C3a} of the samples look like digits (*precision*; of real training images {real precision}). They reach a "
        "share of {C3b} of the test images (*coverage*; real training images reach {real coverage}).",
        {"C3a": "supported", "C3b": "not supported"},
    ),
    (
        "**Samples get better with depth.** The harmonic mean of precision and coverage is {pc one} with one layer "
        "and {pc ten} with ten; at the same training loss it is {pc one matched} and {pc ten matched}.",
        {"C4": "supported", "C4m": "supported"},
    ),
    (
        "**Deeper networks bring different inputs closer together, but not at the same training loss.** After equally "
        "many steps two inputs come to {pairs ten} of their distance with ten layers and to {pairs one} with one, as "
        "the paper says. At the same loss the order is reversed: {pairs ten matched} and {pairs one matched}.",
        {"C2b": "supported", "C2bm": "not supported"},
    ),
    (
        "**Chains change their digit, and samples are no copies.** A share of {C8} of the chains have the same class "
        "at every pass from 50 to 100; we had set 0.9 as the threshold. A share of {B2} of the samples pass for "
        "copies of training images, as do 0.01 of unseen images.",
        {"C8": "not supported", "B2": "not supported"},
    ),
)
VALUES = {  # name: notebook, and where the number stands in its record
    "black": ("01", {"quantity": "rho", "architecture": "black"}),
    "real precision": ("03", {"quantity": "precision", "architecture": "training points"}),
    "real coverage": ("03", {"quantity": "coverage", "architecture": "training points"}),
}
for _name, _quantity in {"": "rho", "pc": "pc", "pairs": "pair contraction"}.items():
    for _said, _depth in {"one": 1, "ten": 10}.items():
        for _end, _condition in {"": "equal steps", "matched": LOSS}.items():
            _where = {"quantity": _quantity, "depth": _depth, "condition": _condition, "architecture": "mlp"}
            VALUES[" ".join(filter(None, (_name, _said, _end)))] = "04", _where


def answer(entries: list[dict]) -> str:
    """Returns the findings as a numbered list in Markdown.

    Arguments:
        entries: The ledger.

    Raises:
        ValueError: If a verdict is not the one that a sentence presumes: the sentence must be written anew.
    """
    known, lines = {entry["claim"]: entry for entry in entries}, []

    def said(place: re.Match) -> str:
        if place[1] in known:
            return number(known[place[1]])
        notebook, where = VALUES[place[1]]
        return f"{recorded(notebook, 'paper').rows(data='mnist', **where)['value'].mean():.2f}"

    for place, (sentence, presumed) in enumerate(FINDINGS, 1):
        for claim, word in presumed.items():
            if known[claim]["word"] != word:
                raise ValueError(f"{claim} is {known[claim]['word']}, and finding {place} says {word}: write it anew")
        lines.append(f"{place}. " + re.sub(r"\{([\w ]+)\}", said, sentence))
    return "\n".join(lines)
