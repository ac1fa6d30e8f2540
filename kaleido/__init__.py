"""Kaleido: is "Generative Kaleidoscopic Networks" (arXiv 2402.11793) true? Learn, sample, measure."""

from kaleido.data import Dataset, load, noise, points, probes
from kaleido.learning import History, Snapshot, learn, load_networks, save_networks
from kaleido.measures import contraction, controls, covered, nearest, spread
from kaleido.networks import build, mlp
from kaleido.quality import assess, prdc
from kaleido.sampling import Orbit, sample
