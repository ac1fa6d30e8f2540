"""Maps that are not ours: they change their input, use their output's memory again, drop units, or were rebuilt."""

import copy

import numpy as np
import pytest
import torch
from conftest import random
from torch import nn

import kaleido as kd
from kaleido.tools import checks
from kaleido.tools.checks import mapped


def plain(x):
    return 0.3 * x + 0.1


def in_place(x):
    return x.mul_(0.3).add_(0.1)


class Reused:
    """Writes every output to the same memory, as exported and compiled networks do."""

    def __call__(self, x):
        if not hasattr(self, "memory") or self.memory.shape != x.shape:
            self.memory = torch.empty_like(x)
        torch.mul(x, 0.3, out=self.memory)
        return self.memory.add_(0.1)


def answers(f, data):
    z = kd.probes(data, "noise", 60, seed=1)
    kept = data.test.clone()
    orbit = kd.sample(f, z.clone(), 4)
    still = kd.sample(f, z.clone(), 9, retire=0.05)
    ends = kd.ends(f, orbit.at(4), still=0.01, longest=3)
    found = {
        "states": orbit.states, "steps": orbit.steps, "at rest": still.states,
        "landing": [*kd.landing(f, z, data).values()],
        "contraction": kd.contraction(f, z, data), "gain": kd.gain(f, z[:5])[0], "periods": ends.periods,
        "ends": ends.points, "lyapunov": kd.lyapunov(f, z[:5], 3), "radius": kd.radius(f, z[:2]),
        "corner loss": kd.corner_loss(f, 4), "quality": [*kd.assess(random(400, 64), data, f).values()],
    }  # fmt: skip
    if not isinstance(f, Reused):  # forward derivatives cannot be written to memory that is there
        found["gain by draws"] = kd.gain(f, z[:5], draws=3)[0]
    assert torch.equal(data.test, kept)
    return {name: np.asarray(value, dtype=float) for name, value in found.items()}


def test_a_map_that_changes_its_input_is_measured_as_any_other(digits):
    expected, found = answers(plain, digits), answers(in_place, digits)
    for name, value in expected.items():
        assert np.allclose(found[name], value, rtol=1e-5), name


def test_a_map_that_uses_its_outputs_memory_again_is_sampled_as_any_other(digits):
    z = kd.probes(digits, "noise", 4100, seed=1)  # more than are mapped at a time
    for how in ({}, {"retire": 0.05}, {"damping": 0.5}):
        expected, found = kd.sample(plain, z, 4, **how), kd.sample(Reused(), z, 4, **how)
        assert torch.allclose(found.states, expected.states, atol=1e-6)
        assert torch.allclose(found.steps, expected.steps, atol=1e-4)
    expected, found = (kd.ends(f, z[:20], still=0.01, longest=3).points for f in (plain, Reused()))
    assert torch.allclose(expected, found)
    assert kd.contraction(Reused(), z[:50], digits) == pytest.approx(kd.contraction(plain, z[:50], digits), rel=1e-5)


@pytest.mark.parametrize("layer", [nn.Dropout(0.5), nn.AlphaDropout(0.2), nn.BatchNorm1d(64)])
def test_a_network_left_in_training_mode_is_refused_and_left_as_it_was(digits, layer):
    net = nn.Sequential(nn.Linear(64, 64), layer)
    before, random_state = copy.deepcopy(net.state_dict()), torch.get_rng_state()
    z = kd.probes(digits, "noise", 20, seed=1)
    asks = (
        lambda: kd.sample(net, z, 2), lambda: kd.contraction(net, z, digits), lambda: kd.gain(net, z),
        lambda: kd.ends(net, z, 0.1), lambda: kd.lyapunov(net, z, 2), lambda: kd.radius(net, z),
        lambda: kd.assess(random(400, 64), digits, net), lambda: kd.pair_contraction(net, z),
    )  # fmt: skip
    for ask in asks:
        with pytest.raises(ValueError, match=r"training mode than after eval\(\)"):
            ask()
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert net.training
    assert layer.training
    net.eval()
    for ask in asks:
        ask()


