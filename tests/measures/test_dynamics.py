import copy
import math

import pytest
import torch
from conftest import random

import kaleido as kd
from kaleido.measures.dynamics import chao1, distinct, ends, lyapunov, radius


def net_of(dim, seed=0, depth=4, init="he"):
    data = kd.Dataset("made", random(20, dim) * 2 - 1, torch.empty(0, dim), (-1.0, 1.0))
    return kd.build("mlp", data, depth, 48, [seed], init=init)[0]


def rotation(angle):
    c, s = math.cos(angle), math.sin(angle)
    matrix = torch.tensor([[c, s], [-s, c]], dtype=torch.float64)
    return lambda x: x @ matrix


def dense(net, point, period=1):
    """The Jacobian as a matrix, in double precision."""
    exact = copy.deepcopy(net).double()

    def f(x):
        for _ in range(period):
            x = exact(x[None])[0]
        return x

    return torch.autograd.functional.jacobian(f, point.double())


def test_a_contraction_ends_in_its_fixed_point():
    fixed = torch.tensor([0.3, -0.2, 0.9], dtype=torch.float64)

    def f(x):
        return fixed + 0.5 * (x - fixed)

    far = random(40, 3).double() * 2 - 1
    found = ends(f, kd.sample(f, far, 60).at(60), 1e-6)
    assert found.periods.tolist() == [1] * 40
    assert torch.allclose(found.points, fixed.expand(40, 3), atol=1e-6)
    assert radius(f, found.points[:2]).tolist() == pytest.approx([0.5, 0.5])
    assert lyapunov(f, far, 20).tolist() == pytest.approx([math.log(0.5)] * 40)
    assert ends(f, far, 1e-6).periods.tolist() == [0] * 40  # not there yet


@pytest.mark.parametrize("period", [2, 3, 7, 12])
def test_a_rotation_has_its_period_and_its_centre(period):
    f = rotation(2 * math.pi / period)
    points = random(10, 2).double() + 0.5
    found = ends(f, points, 1e-9)
    assert found.periods.tolist() == [period] * 10
    assert found.points.abs().max() < 1e-9
    assert radius(f, points[:3], found.periods[:3]).tolist() == pytest.approx([1, 1, 1])
    assert lyapunov(f, points, 30).abs().max() < 1e-9


def test_a_rotation_by_an_irrational_angle_ends_nowhere():
    assert ends(rotation(1.0), random(5, 2).double() + 0.5, 1e-3).periods.tolist() == [0] * 5
    assert ends(rotation(2 * math.pi / 13), random(5, 2).double() + 0.5, 1e-9).periods.tolist() == [0] * 5  # 13 > 12
    assert ends(rotation(2 * math.pi / 13), random(5, 2).double() + 0.5, 1e-9, 13).periods.tolist() == [13] * 5


def test_neighbours_part_by_ln_2_a_run_under_the_tent_map():
    def tent(x):
        return torch.where(x < 0.5, 1.9999 * x, 1.9999 * (1 - x))  # 2 itself falls to 0 in binary numbers

    start = random(100, 1).double() * 0.8 + 0.1
    found = lyapunov(tent, start, 200)
    assert found.tolist() == pytest.approx([math.log(2)] * 100, rel=0.05)
    assert ends(tent, kd.sample(tent, start, 200).at(200), 1e-3).periods.tolist().count(0) > 90


def test_a_map_that_stretches_and_turns_has_the_largest_of_its_exponents():
    matrix = torch.tensor([[2.0, 1, 0], [0, 0.5, 1], [0, 0, 0.1]], dtype=torch.float64)
    assert lyapunov(lambda x: x @ matrix.T, random(4, 3).double(), 400).tolist() == pytest.approx(
        [math.log(2)] * 4, abs=0.02
    )
    assert radius(lambda x: x @ matrix.T, random(2, 3).double()).tolist() == pytest.approx([2, 2])


@pytest.mark.parametrize("dim", [2, 5, 64])
@pytest.mark.parametrize("period", [1, 2, 3])
def test_spectral_radii_are_those_of_the_dense_matrix(dim, period):
    net, points = net_of(dim), random(5, dim, seed=1) * 2 - 1
    found = radius(net, points, torch.full((5,), period))
    for point, value in zip(points, found.tolist(), strict=True):
        eigenvalues = torch.linalg.eigvals(dense(net, point, period))
        assert value == pytest.approx(float(eigenvalues.abs().max()) ** (1 / period), abs=1e-4)
    assert net(points).dtype == torch.float32  # its own network, not the caller's, is in double precision


def test_spectral_radii_at_784_features_are_those_of_the_dense_matrix():
    net, point = net_of(784, depth=3), random(1, 784, seed=2)
    eigenvalues = torch.linalg.eigvals(dense(net, point[0]))
    assert float(radius(net, point)) == pytest.approx(float(eigenvalues.abs().max()), abs=1e-4)


def test_a_map_that_forgets_its_input_has_radius_0():
    assert radius(lambda x: 0 * x + 0.5, random(2, 30).double()).tolist() == [0, 0]


def test_pairs_of_complex_eigenvalues_are_found():
    blocks = torch.block_diag(*[0.9 * torch.tensor([[0.0, 1.0], [-1.0, 0.0]]), 0.3 * torch.eye(20)]).double()
    assert radius(lambda x: x @ blocks, random(1, 22).double()).tolist() == pytest.approx([0.9])


def test_points_within_a_distance_of_the_first_are_one_end():
    points = torch.tensor([[0.0], [0.9], [1.8], [5.0], [0.5], [5.5]])
    assert distinct(points, 1.0).tolist() == [0, 0, 1, 2, 0, 2]  # 1.8 is near 0.9, but not near the first
    assert distinct(points, 0.1).unique().numel() == 6
    assert distinct(points[:, [0, 0, 0, 0]], 1.0).tolist() == [0, 0, 1, 2, 0, 2]  # a root mean square over features


def test_chao1_by_hand():
    assert chao1(torch.tensor([5, 3, 1, 1, 1, 2, 2])) == 7 + 3 * 2 / (2 * 3)
    assert chao1(torch.tensor([10, 20])) == 2
    assert chao1(torch.ones(10, dtype=int)) == 10 + 45


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: ends(lambda x: x, torch.zeros(3), 0.1), r"expected \(N, D\)"),
        (lambda: ends(lambda x: x, torch.full((3, 2), math.nan), 0.1), "NaN or infinite"),
        (lambda: ends(lambda x: x[:, :1], random(3, 2), 0.1), "expected the same shape"),
        (lambda: ends(lambda x: x, random(3, 2), -1), "still is -1"),
        (lambda: ends(lambda x: x, random(3, 2), 0.1, 0), "longest is 0"),
        (lambda: lyapunov(lambda x: x, random(3, 2), 0), "runs is 0"),
        (lambda: radius(lambda x: x[:, :1], random(3, 2)), "expected the same shape"),
    ],
)
def test_wrong_questions_are_told(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong()
