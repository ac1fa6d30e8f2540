"""Whatever it is given, a function gives a right answer, or an error of its own that names what was wrong."""

import gzip
import io
import math
import traceback
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

import kaleido as kd
from kaleido.measures.quality import distances, novelty

PACKAGE = Path(kd.__file__).parent
D = 3
DATA = kd.Dataset(
    "blob",
    torch.rand(40, D, generator=torch.Generator().manual_seed(1)),
    torch.rand(12, D, generator=torch.Generator().manual_seed(2)),
    (0.0, 1.0),
)
PICTURES = kd.Dataset("pictures", torch.rand(9, 16), torch.rand(4, 16), (0.0, 1.0), image_shape=(4, 4))
NET = kd.build("mlp", DATA, 2, 5, [1])[0]
KINDS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([2**31, 2**63, 10**30, -(2**63)]), st.floats(),
    st.text(max_size=4), st.binary(max_size=4), st.lists(st.integers(-1, 2), max_size=2),
    st.just({}), st.just(object()),
    st.sampled_from([np.int64(2), np.uint8(1), np.int32(-1), np.float32(0.5), np.bool_(True), np.arange(2), np.array(1),
                     np.array([0.5, np.nan]), torch.tensor([0, 1]), torch.tensor(0.5)]),
)  # fmt: skip


@st.composite
def _odd(draw):
    return draw(KINDS)


ODD = _odd()  # one choice among others: a union inside a union would count as often as it has kinds
VALUES = [0.0, 0.5, -1.0, 1e-30, 1e12, 1e18, -1e30, 3e38, float("nan"), float("inf")]
TYPES = [torch.float32, torch.float64, torch.float16, torch.int64, torch.bool, torch.complex64]


@st.composite
def tensors(draw):
    shape = draw(st.one_of(st.tuples(st.integers(0, 14), st.just(D)), st.lists(st.integers(0, 3), max_size=4)))
    made = torch.rand(tuple(shape), generator=torch.Generator().manual_seed(draw(st.integers(0, 9))))
    made = made * draw(st.sampled_from([1.0, 1.0, 1.0, 0.0, 1e-20, 1e9, 1e16, 1e25]))
    if made.ndim == 2 and draw(st.booleans()):
        made = made * 10.0 ** torch.randint(-6, 7, (len(made), 1), generator=torch.Generator().manual_seed(0))
    if made.numel() and draw(st.booleans()):
        made.view(-1)[draw(st.integers(0, made.numel() - 1))] = draw(st.sampled_from(VALUES))
    return made.to(draw(st.sampled_from(TYPES[:1] * 8 + TYPES)))


MEMORY = torch.empty(0)
MAPS = {
    "identity": lambda x: x, "half": lambda x: x / 2, "net": NET, "square": lambda x: x * x,
    "large": lambda x: x * 1e20,
    "root": torch.sqrt, "log": torch.log, "constant": lambda x: torch.zeros_like(x) + x[:1] * 0 + 0.25,
    "in place": lambda x: x.mul_(0.5), "again": lambda x: torch.mul(x, 0.5, out=MEMORY.resize_(x.shape)),
    "dropout": nn.Dropout(0.5), "dropout no more": nn.Dropout(0.5).eval(), "norm": nn.BatchNorm1d(D),
    "narrow": lambda x: x[:, :1], "none": lambda x: None, "list": lambda x: [1], "double": lambda x: x.double(),
}  # fmt: skip
A_MAP = st.one_of(st.sampled_from(list(MAPS.values())), ODD)
A_SET = st.one_of(st.sampled_from([DATA, PICTURES, kd.load("points2d")]), ODD)
A_TENSOR = st.one_of(tensors(), tensors(), tensors(), ODD)


def cases(count, **strategies):
    """A test of so many cases; every argument is odd at times, and left out at times where it has a default."""
    quiet = list(HealthCheck)
    return lambda test: settings(
        max_examples=count, deadline=None, database=None, derandomize=True, suppress_health_check=quiet
    )(given(**strategies)(test))


