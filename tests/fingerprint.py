"""Prints a hash of what each part of the package computes, small: the same in exact mode on every x86-64 processor."""

import hashlib
import sys

import numpy as np
import torch

import kaleido as kd
from kaleido.chapters.generators.generators import GENERATORS, Setting
from kaleido.lab.statistics import interval
from kaleido.measures.dynamics import distinct
from kaleido.tools import exact

torch.set_num_threads(1)


def show(name, *values):
    content = b"".join(np.ascontiguousarray(np.asarray(value)).tobytes() for value in values)
    print(name, hashlib.sha256(content).hexdigest()[:16], flush=True)


def learned(architecture, depth, width, steps, **how):
    net = kd.build(architecture, data, depth, width, [3])[0]
    history = kd.learn([net], data.train, steps, **how)[0]
    show(f"learning {architecture} {how or ''}", *(p.detach() for p in net.parameters()), history.losses)
    return net


print("exact" if exact.on() else "not exact")
data = kd.load("digits", seed=3)
net = learned("mlp", 3, 32, 30)
learned("mlp", 2, 80, 5, noise=0.5, spectral=2.0)
for shape in ("cnn", "autoencoder", "transformer", "unet", "unet without skips"):
    how = {"steps": 1, "batch": 32} if "unet" in shape else {"steps": 3}  # emulated, they take long
    learned(shape, 4 if shape == "autoencoder" else 2, 8, **how)
z = kd.probes(data, "noise", 100, seed=3)
orbit = kd.sample(net, kd.noise(data, 400, seed=3), 10, keep=[1, 10], kick="centred", bounds=(-1, 1), seed=3)
show("sampling", orbit.states, orbit.steps)
show("landing", *kd.landing(net, z, data).values())
show("gain", *kd.gain(net, z), *kd.gain(net, z, draws=4, seed=3))
show("controls", *(f(z).detach() for f in kd.controls(data, net).values()))
show("baselines", *kd.baselines(data, 300, seed=3).values())
look = kd.features(data, steps=20)
show("features", look(data.test).detach())
show("quality", *kd.assess(orbit.at(10), data, look).values())
found = kd.ends(net, orbit.at(10)[:50], still=0.01, longest=5)
show("ends", found.periods, found.points, distinct(orbit.at(10), 0.1))
show("radius", kd.radius(net, z[:3], seed=3))
show("lyapunov", kd.lyapunov(net, z[:20], 5, seed=3))
for name, (draw, *_) in GENERATORS.items():
    show(name, draw(data, 360, 3, Setting(depth=2, width=16, steps=5)))
show("statistics", *interval(np.arange(5) ** 0.5))
sys.exit(0)
