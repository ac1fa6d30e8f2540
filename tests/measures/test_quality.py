import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ROOT, random
from prdc import compute_prdc
from scipy.linalg import sqrtm
from sklearn.neighbors import KNeighborsClassifier
from torchmetrics.image.kid import poly_mmd

import kaleido as kd
from kaleido.chapters.kaleidoscope.cells import MLPS
from kaleido.measures.baselines import MUST_NOT_PASS
from kaleido.measures.quality import assess, distances, novelty, prdc, predicted, reference

SHAPES = [(30, 30, 2, 5), (400, 250, 7, 3), (200, 500, 64, 5), (12, 9, 1, 1)]


@pytest.fixture(scope="module")
def look(digits, tmp_path_factory):
    """The features of `digits`, learned once for the tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KALEIDO_BUILD", str(tmp_path_factory.mktemp("features")))
        return kd.features(digits, seed=100)


def test_real_points_that_are_prepared_once_give_the_same_scores():
    real = random(200, 8)
    known = reference(real, k=3)
    for seed in (1, 2):
        fake = random(150, 8, seed=seed)
        assert prdc(known, fake) == prdc(real, fake, 3)
    with pytest.raises(ValueError, match="3 real points are too few for k = 5"):
        reference(real[:3])


@pytest.mark.parametrize(("n", "m", "d", "k"), SHAPES)
def test_precision_recall_density_coverage_are_those_of_the_published_package(n, m, d, k):
    real, fake = random(n, d), random(m, d, seed=1) * 1.2
    found = prdc(real, fake, k)
    for name, value in compute_prdc(real.double().numpy(), fake.double().numpy(), k).items():
        assert found[name] == pytest.approx(value, abs=1e-6), name
    p, c = found["precision"], found["coverage"]
    assert found["pc"] == pytest.approx(2 * p * c / (p + c))


@pytest.mark.parametrize(("n", "m", "d", "k"), SHAPES)
def test_the_two_sample_test_is_the_nearest_neighbours_accuracy_leave_one_out(n, m, d, k):
    real, fake = random(n, d).double(), random(m, d, seed=1).double() * 1.2
    points, kind = torch.cat([real, fake]).numpy(), np.repeat([0, 1], [n, m])
    told = []
    for i in range(n + m):
        others = np.arange(n + m) != i
        told.append(KNeighborsClassifier(1).fit(points[others], kind[others]).predict(points[i : i + 1])[0] == kind[i])
    expected = (np.mean(told[:n]) + np.mean(told[n:])) / 2
    assert prdc(real, fake, k)["two-sample"] == pytest.approx(expected)


@pytest.mark.parametrize(("n", "m", "d", "k"), SHAPES)
def test_distances_agree_with_independent_computations(n, m, d, k):
    real, fake = random(n, d).double(), random(m, d, seed=1).double() * 1.2
    found = distances(real, fake)
    (a, b), gap = (np.atleast_2d(np.cov(x.numpy().T)) for x in (real, fake)), (real.mean(0) - fake.mean(0)).numpy()
    expected = gap @ gap + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert found["frechet"] == pytest.approx(expected, rel=1e-3)
    if n == m:  # torchmetrics wants as many on both sides
        assert found["kernel"] == pytest.approx(float(poly_mmd(real, fake)), rel=1e-9)


def test_the_sliced_distance_of_a_shift_is_its_length_on_a_line():
    points = random(50, 1)
    assert distances(points, points + 0.25)["sliced"] == pytest.approx(0.25, rel=1e-5)
    plane = random(50, 2)
    shift = torch.tensor([0.3, 0.4])
    expected = 0.5 / 2**0.5  # the root mean square of the projections of a vector of length 0.5
    assert distances(plane, plane + shift)["sliced"] == pytest.approx(expected, rel=0.1)


def test_no_measure_depends_on_the_order_of_the_samples(digits, look):
    samples = torch.cat([kd.noise(digits, 60), digits.train[:200], digits.train[:100]])
    order = torch.randperm(360, generator=torch.Generator().manual_seed(0))
    there, back = assess(samples, digits, look), assess(samples[order], digits, look)
    assert there == pytest.approx(back, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("what", ["constant", "few different", "training points"])
def test_measures_of_duplicates_are_finite(digits, look, what):
    few = {"constant": 1, "few different": 7, "training points": 400}[what]
    scores = assess(digits.train[torch.arange(400) % few], digits, look)
    assert all(np.isfinite(value) for value in scores.values()), scores
    if what != "training points":
        assert scores["recall"] < 0.1
        assert scores["coverage"] < 0.2
        assert scores["two-sample"] > 0.9


def test_measures_say_how_many_points_they_need(digits):
    with pytest.raises(ValueError, match="6 and more are needed"):
        prdc(random(5, 3), random(9, 3))
    with pytest.raises(ValueError, match="2 and more are needed"):
        distances(random(9, 3), random(1, 3))
    with pytest.raises(ValueError, match="at least 360"):
        assess(digits.test[:100], digits)
    with pytest.raises(ValueError, match="64"):
        assess(random(400, 63), digits)
    with pytest.raises(ValueError, match="NaN"):
        prdc(random(9, 3), random(9, 3) * torch.nan)
    lonely = kd.Dataset("lonely", torch.zeros(9, 2), torch.ones(3, 2), (0.0, 1.0))
    with pytest.raises(ValueError, match="1 distinct training and 3 held-out points"):
        novelty(torch.ones(3, 2), lonely)


def test_training_points_score_at_the_ceiling_and_are_caught_as_copies(digits, look):
    order = torch.randperm(len(digits.train), generator=torch.Generator().manual_seed(0))
    copies = assess(digits.train[order], digits, look)
    assert min(copies[name] for name in ("precision", "recall", "density", "coverage")) > 0.9
    assert copies["two-sample"] < 0.6
    assert copies["copy share"] == 1
    assert copies["novelty"] == 0
    assert novelty(digits.test, digits) == {"novelty": 1.0, "copy share": pytest.approx(0.01, abs=0.003)}


def test_noise_scores_at_the_floor(digits, look):
    floor = assess(kd.noise(digits, 360), digits, look)
    assert max(floor[name] for name in ("precision", "recall", "density", "coverage", "pc")) < 0.15
    assert floor["two-sample"] > 0.95
    assert floor["copy share"] == 0


def test_copies_are_seen_through_a_little_noise_and_duplicates_in_the_training_set(digits):
    doubled = kd.Dataset("doubled", digits.train.repeat(2, 1), digits.test, digits.bounds)
    nearly = digits.train[:300] + 0.001 * random(300, 64)
    assert novelty(nearly, doubled)["copy share"] == 1
    assert novelty(nearly, doubled) == pytest.approx(novelty(nearly, digits))


def test_classes_are_counted_in_nats():
    even = 20 * torch.eye(10).repeat(3, 1)
    assert predicted(even) == {"confidence": pytest.approx(1.0, abs=1e-6), "class entropy": pytest.approx(np.log(10))}
    assert predicted(torch.zeros(7, 4)) == {"confidence": 0.25, "class entropy": 0.0}


def test_quality_is_measured_in_the_features_and_novelty_in_pixels(digits):
    sums = assess(digits.train, digits, features=lambda x: x.sum(1, keepdim=True))
    pixels = assess(digits.train, digits)
    assert sums["novelty"] == pixels["novelty"]
    assert sums["recall"] != pixels["recall"]
    assert "confidence" not in sums


BIG = """
import torch
from kaleido.data.sets import Dataset
from kaleido.measures.quality import assess
random = torch.Generator().manual_seed(0)
points = torch.rand(3, 10_000, 64, generator=random)
print(assess(points[0], Dataset("big", points[1], points[2], (0.0, 1.0)))["precision"])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of memory is read from /proc")
def test_ten_thousand_samples_take_little_memory():
    done = subprocess.run([sys.executable, "-c", BIG], capture_output=True, text=True, check=True, cwd=ROOT)
    precision, peak = done.stdout.split()
    assert float(precision) > 0.8
    assert int(peak) < 1.5 * 2**20  # KiB