def answer(function, *arguments, **named):
    """What a function returns, or nothing if it refuses with an error of this package's own."""
    try:
        return function(*arguments, **named)
    except (ValueError, TypeError, FileNotFoundError) as error:
        refused = error
    last = traceback.extract_tb(refused.__traceback__)[-1]
    assert PACKAGE in Path(last.filename).parents, f"{type(refused).__name__} from {last.filename}: {refused}"
    assert len(str(refused)) > 15, f"{refused!r} names nothing"
    return None


def some(valid, odd=ODD):
    """A valid value five times of six."""
    return st.one_of(valid, valid, valid, valid, valid, odd)


def finite(numbers):
    return all(math.isfinite(number) for number in numbers)


BOUNDS = st.one_of(
    st.sampled_from(
        [(0.0, 1.0), (-1.0, 1.0), (0, 1), (1.0, 0.0), (0.0, float("inf")), (float("nan"), 1.0), (0.0,), "01"]
    ),
    ODD,
)


@cases(
    1000,
    name=some(
        st.sampled_from(["points1d", "points2d", "points-2-5", "points-0-3", "points-3-0", "points-9-99999999999"])
    ),
    seed=some(st.integers(0, 9)),
    bounds=some(st.none(), BOUNDS),
)
def test_load_by_name(name, seed, bounds):
    data = answer(kd.load, name, seed, bounds)
    assert data is None or (data.train.isfinite().all() and len(data.train))


def _idx(shape, content):
    return b"\0\0\x08" + bytes([len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape) + content


def _saved(save, *arguments, **named):
    file = io.BytesIO()
    save(file, *arguments, **named)
    return file.getvalue()


def _two_pages(first, second):
    return _saved(Image.fromarray(first).save, "tiff", save_all=True, append_images=[Image.fromarray(second)])


WHOLE = np.arange(6 * 4 * 4, dtype=np.uint8).reshape(6, 4, 4)
CONTENTS = {
    "x.npy": _saved(np.save, WHOLE),
    "y.npy": _saved(np.save, (WHOLE / 255).astype(">f8")),
    "z.npy": _saved(np.save, np.array([{"a": 1}], dtype=object)),
    "x.npz": _saved(np.savez, images=WHOLE, labels=[0, 1] * 3),
    "y.npz": _saved(np.savez_compressed, images=WHOLE, labels=["a", "b"] * 3),
    "z.npz": _saved(np.savez, images=WHOLE, labels=[-1.5] * 6),
    "x.idx": _idx(WHOLE.shape, WHOLE.tobytes()),
    "x.idx.gz": gzip.compress(_idx(WHOLE.shape, WHOLE.tobytes()), mtime=0),
    "d/x.png": _saved(Image.fromarray(WHOLE[0]).save, "png"),
    "d/x.gif": _saved(Image.fromarray(WHOLE[0]).save, "gif"),
    "d/x.tif": _saved(Image.fromarray(WHOLE[0]).save, "tiff"),
    "d/x.jpg": _saved(Image.fromarray(WHOLE[0]).save, "jpeg"),
    "d/x.bmp": _saved(Image.fromarray(WHOLE[0]).save, "bmp"),
    "d/x.webp": _saved(Image.fromarray(WHOLE[0]).save, "webp"),
    "d/clear.png": _saved(Image.fromarray(np.dstack([WHOLE[0]] * 4)).save, "png"),
    "d/deep.png": _saved(Image.fromarray(WHOLE[0].astype(np.uint16) * 257).save, "png"),
    "d/real.tif": _saved(Image.fromarray(WHOLE[0] / np.float32(95)).save, "tiff"),
    "d/several.tif": _two_pages(*WHOLE[:2]),
    "d/mask.bmp": _saved(Image.fromarray(WHOLE[0] > 40).save, "bmp"),
    "d/x.JPE": _saved(Image.fromarray(WHOLE[0]).save, "jpeg"),
    "first.npy": _saved(np.save, WHOLE.reshape(2, 3, 4, 4)),
    "mask.npy": _saved(np.save, (WHOLE > 40).astype(np.uint8)),
    "deep.npy": _saved(np.save, WHOLE.astype(">u2")),
    "longer.npz": _saved(np.savez, images=WHOLE, labels=[0, 1] * 4),
}


@cases(
    1500,
    name=st.sampled_from(list(CONTENTS)),
    edits=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=4),
    cut=st.one_of(st.none(), st.floats(0, 1)),
    bounds=some(st.none(), BOUNDS),
)
def test_load_of_damaged_files(tmp_path_factory, name, edits, cut, bounds):
    content = bytearray(CONTENTS[name])
    for place, byte in edits:
        content[int(place * len(content))] = byte
    path = tmp_path_factory.getbasetemp() / "damaged" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if cut is None else content[: int(cut * len(content))])
    target = path
    if name.startswith("d/"):
        target = path.parent
        (target / "second.png").write_bytes(CONTENTS["d/x.png"])
    try:
        data = answer(kd.load, target, 0, bounds)
    finally:
        path.unlink()
    assert data is None or data.train.isfinite().all()


