import subprocess
import sys

import pytest
import torch
from conftest import random

import kaleido as kd


@pytest.fixture(scope="module")
def net():
    return kd.mlp(6, 3, 20, seed=4)


def test_sampling_is_the_composition_of_the_network_with_itself(net):
    start = random(9, 6)
    orbit = kd.sample(net, start, 7, keep=[0, 3, 7])
    with torch.no_grad():
        x, composed = start, [start]
        for _ in range(7):
            x = net(x)
            composed.append(x)
    assert orbit.runs == (0, 3, 7)
    assert torch.equal(orbit.states, torch.stack([composed[run] for run in (0, 3, 7)]))
    moved = (composed[3] - composed[2]).square().sum(1).sqrt()
    assert torch.allclose(orbit.steps[1], moved)
    assert not orbit.steps[0].any()
    assert torch.equal(orbit.at(7), composed[7])
    with pytest.raises(ValueError, match="run 5 was not kept"):
        orbit.at(5)


def test_any_map_can_be_sampled():
    orbit = kd.sample(lambda x: x / 2, torch.ones(1, 2), 3)
    assert orbit.states[:, 0, 0].tolist() == [1, 0.5, 0.25, 0.125]


@pytest.mark.parametrize("kick", ["none", "centred", "published"])
def test_two_calls_with_one_seed_are_the_same_bits(net, kick):
    one, two, other = (kd.sample(net, random(5, 6), 9, kick=kick, bounds=(-1, 1), seed=s) for s in (3, 3, 4))
    assert torch.equal(one.states, two.states)
    assert torch.equal(one.states, other.states) == (kick == "none")


def test_the_centred_kick_has_no_bias_and_the_published_one_pushes_up():
    start = torch.zeros(1, 20_000)
    centred, published = (
        kd.sample(lambda x: x, start, 1, kick=kick, eps=0.01, bounds=(-1, 1)).at(1) for kick in ("centred", "published")
    )
    assert abs(centred.mean()) < 1e-4
    assert centred.abs().max() <= 0.01
    assert published.min() >= 0.01  # eps times [high, 2 high - low] = [1, 3]
    assert published.max() <= 0.03
    assert published.mean().item() == pytest.approx(0.02, rel=0.01)


def test_kicks_in_zero_to_one_follow_the_bounds():
    start = torch.full((1, 20_000), 0.5)
    kicked = kd.sample(lambda x: x, start, 1, kick="published", eps=0.1, bounds=(0, 1)).at(1) - 0.5
    assert kicked.min() >= 0.1 - 1e-6
    assert kicked.max() <= 0.2 + 1e-6


def test_bounds_clip_after_every_run():
    orbit = kd.sample(lambda x: 3 * x, torch.tensor([[0.5, -0.1]]), 2, bounds=(-1, 1))
    assert orbit.states[:, 0].tolist() == [
        [0.5, pytest.approx(-0.1)],
        [1, pytest.approx(-0.3)],
        [1, pytest.approx(-0.9)],
    ]


def test_damping_keeps_a_share_of_the_place():
    orbit = kd.sample(lambda x: torch.zeros_like(x), torch.full((1, 2), 8.0), 3, damping=0.25)
    assert orbit.states[:, 0, 0].tolist() == [8, 2, 0.5, 0.125]


def test_kicks_can_differ_by_run():
    start = torch.zeros(1, 1000)
    orbit = kd.sample(lambda x: 0 * x, start, 3, kick="centred", eps=[0.5, 0.1, 0.0], bounds=(-1, 1))
    largest = orbit.states.abs().amax((1, 2)).tolist()
    assert largest == [0, pytest.approx(0.5, rel=0.02), pytest.approx(0.1, rel=0.02), 0]


def test_chains_at_rest_retire_only_on_request_and_end_where_they_would():
    calls = []

    def halve(x):
        calls.append(len(x))
        return x / 2

    start = torch.tensor([[1.0], [1e-3], [0.0]])
    full = kd.sample(halve, start, 12)
    assert calls == [3] * 12
    calls.clear()
    retired = kd.sample(halve, start, 12, retire=1e-3)
    assert calls[0] == 3
    assert calls[-1] == 1
    assert (retired.at(12) - full.at(12)).abs().max() < 2e-3
    assert retired.steps[-1, 2] == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak of memory as Linux tells it")
def test_many_chains_and_runs_stay_within_600_mib():
    code = """
import re
from pathlib import Path
import kaleido as kd
data = kd.load("digits")
net = kd.build("mlp", data, 10, 128, [0])[0]
orbit = kd.sample(net, kd.noise(data, 10_000), 200, keep=[0, 100, 200])
assert orbit.states.shape == (3, 10_000, 64)
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) / 1024 < 600


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"start": torch.zeros(3)}, "start has shape \\(3,\\), expected \\(N, D\\)"),
        ({"start": torch.full((2, 3), torch.inf)}, "NaN or infinite"),
        ({"runs": -1}, "runs is -1"),
        ({"runs": 2.0}, "runs is 2.0"),
        ({"keep": [0, 9]}, "expected a whole number from 0 to 4"),
        ({"kick": "hard"}, "unknown kick"),
        ({"kick": "centred"}, "needs bounds"),
        ({"kick": "centred", "bounds": (-1, 1), "retire": 0.1}, "leave `retire` out"),
        ({"bounds": (1, -1)}, "low < high"),
        ({"retire": -1.0}, "retire is -1"),
        ({"damping": 1.0}, "damping is 1.0"),
        ({"eps": [0.1, 0.2]}, "one for each of 4 runs"),
        ({"eps": -0.1}, "eps is -0.1"),
        ({"f": lambda x: x[:, :2]}, "expected the same shape"),
        ({"f": lambda x: x * 1e30}, "left the range"),
        ({"f": lambda x: torch.where(x > 0, -3e38, 3e38)}, "left the range"),  # the states are finite, the steps not
    ],
)
def test_sampling_that_cannot_be_is_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        kd.sample(**{"f": lambda x: x, "start": torch.ones(2, 3), "runs": 4} | arguments)
