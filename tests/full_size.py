"""Prints the memory (GiB, beyond what was held before) and the seconds of each public function at MNIST's size."""

import json
import re
import time
from pathlib import Path

import torch

import kaleido as kd
from kaleido.measures.quality import distances, novelty

torch.set_num_threads(1)
random = torch.Generator().manual_seed(0)
train, test = (torch.randint(256, (n, 784), generator=random).float() / 127.5 - 1 for n in (60_000, 10_000))
labels = [torch.randint(10, (n,), generator=random) for n in (60_000, 10_000)]
data = kd.Dataset("large", train, test, (-1.0, 1.0), *labels, (28, 28))
few = kd.Dataset("few held out", train, test[:500], (-1.0, 1.0), labels[0], labels[1][:500], (28, 28))
net, image = kd.mlp(784, 2, 32), {"image_shape": (28, 28), "depth": 4, "width": 4}
z = kd.noise(data, 500)
CALLS = {
    "Dataset": lambda: data.first(50_000).validation(40_000).digest,
    "assess": lambda: kd.assess(train[:500], few),
    "baselines": lambda: kd.baselines(data, 10_000),
    "build": lambda: kd.build("mlp", data, 10, 500, [0, 1]),
    "cnn": lambda: kd.cnn(**image)(test),
    "contraction": lambda: kd.contraction(net, z, data),
    "controls": lambda: [f(test) for f in kd.controls(data, net).values()],
    "corner_loss": lambda: kd.corner_loss(kd.mlp(16, 2, 8), 16),
    "covered": lambda: kd.covered(net, z, few),
    "distances": lambda: distances(train[:2000], test[:2000]),
    "ends": lambda: kd.ends(net, train, 0.1, 2),
    "features": lambda: kd.features(data, steps=2).accuracy(data),
    "gain": lambda: (kd.gain(net, z[:2]), kd.gain(net, train, draws=2)),
    "landing": lambda: kd.landing(net, z, few),
    "learn": lambda: [kd.learn([f], train, 2, batch) for f, batch in ((net, 256), (net, None), (kd.cnn(**image), 256))],
    "load": lambda: kd.load("points-784-60000"),
    "lyapunov": lambda: kd.lyapunov(net, train, 1),
    "mlp": lambda: net(train),
    "nearest": lambda: (kd.nearest(train[:500] + 0.1, train), kd.nearest(train[:40], train)),
    "noise": lambda: kd.noise(data, 60_000),
    "novelty": lambda: novelty(z, few),
    "pair_contraction": lambda: kd.pair_contraction(net, train),
    "points": lambda: kd.points(784, 60_000),
    "prdc": lambda: kd.prdc(train[:, :8], test[:300, :8]),
    "probes": lambda: [kd.probes(data, kind, 60_000, 0, few) for kind in ("noise", "gaussian", "mixup", "foreign")],
    "radius": lambda: kd.radius(net, z[:1]),
    "sample": lambda: kd.sample(net, train, 2, keep=[2], kick="centred", bounds=(-1, 1)),
    "save_networks, load_networks": lambda: (kd.save_networks("nets", [net]), kd.load_networks("nets")),
    "show": lambda: kd.show(kd.sample(net, z, 2), data),
    "spread": lambda: kd.spread(net, z, few),
    "transformer": lambda: kd.transformer(**image)(test[:2000]),
    "unet": lambda: kd.unet(**image | {"depth": 1})(test[:2000]),
}


def held(name):
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 2**20


found = {}
for name, call in CALLS.items():
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before, began = held("VmRSS"), time.time()
    call()
    found[name] = [held("VmHWM") - before, time.time() - began]
print(json.dumps(found))
