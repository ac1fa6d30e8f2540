"""Numbers far out: distances, and what is counted by them, beside a plain reference in float64."""

import numpy as np
import pytest
import torch
from conftest import random
from hypothesis import given, settings
from hypothesis import strategies as st

import kaleido as kd
from kaleido.measures import neighbours
from kaleido.measures.quality import novelty, reference

SCALES = 10.0 ** np.arange(-6, 7)


def mixed(n, dim, scales, seed, place=0.0, copies=0):
    """Points of several scales in one set, far from the origin if wished, and with some twice."""
    drawn = np.random.default_rng(seed)
    points = place + drawn.normal(size=(n, dim)) * drawn.choice(scales, size=(n, 1))
    points[:copies] = points[n - copies :]
    return torch.from_numpy(points).float()


def apart(points, references):
    """All distances, without a trick."""
    difference = points.double().numpy()[:, None] - references.double().numpy()[None]
    return np.sqrt((difference**2).sum(2))


SETS = {
    "dim": st.integers(1, 20), "seed": st.integers(0, 10_000), "place": st.sampled_from([0.0, 0.0, 1.0, 1e3, 1e6]),
    "scales": st.lists(st.sampled_from(list(SCALES)), min_size=1, max_size=4), "copies": st.integers(0, 9),
}  # fmt: skip


@settings(deadline=None, max_examples=400, derandomize=True, database=None)
@given(**SETS, n=st.integers(1, 30), m=st.integers(3, 60))
def test_nearest_distances_are_right_whatever_the_scales(n, m, dim, seed, scales, place, copies):
    references = mixed(m, dim, scales, seed, place)
    points = mixed(n, dim, scales, seed + 1, place)
    points[:copies] = references[: min(copies, n)][:copies] if copies <= min(n, m) else points[:copies]
    every = np.sort(apart(points, references), axis=1)
    distance, index = kd.nearest(points, references)
    assert np.allclose(distance, every[:, 0], rtol=1e-4, atol=0)
    assert np.allclose(apart(points, references)[np.arange(n), index], every[:, 0], rtol=1e-4, atol=0)
    two, _ = neighbours.near(points, references, 2)
    assert np.allclose(two, every[:, :2], rtol=1e-4, atol=0)


def counted(real, fake, k, slack):
    """Precision, recall, density and coverage by all distances, with radii so much larger."""
    between, among = apart(fake, real), {"real": apart(real, real), "fake": apart(fake, fake)}
    for squares in among.values():
        np.fill_diagonal(squares, np.inf)
    radius, own = ((1 + slack) * np.sort(squares, axis=1)[:, k - 1] for squares in among.values())
    inside = between < radius
    return {
        "precision": inside.any(1).mean(), "recall": (between < own[:, None]).any(0).mean(),
        "density": inside.sum() / (k * len(fake)), "coverage": (between.min(0) < radius).mean(),
    }  # fmt: skip