def test_dropout_that_is_no_layer_is_refused_too(digits):
    class Own(nn.Module):
        def forward(self, x):
            return nn.functional.dropout(x, 0.5, self.training)

    start = kd.noise(digits, 5)
    dropped = nn.Sequential(nn.Linear(64, 64), nn.Dropout(0.5))
    for f, x in ((Own(), start), (Own().forward, start), (Own(), 1e-6 * start), (dropped, 0 * start)):
        with pytest.raises(ValueError, match=r"training mode than after eval\(\)"):
            kd.sample(f, x, 1)
    assert kd.sample(nn.Sequential(nn.Linear(64, 64), nn.Dropout(0.0)), kd.noise(digits, 5), 1).states.isfinite().all()


def test_a_map_keeps_shape_and_type():
    for f in (lambda x: x[:, :1], lambda x: x.double(), lambda x: x.half(), lambda x: x.sum()):
        with pytest.raises(ValueError, match="expected the same shape and type"):
            mapped(f, random(3, 2))


def frozen(net):
    net[0].requires_grad_(False)


def replaced(net):
    net[1], net[3] = nn.ELU(), nn.SiLU()


def parametrised(net):
    nn.utils.parametrizations.spectral_norm(net[2])


def tied(net):
    net[4] = net[2]


def hooked(net):
    net[2].register_forward_hook(lambda layer, inputs, output: output * 2)


def held(net):
    net[2].weight.register_hook(lambda grad: grad * 0)


def narrowed(net):
    net[2], net[4] = nn.Linear(24, 8), nn.Linear(8, 24)


def tied_by_memory(net):
    net[4].weight.data = net[2].weight.data


def held_afterwards(net):
    def hook(weight):
        weight.grad.zero_()

    net[2].weight.register_post_accumulate_grad_hook(hook)


class StraightThrough(nn.ReLU):
    def forward(self, x):
        return x + (super().forward(x) - x).detach()


def straight_through(net):
    net[1] = StraightThrough()


def stopped(net):
    forward = net[2].forward
    net[2].forward = lambda x: forward(x.detach())


def silent(net):
    net[1] = nn.GELU()
    nn.init.zeros_(net[6].weight)


NOT_COPIED = (tied_by_memory, held, held_afterwards, stopped)
CHANGES = (
    frozen, replaced, parametrised, tied, hooked, held, narrowed, tied_by_memory, held_afterwards, straight_through,
    stopped, silent,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_network_learns_as_pytorch_has_it_learn(digits, change):
    torch.manual_seed(0)
    nets = kd.build("mlp", digits, 3, 24, [1, 2])
    for net in nets:
        change(net)
    others = [copy.deepcopy(net) for net in nets]
    for other in others if change in NOT_COPIED else ():
        vars(other[2]).pop("forward", None)
        change(other)
    histories = kd.learn(nets, digits.train, 20, batch=None, snapshots=[1.0])
    for net, other, history in zip(nets, others, histories, strict=True):
        adam = torch.optim.Adam([w for w in other.parameters() if w.requires_grad], lr=1e-3)
        for _ in range(20):
            adam.zero_grad()
            (other(digits.train) - digits.train).square().mean().backward()
            adam.step()
        loss = float((other(digits.train) - digits.train).square().mean().detach())
        assert history.losses[-1] == pytest.approx(loss, rel=1e-3)
        assert torch.allclose(net(digits.test), other(digits.test), atol=1e-3)
        net.load_state_dict(history.snapshots[0].weights)


def test_a_compiled_network_learns_and_its_own_weights_with_it(digits):
    net = kd.build("mlp", digits, 2, 16, [1])[0]
    other = copy.deepcopy(net)
    kd.learn([torch.compile(net, backend="eager")], digits.train, 10)
    kd.learn([other], digits.train, 10)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(net.parameters(), other.parameters(), strict=True))