def test_features_are_learned_once_and_classify(digits, look, build, monkeypatch):
    assert look.accuracy(digits) >= 0.97
    assert look(digits.test).shape == (360, 64)
    first = kd.features(digits, seed=1, steps=5)
    monkeypatch.setattr("torch.optim.Adam", None)  # the second time nothing is learned
    again = kd.features(digits, seed=1, steps=5)
    assert torch.equal(first(digits.test), again(digits.test))
    (path,) = (build / "cache" / "features").glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-9])
    monkeypatch.undo()
    monkeypatch.setenv("KALEIDO_BUILD", str(build))
    assert torch.equal(first(digits.test), kd.features(digits, seed=1, steps=5)(digits.test))
    with pytest.raises(ValueError, match="no labelled images"):
        kd.features(kd.load("points2d"))
    with pytest.raises(ValueError, match="expected images of"):
        look(random(3, 63))


def test_features_of_the_record_classify_well_enough_to_judge():
    table = pd.read_csv(ROOT / "data" / "record" / "laptop" / "03.csv", dtype={"seeds": str})
    accuracy = table[(table["quantity"] == "accuracy") & ~table["seeds"].str.contains("-")]
    for data, least in (("digits", 0.97), ("mnist5k", 0.96)):
        values = accuracy.loc[accuracy["data"] == data, "value"]
        assert len(values) == MLPS["laptop"][data].seeds
        assert values.min() >= least


