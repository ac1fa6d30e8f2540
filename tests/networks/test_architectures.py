import re
from math import prod

import pytest
import torch
from conftest import ROOT
from torch import nn

import kaleido as kd
from kaleido.networks.build import ARCHITECTURES, rebuild

SHAPES = [(8, 8), (25, 25), (28, 28), (32, 32, 3), (5, 9)]
IMAGES = [name for name in ARCHITECTURES if name != "mlp"]
DEPTHS = {"cnn": 5, "autoencoder": 5, "transformer": 2, "unet": 2, "unet without skips": 2}


def inputs(shape, n=3, seed=0):
    return torch.rand(n, prod(shape), generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", IMAGES)
def test_images_come_out_as_they_went_in_and_every_weight_learns(name, shape):
    net = ARCHITECTURES[name](shape, DEPTHS[name], 8, init="he", seed=1)
    x = inputs(shape)
    y = net(x)
    assert y.shape == x.shape
    assert y.abs().max() <= 1
    (y - x).square().mean().backward()
    for weight, value in net.named_parameters():
        assert value.grad is not None, weight
        assert value.grad.isfinite().all(), weight
        assert value.grad.abs().max() > 0, weight


@pytest.mark.parametrize("name", IMAGES)
def test_no_layer_mixes_samples(name):
    net = ARCHITECTURES[name]((12, 12), DEPTHS[name], 8, seed=1)
    x, others = inputs((12, 12)), inputs((12, 12), seed=1)
    others[0] = x[0]
    assert torch.allclose(net(x)[0], net(others)[0], atol=1e-6)
    assert not torch.allclose(net(x)[1], net(others)[1], atol=1e-6)


@pytest.mark.parametrize("name", IMAGES)
def test_weights_come_from_the_seed_alone(name):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, again, other = (ARCHITECTURES[name]((8, 8), DEPTHS[name], 8, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    x = inputs((8, 8))
    assert torch.equal(one(x), again(x))
    assert not torch.allclose(one(x), other(x))


@pytest.mark.parametrize("name", IMAGES)
def test_networks_are_saved_and_rebuilt(name, tmp_path, digits):
    nets = kd.build(name, digits, DEPTHS[name], 8, [1, 2])
    histories = kd.learn(nets, digits.train, 2, batch=16, snapshots=[10.0], every=1)
    kd.save_networks(tmp_path / "nets.safetensors", nets, histories)
    loaded, notes = kd.load_networks(tmp_path / "nets.safetensors")
    x = digits.test[:5]
    for net, copy, history, note in zip(nets, loaded, histories, notes, strict=True):
        assert torch.equal(net(x), copy(x))
        assert note.losses == history.losses
        assert all(torch.equal(note.snapshots[0].weights[key], w) for key, w in history.snapshots[0].weights.items())


@pytest.mark.parametrize(
    ("name", "depth", "width", "rate"),
    [
        ("cnn", 2, 32, 1e-2),
        ("autoencoder", 4, 32, 3e-3),
        ("transformer", 2, 32, 5e-3),
        ("unet", 2, 8, 5e-3),
        ("unet without skips", 2, 12, 3e-3),
    ],
)
def test_sixteen_digits_are_learned_to_a_thousandth(name, depth, width, rate, digits):
    """Within 900 steps at a constant rate; it ends where the loss on the sixteen is there."""
    net = kd.build(name, digits, depth, width, [1], init="he")
    few = digits.train[:16]
    kd.learn(net, few, 900, batch=None, lr=rate, snapshots=[1e-3], every=20, stop=True)
    with torch.no_grad():
        assert (net[0](few) - few).square().mean() < 1e-3


def test_shapes_are_as_the_docstrings_draw_them():
    def sizes(net):
        seen = []
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.register_forward_hook(lambda layer, x, y: seen.append(tuple(y.shape[1:])))
        net(inputs((28, 28), 1))
        return seen

    w = 6
    middle = [(w, 7, 7)] * 3
    assert sizes(kd.cnn((28, 28), 6, w)) == [(w, 14, 14), (w, 7, 7), *middle, (w, 14, 14), (1, 28, 28)]
    code = [(16,), (w * 49,)]
    coded = [(w, 14, 14), (w, 7, 7), (w, 7, 7), *code, (w, 7, 7), (w, 7, 7), (w, 14, 14), (1, 28, 28)]
    assert sizes(kd.cnn((28, 28), 6, w, bottleneck=16)) == coded
    down = [(w, 28, 28), (2 * w, 14, 14), (2 * w, 14, 14), (4 * w, 7, 7), (4 * w, 7, 7)]
    up = [(2 * w, 14, 14), (2 * w, 14, 14), (w, 28, 28), (w, 28, 28), (1, 28, 28)]
    assert sizes(kd.unet((28, 28), 2, w)) == down + up
    tokens = sizes(kd.transformer((28, 28), 1, 8))
    assert (tokens[0], tokens[-1]) == ((16, 8), (16, 49))


def test_a_plain_cnn_copies_and_a_bottleneck_cannot():
    shape = (8, 8)
    assert kd.cnn(shape, 2, 4).config["halvings"] == 0
    narrow = kd.cnn(shape, 4, 4, halvings=2, bottleneck=3)
    jacobian = torch.autograd.functional.jacobian(lambda x: narrow(x[None])[0], inputs(shape, 1)[0])
    assert torch.linalg.matrix_rank(jacobian, rtol=1e-4) <= 3


def test_a_unet_without_skips_hears_nothing_of_what_passes_by():
    with_skips, without = (kd.unet((8, 8), 1, 4, skips=skips, seed=1) for skips in (True, False))
    for net in (with_skips, without):
        nn.init.zeros_(net.down[0][0].weight)  # nothing goes down
    x, y = inputs((8, 8), 2).split(1)
    assert not torch.equal(with_skips(x), with_skips(y))
    assert torch.equal(without(x), without(y))


def test_a_transformer_pads_what_patches_do_not_tile():
    net = kd.transformer((5, 9), 1, 8, patch=4, seed=1)
    assert net.positions.shape == (2 * 3, 8)
    x = inputs((5, 9), 1)
    y = net(x)
    for place in (0, 44):  # first and last pixel reach the output
        moved = x.clone()
        moved[0, place] += 0.5
        assert not torch.allclose(net(moved), y, atol=1e-7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: kd.cnn((8, 8), 0, 4), "depth is 0"),
        (lambda: kd.cnn((8, 8), 2, 0), "width is 0"),
        (lambda: kd.cnn((28, 28), 3, 4), "twice the 2 halvings"),
        (lambda: kd.cnn((8,), 3, 4), "image_shape is"),
        (lambda: kd.cnn((8, 8), 3, 4, bottleneck=0), "bottleneck is 0"),
        (lambda: kd.unet((8, 8), 4, 4), "too many halvings"),
        (lambda: kd.transformer((8, 8), 1, 6), "multiple of 4"),
        (lambda: kd.transformer((8, 8), 1, 8, patch=0), "patch is 0"),
        (lambda: kd.unet((8, 8), 1, 4, output="relu"), "unknown output"),
        (lambda: kd.unet((8, 8), 1, 4, init="zero"), "unknown init"),
        (lambda: kd.build("resnet", kd.load("digits"), 1, 4, [0]), "unknown architecture 'resnet'"),
        (lambda: kd.build("cnn", kd.load("points2d"), 1, 4, [0]), "image_shape is None"),
        (lambda: rebuild({"architecture": "resnet"}), "unknown architecture"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_another_architecture_takes_the_lines_that_contributing_shows(monkeypatch, digits):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    assert len([line for line in example.splitlines() if line.strip()]) < 15
    monkeypatch.setitem(ARCHITECTURES, "gelu", None)  # so that what the example sets is taken back
    exec(example, {})
    net = kd.build("gelu", digits, 1, 8, [3])
    history = kd.learn(net, digits.train, 20)[0]
    assert history.losses[-1] < history.losses[0]
    assert kd.sample(net[0], kd.noise(digits, 5), 3).states.shape == (4, 5, 64)