def test_a_network_is_tried_and_left_as_it_was(digits):
    net = kd.build("mlp", digits, 2, 16, [1])[0]
    nn.utils.parametrizations.spectral_norm(net[0])  # its buffers follow what it maps, in training mode
    before = copy.deepcopy(net.state_dict())
    checks.a_map("net", net, digits.train)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_derivatives_of_a_compiled_network_are_those_of_the_network(digits):
    net, z = kd.mlp(64, 2, 8, seed=1), kd.noise(digits, 3)
    compiled = torch.compile(net, backend="eager")
    for ask in (kd.gain, kd.radius, lambda f, z: kd.lyapunov(f, z, 2)):
        assert np.array_equal(np.asarray(ask(compiled, z)), np.asarray(ask(net, z)))


def test_what_cannot_learn_is_refused(digits):
    net = kd.build("mlp", digits, 2, 16, [1])[0]
    for ask, said in (
        (lambda: kd.learn([copy.deepcopy(net).requires_grad_(False)], digits.train, 1), "nothing to learn"),
        (lambda: kd.learn([_with(net, nn.Dropout(0.5))], digits.train, 1), "training mode"),
        (lambda: kd.learn([_with(net, nn.ELU())], digits.train, 1, precision="bf16"), "MLPs as they were built"),
        (lambda: kd.learn([_with(net, nn.ELU())], digits.train, 1, spectral=1.0), "MLPs as they were built"),
        (lambda: kd.learn([nn.Linear(64, 64)], digits.train, 1), "a network from `build`"),
        (lambda: kd.learn([net, net], digits.train, 1), "share weights"),
        (lambda: kd.learn([copy.deepcopy(net).double()], digits.train, 1), "not torch.float32"),
        (lambda: kd.controls(digits, nn.Linear(64, 64)), "a network from `build`"),
    ):
        with pytest.raises((ValueError, TypeError), match=said):
            ask()


def _with(net, layer):
    net = copy.deepcopy(net)
    net[1] = layer
    return net


def clipped(net):
    net[1] = nn.ReLU6()  # the same map where units are below 6


@pytest.mark.parametrize("change", [replaced, parametrised, hooked, narrowed, torch.compile, nn.Module.double, clipped])
def test_nothing_is_saved_that_would_be_another_map_when_it_is_loaded(digits, tmp_path, change):
    net = kd.build("mlp", digits, 3, 24, [1])[0]
    net = change(net) or net
    with pytest.raises(ValueError, match="network 1 is not the one that its configuration makes"):
        kd.save_networks(tmp_path / "nets.safetensors", [kd.build("mlp", digits, 2, 8, [1])[0], net])
    assert not list(tmp_path.iterdir())


def normed_and_plain_again(net):
    nn.utils.parametrizations.weight_norm(net[2])
    nn.utils.parametrize.remove_parametrizations(net[2], "weight")


@pytest.mark.parametrize("change", [frozen, held, nn.Module.eval, lambda net: None, normed_and_plain_again])
def test_what_is_the_same_map_is_saved(digits, tmp_path, change):
    net = kd.build("mlp", digits, 3, 24, [1])[0]
    change(net)
    kd.save_networks(tmp_path / "nets.safetensors", [net])
    (again,), _ = kd.load_networks(tmp_path / "nets.safetensors")
    assert torch.equal(again(digits.test), net(digits.test))
    with pytest.raises(ValueError, match="1 networks and 0 histories"):
        kd.save_networks(tmp_path / "nets.safetensors", [net], [])
    theirs = kd.learn(kd.build("mlp", digits, 3, 9, [1]), digits.train, 1, snapshots=[9.0])
    with pytest.raises(ValueError, match="snapshots of history 0 are of another network"):
        kd.save_networks(tmp_path / "nets.safetensors", [net], theirs)


@pytest.mark.parametrize("architecture", ["cnn", "autoencoder", "transformer", "unet", "unet without skips"])
def test_every_architecture_is_saved_in_both_modes(digits, tmp_path, architecture):
    for mode in (True, False):
        net = kd.build(architecture, digits, 4 if architecture == "autoencoder" else 2, 8, [1])[0].train(mode)
        kd.save_networks(tmp_path / "nets.safetensors", [net])
        (again,), _ = kd.load_networks(tmp_path / "nets.safetensors")
        assert torch.allclose(again.train(mode)(digits.test), net(digits.test), atol=1e-6)
