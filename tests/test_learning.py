import json
from itertools import pairwise

import pytest
import torch
from conftest import random
from safetensors.torch import save_file
from torch import nn
from torch.func import stack_module_state

import kaleido as kd
from kaleido.gradients import ByHand
from kaleido.tools import files
from kaleido.tools.seeds import generator


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


@pytest.mark.parametrize(("depth", "width", "output"), [(1, 3, "tanh"), (4, 8, "sigmoid"), (10, 5, "linear")])
def test_an_mlp_is_its_formula(depth, width, output):
    net = kd.mlp(6, depth, width, output, seed=1)
    layers = [layer for layer in net if isinstance(layer, nn.Linear)]
    x = y = random(7, 6)
    for layer in layers[:-1]:
        y = (y @ layer.weight.T + layer.bias).clamp(min=0)
    y = y @ layers[-1].weight.T + layers[-1].bias
    y = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "linear": lambda a: a}[output](y)
    assert len(layers) == depth + 1
    assert torch.allclose(net(x), y, atol=1e-6)


def test_the_published_mnist_network_has_its_number_of_parameters():
    assert sum(p.numel() for p in kd.mlp(784, 10, 500).parameters()) == 3_039_784


def test_initialisations_have_their_spread():
    torch_, he = (kd.mlp(50, 1, 400, init=init, seed=1)[0] for init in ("torch", "he"))
    assert torch_.weight.std().item() == pytest.approx((1 / 50 / 3) ** 0.5, rel=0.02)
    assert he.weight.std().item() == pytest.approx((2 / 50) ** 0.5, rel=0.02)
    assert torch_.bias.abs().max() > 0
    assert he.bias.abs().max() == 0


def test_the_output_must_fit_the_bounds(digits):
    assert kd.build("mlp", digits, 1, 4, [0])[0].config["output"] == "tanh"
    assert kd.build("mlp", kd.load("points1d"), 1, 4, [0])[0].config["output"] == "sigmoid"
    with pytest.raises(ValueError, match="does not fit the bounds"):
        kd.build("mlp", digits, 1, 4, [0], output="sigmoid")


def test_learning_is_adam_on_batches_of_the_networks_own_generator(digits):
    """The same training written out with PyTorch's plain Adam."""
    net = kd.build("mlp", digits, 2, 100, [5])[0]
    twin = kd.mlp(64, 2, 100, seed=5)
    history = kd.learn([net], digits.train, steps=20, batch=32, lr=0.01, every=7)[0]
    optimiser = torch.optim.Adam(twin.parameters(), lr=0.01)
    draw = generator(5, "batches")
    for _ in range(20):
        x = digits.train[torch.randint(len(digits.train), (32,), generator=draw)]
        optimiser.zero_grad()
        nn.functional.mse_loss(twin(x), x).backward()
        optimiser.step()
    assert torch.allclose(weights(net), weights(twin), rtol=1e-4, atol=1e-6)
    assert history.steps == (0, 7, 14, 20)
    final = nn.functional.mse_loss(twin(digits.train), digits.train).item()
    assert history.losses[-1] == pytest.approx(final, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "depth", "width", "batch"), [("points2d", 6, 50, None), ("points1d", 6, 10, None), ("digits", 4, 64, 256)]
)
def test_a_member_of_an_ensemble_learns_what_it_would_learn_alone(name, depth, width, batch):
    seeds = [100, 101, 102, 103, 104]
    sets = [kd.load(name, seed=seed) for seed in seeds]
    train = [data.train for data in sets]
    together = kd.build("mlp", sets[0], depth, width, seeds)
    kd.learn(together, train, steps=200, batch=batch)
    for k, seed in enumerate(seeds):
        alone = kd.build("mlp", sets[0], depth, width, [seed])
        before = weights(alone[0])
        kd.learn(alone, train[k], steps=200, batch=batch)
        difference = torch.linalg.vector_norm(weights(alone[0]) - weights(together[k]))
        assert difference / torch.linalg.vector_norm(weights(alone[0])) < 1e-4
        assert torch.linalg.vector_norm(weights(alone[0]) - before) > 0.1