def test_baselines_are_what_they_are_called(digits):
    found = kd.baselines(digits, 360, seed=1)
    assert set(found) == {"training points", "noise", *MUST_NOT_PASS}
    low, high = digits.bounds
    for name, samples in found.items():
        assert samples.shape == (360, 64), name
        assert low - 1e-5 <= samples.min(), name
        assert samples.max() <= high + 1e-5, name
    distinct = {name: len(samples.unique(dim=0)) for name, samples in found.items()}
    assert distinct["10 centroids"] == 10
    assert distinct["100 points repeated"] == 100
    assert distinct["training points"] > 350
    near = kd.nearest(found["100 points repeated"], digits.train)[0]
    assert near.max() == 0
    assert (found["PCA Gaussian"].mean(0) - digits.train.mean(0)).abs().max() < 0.2
    inside = found["mixup"]
    assert kd.nearest(inside, digits.train)[0].median() > 0
    assert torch.equal(inside, kd.baselines(digits, 360, seed=1)["mixup"])
    with pytest.raises(ValueError, match="at least as many, and 100, are needed"):
        kd.baselines(digits, 2000)


def test_held_out_points_that_were_learned_do_not_hide_copies(digits):
    mixed = dataclasses.replace(digits, test=torch.cat([digits.test, digits.train[:30]]), test_labels=None)
    copies = digits.train[:200]
    assert novelty(copies, mixed) == novelty(copies, digits) == {"novelty": 0.0, "copy share": 1.0}
    learned = dataclasses.replace(digits, test=digits.train[:30], test_labels=None)
    with pytest.raises(ValueError, match="every held-out point of 'digits' is a training point"):
        novelty(copies, learned)


def test_what_is_kept_of_a_data_set_or_of_features_is_forgotten_where_they_change(digits):
    samples, look = random(400, 64) * 2 - 1, torch.nn.Linear(64, 16)
    kd.assess(samples, digits, look)
    with torch.no_grad():
        look.weight.mul_(3)
    found, fresh = kd.assess(samples, digits, look), kd.assess(samples, digits, lambda x: look(x))
    assert found == fresh
    mine = kd.Dataset("mine", digits.train.clone(), digits.test.clone(), (-9.0, 9.0))
    asked = (lambda: novelty(samples, mine), lambda: kd.covered(lambda x: x, samples, mine))
    before = [ask() for ask in asked]
    mine.train.mul_(0.5)
    again = kd.Dataset("mine", mine.train.clone(), mine.test, mine.bounds)
    assert [ask() for ask in asked] == [novelty(samples, again), kd.covered(lambda x: x, samples, again)] != before
    mine.train.numpy()[:] *= 0.5  # behind PyTorch's back
    again = kd.Dataset("mine", mine.train.clone(), mine.test, mine.bounds)
    assert [ask() for ask in asked] == [novelty(samples, again), kd.covered(lambda x: x, samples, again)]
    real = digits.test.double()
    kept = reference(real)
    before = prdc(kept, digits.train[:400])
    real.mul_(100)
    assert prdc(kept, digits.train[:400]) == before


def test_features_are_learned_anew_where_an_image_is_of_another_shape(digits, build):
    misread = dataclasses.replace(digits, image_shape=(4, 16))
    kd.features(misread, steps=30)
    found = kd.features(digits, steps=30)(digits.test)
    for path in build.rglob("*.safetensors"):
        path.unlink()
    assert torch.equal(kd.features(digits, steps=30)(digits.test), found)


def test_features_are_learned_anew_where_their_code_has_changed(digits, build, edited):
    kd.features(digits, steps=3)
    for module, learned in (("kaleido.lab.drawing", 1), ("kaleido.tools.seeds", 2), ("kaleido.measures.features", 3)):
        edited(module)
        kd.features(digits, steps=3)
        assert len(list(build.rglob("*.safetensors"))) == learned


def test_a_reference_stands_for_the_held_out_points(digits):
    samples, look = random(400, 64) * 2 - 1, kd.features(digits, steps=20)
    with torch.no_grad():
        real = reference(look(digits.test))
        fake = look(samples)
    assert kd.assess(samples, digits, look, real=real) == kd.assess(samples, digits, look)
    assert distances(real, fake) == distances(look(digits.test).detach(), fake)
    others = reference(look(digits.test[:50]).detach(), k=3)
    assert kd.assess(samples, digits, look, real=others)["recall"] == prdc(others, fake[:360])["recall"]
