"""Random streams: one for each purpose of each seed."""

import numpy as np
import torch

from kaleido.tools.checks import whole
from kaleido.tools.files import digest

__all__ = ["generator"]


def generator(seed: int, purpose: str) -> torch.Generator:
    """Returns a random generator of its own for one purpose, so that streams of one seed never meet.

    Raises:
        ValueError: If the seed is not a whole number from 0 to 2**32 - 1.
    """
    whole("seed", int(seed) if isinstance(seed, np.integer) else seed, 0, 2**32 - 1)
    return torch.Generator().manual_seed(int(digest(str(int(seed)), purpose)[:15], 16))
