"""Kaleido: is "Generative Kaleidoscopic Networks" (arXiv 2402.11793) true? Learn, sample, measure, judge."""

from kaleido.claims import CLAIMS, judge
from kaleido.data import Dataset, load, noise, points, probes
from kaleido.evidence import Evidence, evidence, tabulate
from kaleido.experiments import NOTEBOOKS, PROFILES, plan, sweep
from kaleido.figures import draw, show
from kaleido.learning import History, Snapshot, learn, load_networks, save_networks
from kaleido.ledger import conditions, findings, ledger, report, standing, summary
from kaleido.measures import contraction, controls, corner_loss, covered, gain, nearest, output_range, spread
from kaleido.networks import build, mlp
from kaleido.quality import assess, prdc
from kaleido.sampling import Orbit, sample

__all__ = [
    "CLAIMS",
    "NOTEBOOKS",
    "PROFILES",
    "Dataset",
    "Evidence",
    "History",
    "Orbit",
    "Snapshot",
    "assess",
    "build",
    "conditions",
    "contraction",
    "controls",
    "corner_loss",
    "covered",
    "draw",
    "evidence",
    "findings",
    "gain",
    "judge",
    "learn",
    "ledger",
    "load",
    "load_networks",
    "mlp",
    "nearest",
    "noise",
    "output_range",
    "plan",
    "points",
    "prdc",
    "probes",
    "report",
    "sample",
    "save_networks",
    "show",
    "spread",
    "standing",
    "summary",
    "sweep",
    "tabulate",
]
