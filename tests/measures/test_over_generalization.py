import numpy as np
import pytest
import torch
from conftest import random
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

import kaleido as kd


def toy(train, test=None, bounds=(-10.0, 10.0)):
    test = torch.empty(0, train.shape[1]) if test is None else test
    return kd.Dataset("toy", train, test, bounds)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(1, 9), st.integers(0, 1000))
def test_nearest_agrees_with_scikit_learn(n, m, d, seed):
    points, references = random(n, d, seed=seed), random(m, d, seed=seed + 1)
    distance, index = kd.nearest(points, references)
    theirs = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(references.double().numpy())
    expected = theirs.kneighbors(points.double().numpy())[0][:, 0]
    assert np.allclose(distance, expected, atol=1e-5)
    assert np.allclose(torch.linalg.vector_norm(points - references[index], dim=1), expected, atol=1e-5)


def test_nearest_keeps_its_digits_far_from_the_origin():
    references = random(50, 8) + 3000
    distance, _ = kd.nearest(references[:10] + 0.01, references)
    assert torch.allclose(distance, torch.full((10,), 0.01 * 8**0.5), rtol=0.05)


def test_nearest_does_not_depend_on_blocks(monkeypatch):
    points, references = random(100, 5), random(70, 5, seed=1)
    whole = kd.nearest(points, references)
    monkeypatch.setattr("kaleido.measures.neighbours.BLOCK", {"cpu": 70 * 3})
    assert all(torch.equal(a, b) for a, b in zip(whole, kd.nearest(points, references), strict=True))


def test_contraction_of_known_maps():
    data = toy(torch.zeros(1, 3))  # one training point: d(z) = |z|
    z = random(501, 3) + 0.1
    assert kd.contraction(lambda x: x, z, data) == 1
    assert kd.contraction(lambda x: 0.25 * x, z, data) == pytest.approx(0.25, rel=1e-6)
    assert kd.contraction(torch.zeros_like, z, data) == 0
    assert kd.contraction(lambda x: x * torch.tensor([1.0, 0, 0]), z, data) == pytest.approx(
        (z[:, 0].abs().median() / torch.linalg.vector_norm(z, dim=1).median()).item(), rel=1e-6
    )
    with pytest.raises(ValueError, match="lie on the training points"):
        kd.contraction(lambda x: x, torch.zeros(4, 3), data)


def test_pairs_come_closer_by_the_scale_of_a_map_and_by_the_root_of_the_features_that_a_projection_keeps():
    z = random(300, 784)
    assert kd.pair_contraction(lambda x: x, z) == 1
    assert kd.pair_contraction(lambda x: 0.25 * x + 3, z) == pytest.approx(0.25, rel=1e-5)
    assert kd.pair_contraction(torch.zeros_like, z) == 0
    keep = (torch.arange(784) < 300).float()
    assert kd.pair_contraction(lambda x: x * keep, z) == pytest.approx((300 / 784) ** 0.5, rel=0.02)