@cases(
    500,
    train=A_TENSOR,
    test=A_TENSOR,
    bounds=BOUNDS,
    labels=st.one_of(st.none(), A_TENSOR),
    shape=st.sampled_from([None, (1, 3), (4, 4), ()]),
)
def test_a_data_set_of_tensors(train, test, bounds, labels, shape):
    data = answer(kd.Dataset, "mine", train, test, bounds, labels, labels, shape)
    assert data is None or (data.train.min() >= bounds[0] and data.test.numel() % data.dim == 0)


@cases(
    1000,
    data=some(st.just(DATA), A_SET),
    kind=some(st.sampled_from(["noise", "gaussian", "heldout", "mixup", "foreign", "binary", "pink"])),
    n=some(st.integers(1, 20)),
    seed=some(st.integers(0, 9)),
    foreign=some(st.sampled_from([None, DATA, PICTURES])),
)
def test_noise_and_probes(data, kind, n, seed, foreign):
    for z in (answer(kd.noise, data, n, kind, seed), answer(kd.probes, data, kind, n, seed, foreign)):
        low, high = data.bounds if z is not None else (0, 0)
        assert z is None or (len(z) <= n and z.shape[1] == data.dim and z.min() >= low and z.max() <= high)


@cases(
    1500,
    architecture=some(
        st.sampled_from(["mlp", "mlp", "cnn", "autoencoder", "transformer", "unet", "unet without skips"])
    ),
    data=some(st.sampled_from([DATA, PICTURES]), A_SET),
    depth=some(st.integers(-1, 4)),
    width=some(st.integers(-1, 8)),
    seeds=some(st.lists(st.integers(0, 9), max_size=2)),
    output=some(st.sampled_from([None, "tanh", "sigmoid", "linear"])),
    init=some(st.sampled_from(["torch", "he"])),
)
def test_build(architecture, data, depth, width, seeds, output, init):
    nets = answer(kd.build, architecture, data, depth, width, seeds, output, init)
    for net in nets or []:
        y = net(data.train[:2])
        assert y.shape == data.train[:2].shape
        assert y.isfinite().all()


@cases(
    1000,
    nets=some(st.just([NET]), st.one_of(ODD, st.just([lambda x: x]), st.just([NET, NET]))),
    data=st.one_of(A_TENSOR, st.just(DATA.train), st.just(DATA.train), st.just([DATA.train])),
    steps=some(st.integers(0, 3)),
    batch=some(st.sampled_from([None, 1, 4, 100])),
    lr=some(st.sampled_from([1e-3, 1e-9, 1.0, 1e30, 0.0, -1.0])),
    snapshots=some(st.lists(st.floats(0, 1), max_size=2)),
    every=some(st.sampled_from([None, 1, 2])),
    noise=some(st.sampled_from([0.0, 0.5])),
    spectral=some(st.sampled_from([None, None, 1.0])),
    precision=some(st.just("float32")),
    device=some(st.just("cpu")),
)
def test_learn(nets, data, **how):
    before = {name: tensor.clone() for name, tensor in NET.state_dict().items()}
    try:
        histories = answer(kd.learn, nets, data, **how)
        assert histories is None or (finite(histories[0].losses) and len(histories[0].losses))
        assert histories is None or all(tensor.isfinite().all() for tensor in NET.state_dict().values())
    finally:
        NET.load_state_dict(before)


