"""Square roots and logarithms by NumPy.

PyTorch's go through MKL's vector library, whose last bit depends on the maker of the processor, in exact mode too (see
`kaleido.tools.exact`): an AMD EPYC and an emulated Intel Haswell differed in torch.sqrt, torch.cdist and double
torch.log.
"""

import numpy as np
import torch
from torch import Tensor

__all__ = ["log", "root"]


def root(x: Tensor) -> Tensor:
    """Returns the square roots, each rounded to the nearest number."""
    return torch.from_numpy(np.sqrt(x.cpu().numpy())).to(x.device)


def log(x: Tensor) -> Tensor:
    """Returns the natural logarithms."""
    return torch.from_numpy(np.log(x.cpu().numpy())).to(x.device)
