"""Kaleido: is "Generative Kaleidoscopic Networks" (arXiv 2402.11793) true? Learn, sample, measure, judge."""

from kaleido.attractor_drawings import ends_found
from kaleido.claims import CLAIMS
from kaleido.comparison_drawings import best_and_worst, loaded, ranked, searched
from kaleido.data.inputs import noise, probes
from kaleido.data.sets import Dataset, load, points
from kaleido.depth_drawings import effect_of_depth, levels_of
from kaleido.evidence import Evidence, evidence, recorded, tabulate
from kaleido.experiments import sweep
from kaleido.figures import draw, show
from kaleido.generator_drawings import best_recipes, best_settings, compared, repaired
from kaleido.generators import GENERATORS
from kaleido.learning import History, Snapshot, learn
from kaleido.ledger import check, findings, judge, ledger, report, table
from kaleido.measures.baselines import baselines, controls
from kaleido.measures.dynamics import Ends, chao1, distinct, ends, lyapunov, radius
from kaleido.measures.features import features
from kaleido.measures.over_generalization import (
    contraction,
    corner_loss,
    covered,
    gain,
    landing,
    nearest,
    output_range,
    pair_contraction,
    spread,
)
from kaleido.measures.quality import assess, prdc
from kaleido.networks.architectures import cnn, transformer, unet
from kaleido.networks.build import build, mlp
from kaleido.plans import NOTEBOOKS, absent, plan
from kaleido.sampling import Orbit, sample
from kaleido.saved import load_networks, save_networks
from kaleido.sizes import PROFILES

__all__ = [
    "CLAIMS",
    "GENERATORS",
    "NOTEBOOKS",
    "PROFILES",
    "Dataset",
    "Ends",
    "Evidence",
    "History",
    "Orbit",
    "Snapshot",
    "absent",
    "assess",
    "baselines",
    "best_and_worst",
    "best_recipes",
    "best_settings",
    "build",
    "chao1",
    "check",
    "cnn",
    "compared",
    "contraction",
    "controls",
    "corner_loss",
    "covered",
    "distinct",
    "draw",
    "effect_of_depth",
    "ends",
    "ends_found",
    "evidence",
    "features",
    "findings",
    "gain",
    "judge",
    "landing",
    "learn",
    "ledger",
    "levels_of",
    "load",
    "load_networks",
    "loaded",
    "lyapunov",
    "mlp",
    "nearest",
    "noise",
    "output_range",
    "pair_contraction",
    "plan",
    "points",
    "prdc",
    "probes",
    "radius",
    "ranked",
    "recorded",
    "repaired",
    "report",
    "sample",
    "save_networks",
    "searched",
    "show",
    "spread",
    "sweep",
    "table",
    "tabulate",
    "transformer",
    "unet",
]