def test_snapshots_are_taken_at_the_first_evaluation_below_their_level(digits):
    nets = kd.build("mlp", digits, 2, 32, [1, 2])
    histories = kd.learn(nets, digits.train, steps=150, snapshots=[0.2, 0.3, 1e-9], every=10)
    for net, history in zip(nets, histories, strict=True):
        assert [mark.level for mark in history.snapshots] == [0.3, 0.2]
        for mark in history.snapshots:
            first = next(s for s, loss in zip(history.steps, history.losses, strict=True) if loss <= mark.level)
            assert mark.step == first
            copy = kd.mlp(**{k: v for k, v in net.config.items() if k != "architecture"})
            copy.load_state_dict(mark.weights)
            seen = nn.functional.mse_loss(copy(digits.train), digits.train).item()
            assert seen == pytest.approx(mark.loss, rel=1e-4)


def test_the_loss_may_be_looked_at_on_some_points_alone_and_after_a_share_of_the_steps(digits):
    levels = [0.3, 0.2, 0.15, 0.12]
    nets = kd.build("mlp", digits, 2, 64, [1, 2])
    looked = kd.learn(nets, digits.train, 400, snapshots=levels, every=0.02, look=500)
    plain = kd.build("mlp", digits, 2, 64, [1, 2])
    kd.learn(plain, digits.train, 400, every=400)
    for net, same, history in zip(nets, plain, looked, strict=True):
        assert torch.equal(weights(net), weights(same))  # looking changes nothing
        assert history.steps[:52] == (*range(51), 51)
        late = history.steps[100:-1]  # the last step is looked at, however short the time before it
        assert all(b - a == max(1, b // 50) for a, b in pairwise(late))
        some = digits.train[:500]
        assert history.losses[-1] == pytest.approx(nn.functional.mse_loss(net(some), some).item())
        assert history.final == pytest.approx(nn.functional.mse_loss(net(digits.train), digits.train).item())
        assert history.final != history.losses[-1]
        assert [mark.level for mark in history.snapshots] == levels
        assert all(0.97 < mark.loss / mark.level <= 1 for mark in history.snapshots)


def test_networks_come_back_from_their_file(tmp_path, digits):
    nets = kd.build("mlp", digits, 2, 16, [1, 2])
    histories = kd.learn(nets, digits.train, steps=40, snapshots=[0.5], every=10)
    kd.save_networks(tmp_path / "nets.safetensors", nets, histories)
    again, told = kd.load_networks(tmp_path / "nets.safetensors")
    for one, two in zip(nets, again, strict=True):
        assert torch.equal(weights(one), weights(two))
        assert one.config == two.config
    assert [(h.losses, h.final) for h in told] == [(h.losses, h.final) for h in histories]
    assert told[1].snapshots[0].step == histories[1].snapshots[0].step
    assert torch.equal(told[1].snapshots[0].weights["0.weight"], histories[1].snapshots[0].weights["0.weight"])


def test_files_that_do_not_fit_are_refused(tmp_path, digits):
    path = tmp_path / "nets.safetensors"
    nets = kd.build("mlp", digits, 2, 16, [1])
    with pytest.raises(FileNotFoundError):
        kd.load_networks(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="no 'kaleido' header"):
        kd.load_networks(path)
    kd.save_networks(path, nets)
    tensors, header = files.read_tensors(path)
    for change, said in (({"width": 17}, "does not fit"), ({"architecture": "os.system"}, "unknown architecture")):
        files.write_tensors(path, tensors, header | {"configs": [header["configs"][0] | change]})
        with pytest.raises(ValueError, match=said):
            kd.load_networks(path)
    kd.save_networks(path, nets)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        kd.load_networks(path)
    path.write_bytes(content[:100])
    with pytest.raises(ValueError, match="not a readable"):
        kd.load_networks(path)
    save_file({"x": torch.zeros(1)}, path, {"kaleido": json.dumps({"header": {}, "sha256": ""})})
    with pytest.raises(ValueError, match="damaged"):
        kd.load_networks(path)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"depth": 0}, "depth is 0"),
        ({"width": -1}, "width is -1"),
        ({"depth": 2.5}, "depth is 2.5"),
        ({"output": "relu"}, "unknown output"),
        ({"init": "xavier"}, "unknown init"),
        ({"seed": -3}, "seed is -3"),
    ],
)
def test_networks_that_cannot_be_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        kd.mlp(**{"dim": 4, "depth": 2, "width": 3} | arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"steps": -1}, "steps is -1"),
        ({"steps": 1.5}, "steps is 1.5"),
        ({"batch": 0}, "batch is 0"),
        ({"lr": 0.0}, "lr is 0"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"noise": -0.1}, "noise is -0.1"),
        ({"spectral": 0.0}, "spectral is 0.0"),
        ({"precision": "float16"}, "unknown precision 'float16'"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"data": random(5, 3)}, "expected \\(N, 4\\)"),
        ({"data": torch.full((5, 4), torch.nan)}, "NaN or infinite"),
        ({"data": [random(5, 4)] * 2}, "expected as many"),
    ],
)
def test_training_that_cannot_be_is_refused_and_leaves_the_network_alone(arguments, says):
    net = kd.mlp(4, 2, 3)
    before = weights(net)
    with pytest.raises(ValueError, match=says):
        kd.learn([net], **{"data": random(5, 4), "steps": 2} | arguments)
    assert torch.equal(weights(net), before)