def test_pair_contraction_is_that_of_explicit_distances():
    z, f = random(41, 6), lambda x: torch.tanh(x @ random(6, 6, seed=5))
    pairs = np.triu_indices(41, 1)  # an even number of them: the lower of the two in the middle counts
    before, after = (np.sort(cdist(x, x)[pairs])[(len(pairs[0]) - 1) // 2] for x in (z.numpy(), f(z).numpy()))
    assert kd.pair_contraction(f, z) == pytest.approx(after / before, rel=1e-5)
    with pytest.raises(ValueError, match="there is one probe"):
        kd.pair_contraction(f, z[:1])
    with pytest.raises(ValueError, match="half of the pairs"):
        kd.pair_contraction(f, torch.zeros(5, 6))


def test_covered_is_a_half_for_the_held_out_points_themselves(digits):
    assert kd.covered(lambda x: x, digits.test, digits) == pytest.approx(0.5, abs=0.01)
    assert kd.covered(lambda x: digits.train[:1].expand_as(x), digits.test, digits) == 1
    assert kd.covered(lambda x: x, kd.noise(digits, 100), digits) == 0


def test_spread_is_one_for_held_out_points_and_almost_nothing_for_a_constant(digits):
    indices = NearestNeighbors(n_neighbors=1).fit(digits.train).kneighbors(digits.test)[1]
    distinct = len(set(indices.ravel().tolist()))
    assert kd.spread(lambda x: x, digits.test, digits) == 1
    for constant in (digits.train.mean(0), torch.full((64,), -1.0)):
        value = kd.spread(lambda x, c=constant: c.expand_as(x), kd.noise(digits, 1000), digits)
        assert value == pytest.approx(1 / distinct)


def test_spread_counts_as_many_probes_as_there_are_held_out_points(digits):
    z = kd.noise(digits, 1000)
    late = torch.cat([digits.train[:1].expand(360, -1), digits.train[:640]])  # all diversity comes after the 360th
    distinct = len(kd.nearest(digits.test, digits.train)[1].unique())
    assert kd.spread(lambda x: late[: len(x)], z, digits) == pytest.approx(1 / distinct)


def test_swapping_train_and_test_changes_what_is_measured(digits):
    swapped = kd.Dataset("swapped", digits.test, digits.train, digits.bounds)
    assert kd.spread(lambda x: x, digits.test, swapped) != 1
    assert kd.covered(lambda x: x, digits.train, digits) == 1  # training points are on themselves
    assert kd.covered(lambda x: x, digits.test, digits) < 1


def test_gain_of_known_maps():
    z = random(30, 5) + 0.1
    weight = random(5, 5, seed=3) - 0.5
    expected = (weight.square().sum() / 5).sqrt()
    exact, error = kd.gain(lambda x: x @ weight.T + 2, z)
    assert torch.allclose(exact, expected.expand(30), rtol=1e-5)
    assert not error.any()
    assert torch.allclose(kd.gain(lambda x: x, z)[0], torch.ones(30))
    assert not kd.gain(lambda x: torch.ones(5).expand_as(x), z)[0].any()
    projection = torch.tensor([1.0, 1, 0, 0, 0])
    assert torch.allclose(kd.gain(lambda x: x * projection, z)[0], torch.tensor(0.4).sqrt())
    squares = kd.gain(lambda x: x.square(), z)[0]  # J = diag(2 z)
    assert torch.allclose(squares, (4 * z.square()).mean(1).sqrt(), rtol=1e-5)


def test_gain_is_the_same_in_blocks(monkeypatch):
    net, z = kd.mlp(6, 2, 20, seed=1), random(10, 6)
    whole = kd.gain(net, z)[0]
    monkeypatch.setattr("kaleido.measures.over_generalization.ENTRIES", 3 * 36)
    assert torch.allclose(kd.gain(net, z)[0], whole)


def test_the_estimated_gain_agrees_with_the_exact_one_within_its_error():
    net, z = kd.mlp(64, 3, 80, init="he", seed=2), random(200, 64) * 2 - 1
    exact, _ = kd.gain(net, z)
    estimate, error = kd.gain(net, z, draws=64, seed=1)
    away = (estimate - exact) / error
    assert away.abs().median() < 1
    assert (away.abs() < 3).float().mean() > 0.98
    assert abs(away.mean()) < 0.3
    assert kd.gain(net, z, draws=4)[1].mean() > 2 * error.mean()


def test_corner_loss_of_known_maps():
    assert kd.corner_loss(lambda x: x, 4) == (0, 0)
    assert kd.corner_loss(lambda x: torch.full_like(x, 0.5), 16) == (0.25, 0.25)
    largest, mean = kd.corner_loss(lambda x: torch.full_like(x, 0.25), 3)
    assert largest == pytest.approx(0.75**2)  # at (1, 1, 1)
    assert mean == pytest.approx((0.75**2 + 0.25**2) / 2)
    assert kd.corner_loss(torch.zeros_like, 2, bounds=(-1, 1)) == (1, 1)
    with pytest.raises(ValueError, match="from 1 to 20"):
        kd.corner_loss(lambda x: x, 40)


def test_gain_refuses_what_does_not_fit():
    for arguments, says in (({"draws": 1}, "at least 2"), ({"draws": 2.5}, "at least 2")):
        with pytest.raises(ValueError, match=says):
            kd.gain(lambda x: x, random(4, 3), **arguments)
    with pytest.raises(ValueError, match="expected the same shape"):
        kd.gain(lambda x: x[:, :2], random(4, 3))
    with pytest.raises(ValueError, match="NaN"):
        kd.gain(lambda x: x, torch.full((4, 3), torch.nan))


def test_controls_are_what_they_are_called(digits):
    net = kd.build("mlp", digits, 3, 32, [5])[0]
    before = [p.clone() for p in net.parameters()]
    kd.learn([net], digits.train, steps=20)
    maps = kd.controls(digits, net)
    assert all(torch.equal(a, b) for a, b in zip(maps["untrained"].parameters(), before, strict=True))
    assert maps["untrained he"].config["init"] == "he"
    x = digits.test
    centred = digits.train.double() - digits.train.double().mean(0)
    ridge = torch.linalg.solve(centred.T @ centred + torch.eye(64).double(), centred.T @ centred)
    expected = digits.train.double().mean(0) + (x.double() - digits.train.double().mean(0)) @ ridge
    assert torch.allclose(maps["linear"](x).double(), expected, atol=1e-4)
    assert torch.equal(maps["identity"](x), x)
    assert torch.allclose(maps["mean"](x)[3], digits.train.mean(0))
    sums = cdist(digits.train, digits.train).sum(1)
    assert torch.equal(maps["medoid"](x)[0], digits.train[int(sums.argmin())])
    assert (maps["black"](x) == -1).all()


@pytest.mark.parametrize("measure", [kd.contraction, kd.covered, kd.spread])
def test_measures_refuse_what_does_not_fit(digits, measure):
    with pytest.raises(ValueError, match="expected"):
        measure(lambda x: x, random(5, 63), digits)
    with pytest.raises(ValueError, match="expected the same shape"):
        measure(lambda x: x[:, :9], random(5, 64), digits)
    with pytest.raises(ValueError, match="NaN or infinite"):
        measure(lambda x: x * torch.nan, random(5, 64), digits)