@cases(
    1500,
    f=A_MAP,
    start=A_TENSOR,
    runs=some(st.integers(0, 5)),
    keep=some(st.one_of(st.none(), st.lists(st.integers(0, 5), max_size=3))),
    kick=some(st.sampled_from(["none", "none", "centred", "published"])),
    eps=some(st.one_of(st.floats(0, 1), st.lists(st.floats(0, 1), max_size=5))),
    retire=some(st.sampled_from([None, None, 0.0, 0.1])),
    bounds=some(st.sampled_from([None, (0.0, 1.0), (-1, 1)]), BOUNDS),
    seed=some(st.integers(0, 9)),
    damping=some(st.sampled_from([0.0, 0.0, 0.5])),
)
def test_sample(f, start, **how):
    orbit = answer(kd.sample, f, start, **how)
    if orbit is None:
        return
    assert orbit.states.isfinite().all()
    assert orbit.steps.isfinite().all()
    if how["kick"] == "none" and how["retire"] is None and how["bounds"] is None and not how["damping"]:
        x = start
        for run in range(how["runs"] + 1):
            assert run not in orbit.runs or torch.allclose(orbit.at(run).double(), x.double())
            x = f(x.clone()).detach().clone()


MEASURES = {
    "contraction": kd.contraction,
    "covered": kd.covered,
    "spread": kd.spread,
    "landing": lambda f, z, data: sum(kd.landing(f, z, data).values()),
    "gain": lambda f, z, data: float(kd.gain(f, z)[0].sum()),
    "gain by draws": lambda f, z, data: float(kd.gain(f, z, draws=3)[0].sum()),
    "nearest": lambda f, z, data: float(kd.nearest(z, data.train if isinstance(data, kd.Dataset) else data)[0].sum()),
}


@cases(1500, measure=st.sampled_from(list(MEASURES)), f=A_MAP, z=A_TENSOR, data=some(st.just(DATA), A_SET))
def test_measures(measure, f, z, data):
    value = answer(MEASURES[measure], f, z, data)
    assert value is None or (math.isfinite(value) and value >= 0)


@cases(200, f=A_MAP, dim=some(st.integers(0, 5)), bounds=BOUNDS)
def test_corner_loss(f, dim, bounds):
    losses = answer(kd.corner_loss, f, dim, bounds)
    assert losses is None or (finite(losses) and losses[0] >= losses[1] >= 0)


SCORES = {
    "assess": lambda x, data, k, f: kd.assess(x, data, f, k),
    "prdc": lambda x, data, k, f: kd.prdc(data.test if isinstance(data, kd.Dataset) else data, x, k),
    "distances": lambda x, data, k, f: distances(data.test if isinstance(data, kd.Dataset) else data, x, k),
    "novelty": lambda x, data, k, f: novelty(x, data),
}


@cases(
    1000,
    score=st.sampled_from(list(SCORES)),
    samples=A_TENSOR,
    data=some(st.just(DATA), A_SET),
    k=some(st.integers(0, 6)),
    f=some(st.just(None), A_MAP),
)
def test_scores(score, samples, data, k, f):
    scores = answer(SCORES[score], samples, data, k, f)
    assert scores is None or finite(scores.values()), scores


def test_the_cases_are_ten_thousand():
    counts = [
        test.hypothesis.inner_test and test._hypothesis_internal_use_settings.max_examples
        for test in globals().values()
        if hasattr(test, "hypothesis")
    ]
    assert sum(counts) >= 10_000


def test_what_an_answer_may_be_is_itself_tested():
    with pytest.raises(AssertionError, match="ValueError from"):
        answer(int, "no number")
    with pytest.raises(RuntimeError):
        answer(torch.mm, torch.zeros(2, 3), torch.zeros(2, 3))
