"""What was found, in a few sentences whose numbers and words come from the ledger."""

import re

from kaleido.lab.ledger import number

__all__ = ["answer"]

FINDINGS = (  # numbers by claim stand in braces, then the verdicts that a sentence says
    (
        "**Unseen inputs land near the training images, the more so the deeper the network is.** One pass through ten "
        "layers brings uniform noise to {C1} of its distance from the nearest MNIST image (*contraction*). Ten layers "
        "minus one layer is {C2a}, and {C2m} where both have the same training loss.",
        {"C1": "supported", "C2a": "supported", "C2m": "supported"},
    ),
    (
        "**Repeated passes turn noise into digits, but they leave most of the data out.** After 20 passes a share of "
        "{C3a} of the samples look like digits (*precision*). They reach a share of {C3b} of the test images "
        "(*coverage*), where the claim asks for 0.5.",
        {"C3a": "supported", "C3b": "not supported"},
    ),
    (
        "**Samples get better with depth.** From one layer to ten the harmonic mean of precision and coverage rises by "
        "{C4}, and by {C4m} at the same training loss.",
        {"C4": "supported", "C4m": "supported"},
    ),
    (
        "**Depth by itself does not map many inputs to one.** After equally many steps, ten layers bring pairs of "
        "inputs closer together than one layer does: the difference in pair contraction is {C2b}. At the same training "
        "loss one layer brings them closer ({C2bm}).",
        {"C2b": "supported", "C2bm": "not supported"},
    ),
    (
        "**Chains do not keep their digit, and samples are no copies.** A share of {C8} of the chains keep their class "
        "from pass 50 to pass 100, where the claim asks for 0.9. A share of {B2} of the samples pass for copies of "
        "training images; of unseen images 0.01 do.",
        {"C8": "not supported", "B2": "not supported"},
    ),
)


def answer(entries: list[dict]) -> str:
    """Returns the findings as a numbered list in Markdown.

    Arguments:
        entries: The ledger.

    Raises:
        ValueError: If a verdict is not the one that a sentence presumes: the sentence must be written anew.
    """
    known, lines = {entry["claim"]: entry for entry in entries}, []
    for place, (sentence, presumed) in enumerate(FINDINGS, 1):
        for claim, word in presumed.items():
            if known[claim]["word"] != word:
                raise ValueError(f"{claim} is {known[claim]['word']}, and finding {place} says {word}: write it anew")
        lines.append(f"{place}. " + re.sub(r"\{(\w+)\}", lambda name: number(known[name[1]]), sentence))
    return "\n".join(lines)
