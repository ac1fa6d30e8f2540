"""Notebook 05: claim C5."""

from collections.abc import Callable

import numpy as np

from kaleido.chapters.architectures import figures
from kaleido.lab.endpoint import Endpoint, values
from kaleido.lab.evidence import Evidence


def trained(architecture: str) -> Callable[[Evidence, str], np.ndarray]:
    """C5: how far contraction falls below the smaller of 1 and that of the untrained network."""

    def fall(found: Evidence, data: str) -> np.ndarray:
        about = {"claim": "C5", "quantity": "rho", "data": data, "architecture": architecture, "run": 1}
        learned, before = (values(found, **about, condition=name) for name in ("learned", "untrained"))
        return learned - np.minimum(1, before)

    return fall


CLAIMS = {
    "C5a": Endpoint(
        "A CNN over-generalizes too", "contraction minus the smaller of 1 and that of the untrained network",
        trained("cnn"), -0.1, "≤", figures.degrees,
    ),
    "C5b": Endpoint(
        "A Transformer over-generalizes too", "contraction minus the smaller of 1 and that of the untrained network",
        trained("transformer"), -0.1, "≤", figures.degrees,
    ),
    "C5c": Endpoint(
        "A U-Net over-generalizes too", "contraction minus the smaller of 1 and that of the untrained network",
        trained("unet"), -0.1, "≤", figures.degrees,
    ),
}  # fmt: skip