def test_divergence_is_an_error():
    with pytest.raises(ValueError, match="diverged"):
        kd.learn([kd.mlp(4, 2, 100, "linear")], random(50, 4), steps=400, lr=1e30)


def test_training_stops_at_the_last_level_where_it_is_told_to(digits):
    nets = kd.build("mlp", digits, 2, 32, [1, 2])
    histories = kd.learn(nets, digits.train, steps=500, snapshots=[0.4, 0.3], every=5, stop=True)
    assert max(history.snapshots[-1].step for history in histories) == histories[0].steps[-1] < 500
    assert all(len(history.snapshots) == 2 for history in histories)


@pytest.mark.parametrize("width", [16, 100])
def test_noisy_inputs_are_drawn_anew_and_the_target_stays_clean(digits, width):
    """Two members against the same training written out: levels of the noise are uniform up to the given one."""
    nets = kd.build("mlp", digits, 1, width, [5, 6])
    kd.learn(nets, digits.train, steps=5, batch=32, lr=0.01, noise=0.5)
    for net, seed in zip(nets, [5, 6], strict=True):
        twin = kd.mlp(64, 1, width, seed=seed)
        optimiser = torch.optim.Adam(twin.parameters(), lr=0.01)
        rows, draw = generator(seed, "batches"), generator(seed, "input noise")
        for _ in range(5):
            x = digits.train[torch.randint(len(digits.train), (32,), generator=rows)]
            levels = 0.5 * torch.rand(32, 1, generator=draw)
            optimiser.zero_grad()
            nn.functional.mse_loss(twin(x + levels * torch.randn(32, 64, generator=draw)), x).backward()
            optimiser.step()
        assert torch.allclose(weights(net), weights(twin), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("width", [16, 100])
def test_spectral_norms_stay_below_their_bound(digits, width):
    for bound, holds in ((0.8, True), (None, False)):
        nets = kd.build("mlp", digits, 2, width, [1, 2])
        kd.learn(nets, digits.train, steps=300, spectral=bound)
        norms = [torch.linalg.matrix_norm(p.detach(), 2) for net in nets for p in net.parameters() if p.ndim == 2]
        assert all(norm <= 0.8 * 1.02 for norm in norms) == holds


def test_only_mlps_have_bounded_weights(digits):
    with pytest.raises(ValueError, match="spectral is for MLPs"):
        kd.learn(kd.build("cnn", digits, 2, 4, [1]), digits.train, steps=1, spectral=1.0)


@pytest.mark.parametrize("output", ["tanh", "sigmoid", "linear"])
@pytest.mark.parametrize(("depth", "width"), [(1, 130), (2, 96), (10, 128)])
def test_gradients_by_hand_are_those_of_autograd_bit_for_bit(output, depth, width):
    net, other = (kd.mlp(64, depth, width, output, "he", 3) for _ in range(2))
    by_hand = ByHand(net, dict(net.named_parameters()))
    for batch in (256, 100):  # what is kept for one size of batch is made anew for another
        target = random(batch, 64, seed=batch)
        x = target + 0.1 * random(batch, 64, seed=1)
        error = by_hand(x, target)
        other.zero_grad()
        expected = (other(x) - target).square().mean()
        expected.backward()
        assert torch.equal(error, expected)
        for ours, theirs in zip(net.parameters(), other.parameters(), strict=True):
            assert torch.equal(ours.grad, theirs.grad)


@pytest.mark.parametrize(("dim", "batch"), [(1, 7), (4, 128), (16, 64)])
def test_gradients_by_hand_of_a_stack_are_those_of_autograd_bit_for_bit(dim, batch):
    """A stack's product is `baddbmm`; autograd's gradient of it, in autograd's order, is what ours must equal."""
    nets = [kd.mlp(dim, 6, 50, "sigmoid", seed=seed) for seed in (1, 2, 3)]
    (ours, _), (theirs, _) = stack_module_state(nets), stack_module_state(nets)
    x, target = (torch.stack([random(batch, dim, seed=seed + i) for i in range(3)]) for seed in (0, 3))
    errors = ByHand(nets[0], ours)(x, target)
    y = x
    for name, layer in nets[0].named_children():
        if isinstance(layer, nn.Linear):
            y = torch.baddbmm(theirs[f"{name}.bias"].unsqueeze(1), y, theirs[f"{name}.weight"].mT)
        else:
            y = layer(y)
    expected = (y - target).square().mean((-2, -1))
    expected.sum().backward()
    assert torch.equal(errors, expected)
    for name, weight in theirs.items():
        assert torch.equal(ours[name].grad, weight.grad), name


@pytest.mark.parametrize("width", [40, 100])  # stacked, and in turn
def test_bf16_learns_as_well_as_float32(digits, width):
    losses = {}
    for precision in ("float32", "bf16"):
        nets = kd.build("mlp", digits, 4, width, [3, 4])
        histories = kd.learn(nets, digits.train, 400, precision=precision, every=400)
        assert {p.dtype for net in nets for p in net.parameters()} == {torch.float32}
        losses[precision] = torch.tensor([history.losses[-1] for history in histories])
    assert not torch.equal(losses["bf16"], losses["float32"])
    assert torch.allclose(losses["bf16"], losses["float32"], rtol=0.1)


def test_bf16_is_for_mlps(digits):
    with pytest.raises(ValueError, match="'bf16' is for MLPs"):
        kd.learn(kd.build("cnn", digits, 2, 4, [3]), digits.train, 1, precision="bf16")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
def test_a_gpu_learns_what_the_cpu_learns(digits, architecture):
    losses = []
    for device in ("cpu", "cuda"):
        nets = kd.build(architecture, digits, 3, 16, [3, 4])
        losses.append([h.losses[-1] for h in kd.learn(nets, digits.train, 50, snapshots=[0.5], device=device)])
        assert {p.device.type for net in nets for p in net.parameters()} == {"cpu"}
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused(digits):
    auto, cpu = (kd.build("mlp", digits, 2, 8, [3]) for _ in range(2))
    kd.learn(auto, digits.train, 3, device="auto")
    kd.learn(cpu, digits.train, 3)
    assert torch.equal(weights(auto[0]), weights(cpu[0]))
    with pytest.raises(ValueError, match="finds no GPU here"):
        kd.learn(cpu, digits.train, 3, device="cuda")
