"""Kaleido: is "Generative Kaleidoscopic Networks" (arXiv 2402.11793) true? The method: learn, sample, measure."""

from kaleido.data.inputs import noise, probes
from kaleido.data.sets import Dataset, load, points
from kaleido.lab.pictures import show
from kaleido.learning import learn
from kaleido.measures.baselines import baselines, controls
from kaleido.measures.dynamics import ends, lyapunov, radius
from kaleido.measures.features import features
from kaleido.measures.over_generalization import (
    contraction,
    corner_loss,
    covered,
    gain,
    landing,
    nearest,
    pair_contraction,
    spread,
)
from kaleido.measures.quality import assess, prdc
from kaleido.networks.architectures import cnn, transformer, unet
from kaleido.networks.build import build, mlp
from kaleido.sampling import sample
from kaleido.saved import load_networks, save_networks

__all__ = [
    "Dataset", "assess", "baselines", "build", "cnn", "contraction", "controls", "corner_loss", "covered", "ends",
    "features", "gain", "landing", "learn", "load", "load_networks", "lyapunov", "mlp", "nearest", "noise",
    "pair_contraction", "points", "prdc", "probes", "radius", "sample", "save_networks", "show", "spread",
    "transformer", "unet",
]  # fmt: skip