@settings(deadline=None, max_examples=300, derandomize=True, database=None)
@given(**SETS, n=st.integers(7, 40), m=st.integers(7, 60), k=st.integers(1, 5))
def test_shares_are_right_whatever_the_scales(n, m, k, dim, seed, scales, place, copies):
    real = mixed(m, dim, scales, seed, place, copies=min(copies, m // 2))
    fake = mixed(n, dim, scales, seed + 1, place, copies=min(copies, n // 2))
    found, least, most = kd.prdc(real, fake, k), counted(real, fake, k, -1e-4), counted(real, fake, k, 1e-4)
    for name in least:  # rounded to floats, distances may be equal
        assert least[name] - 1e-9 <= found[name] <= most[name] + 1e-9, name
    again = kd.prdc(reference(real, k), fake)
    assert again == found


@settings(deadline=None, max_examples=300, derandomize=True, database=None)
@given(
    n=st.integers(7, 40), m=st.integers(7, 60), k=st.integers(1, 5), dim=st.sampled_from([1, 2, 8, 100]),
    seed=st.integers(0, 10_000), levels=st.integers(2, 256), unit=st.sampled_from([1, 1 / 16, 1 / 255, 1e-3]),
    place=st.sampled_from([0, 10]), shared=st.integers(0, 7),
)  # fmt: skip
def test_what_is_as_far_away_as_a_radius_is_not_inside(n, m, k, dim, seed, levels, unit, place, shared):
    """Pixels have few levels, and samples may be training points: distances tie, and rounding must not decide."""
    drawn = np.random.default_rng(seed)
    real, fake = (torch.from_numpy(drawn.integers(levels, size=(rows, dim))) for rows in (m, n))
    fake[:shared] = real[:shared]
    real, fake = ((place + points * unit).float() for points in (real, fake))
    squares = {
        (a, b): ((x.double()[:, None] - y.double()[None]) ** 2).sum(2).numpy()
        for a, x in (("real", real), ("fake", fake)) for b, y in (("real", real), ("fake", fake))
    }  # fmt: skip
    for kind in ("real", "fake"):
        np.fill_diagonal(squares[kind, kind], np.inf)
    radius, own = (np.sort(squares[kind, kind], axis=1)[:, k - 1] * (1 - 1e-12) for kind in ("real", "fake"))
    inside = squares["fake", "real"] < radius
    told = [
        np.where(np.isclose(nearest, other, rtol=1e-12, atol=0), 0.5, nearest < other).mean()
        for kind, other in (("real", squares["fake", "real"].min(0)), ("fake", squares["fake", "real"].min(1)))
        for nearest in [squares[kind, kind].min(1)]
    ]
    found = kd.prdc(real, fake, k)
    assert found["precision"] == inside.any(1).mean()
    assert found["recall"] == (squares["fake", "real"] < own[:, None]).any(0).mean()
    assert found["density"] == inside.sum() / (k * n)
    assert found["coverage"] == inside.any(0).mean()
    assert found["two-sample"] == pytest.approx(sum(told) / 2, abs=1e-12)


def test_one_point_far_out_leaves_the_others_where_they_were():
    good, other = mixed(300, 16, [0.01], 0), mixed(300, 16, [0.01], 1)
    far = torch.cat([other, torch.full((1, 16), 1e6)])
    alone, beside = kd.prdc(good, other), kd.prdc(good, far)
    for name in ("precision", "density"):
        assert beside[name] == pytest.approx(alone[name] * 300 / 301)
    assert beside["coverage"] == alone["coverage"]
    assert torch.equal(kd.nearest(good, far)[0], kd.nearest(good, other)[0])
    data = kd.Dataset("far", far, good, (-1e7, 1e7))
    assert novelty(good, data)["novelty"] == 1
    pairs = kd.pair_contraction(lambda x: x / 2, far)
    assert pairs == pytest.approx(0.5, rel=1e-6)


def test_points_too_small_to_square_are_apart_all_the_same():
    points = random(40, 6)
    distance, index = kd.nearest(points[20:], points[:20])
    small, same = kd.nearest(points[20:] * 1e-30, points[:20] * 1e-30)
    assert torch.allclose(small.double() * 1e30, distance.double(), rtol=1e-4)
    assert torch.equal(same, index)
    assert not kd.nearest(points[:20] * 1e-30, points[:20] * 1e-30)[0].any()


def test_distances_are_taken_directly_only_where_products_have_too_few_digits(monkeypatch):
    asked = []
    directly = neighbours._directly
    monkeypatch.setattr(
        neighbours, "_directly", lambda point, references: asked.append(1) or directly(point, references)
    )
    usual, other = mixed(200, 16, [1.0], 0), mixed(200, 16, [1.0], 1)
    kd.prdc(usual, other)
    kd.nearest(usual, other)
    assert not asked
    kd.prdc(usual, torch.cat([other[:100], other[:100]]))  # each fake point has a copy
    assert len(asked) == 200
