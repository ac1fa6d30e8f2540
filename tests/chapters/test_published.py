import hashlib
import json
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from conftest import ROOT, row

import kaleido as kd
from kaleido.chapters import CHAPTERS, jobs, published, rows
from kaleido.chapters.architectures.claims import trained
from kaleido.chapters.attractors.claims import turned
from kaleido.chapters.depth.claims import deeper
from kaleido.chapters.generators.cells import CHOSEN
from kaleido.chapters.jobs import Job, learn_all, network, states
from kaleido.chapters.kaleidoscope.claims import keeps
from kaleido.chapters.published import assemble, hand_out
from kaleido.chapters.remedies.cells import RECIPE
from kaleido.chapters.remedies.claims import repaired
from kaleido.chapters.scores import sampled
from kaleido.data import sources
from kaleido.lab.evidence import read_evidence, write_evidence
from kaleido.measures.quality import novelty, predicted, reference
from kaleido.tools import files

PAPER = ROOT / "data" / "record" / "paper"
SMALL = {"steps": 60, "batch": 64, "level": 0.9}
JOBS = (Job("digits", 10, 16, **SMALL), Job("digits", 1, 16, **SMALL))
SEEDS = (200, 201)


@pytest.fixture
def small(monkeypatch, build):
    """The published settings, made small."""
    sizes = {"PROBES": 60, "CHAINS": 120, "GAINS": 10, "LEVELS": (0.5,), "LOOK": 300}
    for name, value in sizes.items():
        for module in (jobs, rows, published):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)
    return build


@pytest.fixture
def folder(small, tmp_path, digits):
    for job in JOBS:
        learn_all(job, digits, tmp_path / "networks", SEEDS)
    return tmp_path / "networks"


def test_networks_are_those_that_learn_would_give_and_their_losses_are_kept(folder, digits):
    about = json.loads((folder / "digits-1-16-torch-200-201.json").read_text())
    assert about["seeds"] == list(SEEDS)
    net = kd.mlp(64, 1, 16, seed=201)
    history = kd.learn([net], digits.train, 60, batch=64, lr=1e-4, every=0.02, look=300)[0]
    assert about["final"][1] == pytest.approx(history.final, rel=1e-4)
    steps, losses = about["traces"][1]
    assert steps == list(history.steps)
    assert losses == pytest.approx(history.losses, rel=1e-4)
    found = states(JOBS[1], folder)
    assert [each[1:3] for each in found if each[2] == "equal steps"] == [(200, "equal steps"), (201, "equal steps")]
    assert all(loss <= 0.9 for _, _, condition, loss in found if condition == "loss 0.9")


def test_what_is_measured_becomes_the_evidence_that_claims_are_judged_by(folder, tmp_path, digits):
    looks = [kd.features(digits, seed, steps=20) for seed in (0, 1)]
    real = [reference(rows.features_of(look, digits.test)) for look in looks]
    for job in JOBS:
        for name, seed, condition, loss in states(job, folder):
            net = network(folder / f"{name}.safetensors")
            of = partial(rows.State, job, net, digits, looks, real, seed)
            found = of(condition).measured(loss)
            if job.depth == 10 and condition == "equal steps":
                found += of(condition).followed() + of("noise").kicked() + of("noise").turned_on()
            files.write(folder / "rows" / f"{name}.json", json.dumps(found))
    assemble(folder, tmp_path / "record")
    found = {number: read_evidence(tmp_path / "record", number, "paper") for number in ("01", "03", "04", "06", "07")
             if (tmp_path / "record" / f"{number}.csv").exists()}  # fmt: skip
    for quantity in ("rho", "pair contraction", "pc"):
        assert deeper(quantity)(found["04"], "digits").shape == (2,)
    assert (sampled("coverage", "C9")(found["06"], "digits") <= 1).all()
    assert (keeps(found["03"], "digits") <= 1).all()
    kept = found["03"].rows(quantity="share that keeps its class")
    assert set(kept["condition"]) == {"noise", "centred kick", "published kick"}
    assert kept[kept["condition"] == "noise"]["value"].tolist() == keeps(found["03"], "digits").tolist()
    runs = found["06"].means(quantity="pc", architecture="mlp").groupby("condition")["run"].agg(sorted)
    assert runs.to_dict() == {"centred kick": [20], "noise": [5, 10, 20], "published kick": [20]}
    for claim, quantity, run in (("B2", "copy share", 20), ("B3", "share neither", 500)):
        assert turned(claim, quantity, run)(found["07"], "digits").shape == (2,)
    at = {run: found["07"].values(claim="B1", quantity="coverage", run=run) for run in (20, 200)}
    assert (at[20] == sampled("coverage", "C9")(found["06"], "digits")).all()
    assert (turned("B1", "coverage", 200, 20)(found["07"], "digits") == at[200] - at[20]).all()
    z = kd.noise(digits, 120, seed=200)[:60]
    net = network(folder / "digits-10-16-torch-200.safetensors")
    assert found["01"].values(quantity="rho")[0] == pytest.approx(kd.contraction(net, z, digits), rel=1e-5)
    samples = kd.sample(net, kd.noise(digits, 120, seed=200), 20, [20]).at(20)
    by_hand = np.mean([kd.prdc(look(digits.test), look(samples))["precision"] for look in looks])
    at = {"quantity": "precision", "architecture": "mlp"}
    assert found["06"].values(**at, condition="noise", run=20)[0] == pytest.approx(by_hand, rel=1e-6)
    for condition, kick in (("centred kick", "centred"), ("published kick", "published")):
        start = kd.noise(digits, 120, seed=200)
        samples = kd.sample(net, start, 20, [20], kick, bounds=digits.bounds, seed=200).at(20)
        scores = [kd.prdc(known, look(samples))["precision"] for look, known in zip(looks, real, strict=True)]
        expected = np.mean(scores)
        assert found["06"].values(**at, condition=condition)[0] == pytest.approx(expected, rel=1e-6)


def test_pictures_show_the_chains_of_the_first_deep_network_from_their_noise(folder, monkeypatch, digits):
    monkeypatch.setattr(published, "JOBS", JOBS)
    monkeypatch.setattr(published, "load", lambda name: digits)
    (shown,) = published.pictures(folder).values()
    assert set(shown) == {"digits/10/kick none", "digits/10/kick published"}
    net = network(folder / "digits-10-16-torch-200.safetensors")
    start = kd.noise(digits, 120, seed=200)[:48]
    assert torch.equal(shown["digits/10/kick none"], digits.as_bytes(kd.sample(net, start, 25).states))
    assert not torch.equal(shown["digits/10/kick none"], shown["digits/10/kick published"])


def test_at_a_glance_one_sees_inputs_what_the_network_makes_of_them_and_what_is_nearest_to_that(
    folder, monkeypatch, digits
):
    monkeypatch.setattr(published, "load", lambda name: digits)
    shown = published.glance(JOBS[0], folder)
    assert list(shown) == [f"digits/{kind}" for kind in ("noise", "gaussian", "heldout", "mixup")]
    net, z = network(folder / "digits-10-16-torch-200.safetensors"), digits.test[:3]
    near = digits.train[torch.cdist(net(z), digits.train).argmin(1)]
    assert torch.equal(shown["digits/heldout"], digits.as_bytes(torch.stack([z, net(z), near]).detach()))
    assert published.glance(JOBS[0], folder / "nowhere") == {}


def test_the_first_networks_are_handed_out_as_float16_with_their_losses(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(published, "GIVEN", JOBS)
    hand_out(folder, tmp_path / "record")
    assert len(list((tmp_path / "record").iterdir())) == 2
    weights = network(folder / "digits-10-16-torch-200.safetensors").state_dict()
    (net,), (history,) = kd.load_networks(tmp_path / "record" / "digits-10-16-torch-200.float16.safetensors")
    for name, value in net.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, weights[name].half().float())
    about = json.loads((folder / "digits-10-16-torch-200-201.json").read_text())
    assert (history.losses, history.final) == (tuple(about["traces"][0][1]), about["final"][0])


def test_the_files_of_networks_in_the_record_have_the_hashes_that_are_stated():
    stated = dict(
        re.findall(
            r"\| `(\S+float16\.safetensors)` \| [\d,]+ \| `(\w{64})` \|", (ROOT / "data" / "README.md").read_text()
        )
    )
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in PAPER.glob("*.float16.safetensors")}
    assert len(found) == 2
    assert found == stated


@pytest.mark.skipif(sources.missing("mnist") != "", reason="needs MNIST: `make data`")
@pytest.mark.parametrize("depth", [1, 10])
def test_a_network_of_the_record_has_the_recorded_contraction(depth):
    (net,), _ = kd.load_networks(PAPER / f"mnist-{depth}-500-torch-200.float16.safetensors")
    data = kd.load("mnist")
    about = {"data": "mnist", "quantity": "rho", "depth": depth, "condition": "equal steps", "seeds": "200"}
    (expected,) = read_evidence(PAPER, "04", "paper").rows(**about)["value"]
    z = kd.noise(data, rows.CHAINS, seed=200)[: rows.PROBES]
    assert kd.contraction(net, z, data) == pytest.approx(expected, rel=1e-3)


def test_what_has_learned_nothing_is_put_through_the_same_endpoints(small, digits):
    looks = [kd.features(digits, seed, steps=20) for seed in (0, 1)]
    real = [reference(rows.features_of(look, digits.test)) for look in looks]
    found = rows.State(JOBS[0], None, digits, looks, real, 200, "baseline").guards()
    rho = {row["architecture"]: row["value"] for row in found if row["quantity"] == "rho"}
    assert rho["identity"] == 1
    z = kd.noise(digits, 120, seed=200)[:60]
    for name, f in kd.controls(digits, kd.mlp(64, 10, 16, seed=200)).items():
        if name != "medoid":
            assert rho[name] == pytest.approx(kd.contraction(f, z, digits), rel=1e-4)
    coverage = {row["architecture"]: row["value"] for row in found if row["quantity"] == "coverage"}
    assert coverage["training points"] > coverage["100 points repeated"]
    assert set(coverage) == {"training points", "100 points repeated", "mixup"}


def test_other_unseen_inputs_are_put_through_the_network_and_what_has_learned_nothing(folder, monkeypatch, digits):
    net, other = (
        jobs.first_network(JOBS[0], folder),
        replace(digits, name="other", train=digits.test, train_labels=None),
    )
    monkeypatch.setitem(rows.FOREIGN, "digits", "other")
    monkeypatch.setattr(rows, "load", lambda name: other)
    found = {
        (row["architecture"], row["condition"], row["quantity"]): row["value"]
        for row in rows.State(JOBS[0], net, digits, [], [], 200, "baseline").other_inputs()
    }
    assert {condition for _, condition, _ in found} == {"gaussian", "heldout", "mixup", "other"}
    for kind in ("gaussian", "heldout", "mixup", "foreign"):
        z = kd.probes(digits, kind, 60, 200, other if kind == "foreign" else None)
        condition = "other" if kind == "foreign" else kind
        for name, f in {"mlp": net, "black": lambda x: torch.full_like(x, digits.bounds[0])}.items():
            assert found[name, condition, "rho"] == pytest.approx(kd.contraction(f, z, digits), rel=1e-4)
        assert found["identity", condition, "rho"] == 1


def test_networks_before_training_are_measured_for_every_seed_in_both_initialisations(small, monkeypatch, digits):
    monkeypatch.setattr(rows, "DECIDING", SEEDS)
    found = {
        (row["seed"], row["architecture"], row["quantity"]): row["value"] for row in rows.untrained(JOBS[1], digits)
    }
    for seed in SEEDS:
        z = kd.noise(digits, 120, seed=seed)[:60]
        for name, init in {"untrained": "torch", "untrained he": "he"}.items():
            net = kd.mlp(64, 1, 16, init=init, seed=seed)
            assert found[seed, name, "rho"] == pytest.approx(kd.contraction(net, z, digits), rel=1e-5)
            assert found[seed, name, "pair contraction"] == pytest.approx(kd.pair_contraction(net, z), rel=1e-5)


def test_samples_of_networks_before_training_are_scored_as_others_are(small, digits):
    looks = [kd.features(digits, seed, steps=20) for seed in (0, 1)]
    real = [reference(rows.features_of(look, digits.test)) for look in looks]
    found = rows.State(JOBS[1], None, digits, looks, real, 200, "baseline").sampled_before()
    coverage = {row["architecture"]: row["value"] for row in found if row["quantity"] == "coverage"}
    assert list(coverage) == ["untrained", "untrained he"]
    net = kd.mlp(64, 1, 16, init="he", seed=200)
    samples = kd.sample(net, kd.noise(digits, 120, seed=200), 20, [20]).at(20)
    by_hand = np.mean([kd.prdc(look(digits.test), look(samples))["coverage"] for look in looks])
    assert coverage["untrained he"] == pytest.approx(by_hand, rel=1e-6)


def test_what_a_network_makes_of_images_is_scored_as_samples_are(folder, digits):
    looks = [kd.features(digits, seed, steps=20) for seed in (0, 1)]
    real = [reference(rows.features_of(look, digits.test)) for look in looks]
    net = jobs.first_network(JOBS[0], folder)
    made = rows.State(JOBS[0], net, digits, looks, real, 200, "baseline").reconstructed()
    found = {(row["architecture"], row["quantity"]): row["value"] for row in made}
    with torch.no_grad():
        outputs = net(digits.test[:120])
    assert found["f of held-out points", "copy share"] == novelty(outputs[:60], digits)["copy share"]
    by_hand = np.mean([kd.prdc(known, look(outputs))["density"] for look, known in zip(looks, real, strict=True)])
    assert found["f of held-out points", "density"] == pytest.approx(by_hand, rel=1e-6)
    assert found["f of training points", "novelty"] != found["f of held-out points", "novelty"]


def test_chains_from_other_noise_are_scored_as_others_are(small, digits):
    look, net = kd.features(digits, 0, steps=20), lambda x: 0.99 * x
    of = rows.State(JOBS[0], net, digits, [look], [reference(rows.features_of(look, digits.test))], 200, "baseline")
    found = {(row["condition"], row["quantity"]): row["value"] for row in of.other_starts()}
    assert {condition for condition, _ in found} == {"gaussian", "binary"}
    samples = kd.sample(net, kd.noise(digits, 120, "binary", 200), 20, [20]).at(20)
    by_hand = predicted(look.classes(look(samples)))["confidence"]
    assert found["binary", "confidence"] == pytest.approx(by_hand, rel=1e-6)
    assert found["gaussian", "confidence"] != pytest.approx(by_hand, rel=1e-6)


def test_the_remedy_is_learned_and_turned_as_it_says(folder, monkeypatch, tmp_path, digits):
    job = Job("digits", 10, 16, "he", RECIPE[0], noise=0.5, **SMALL)
    learn_all(job, digits, folder, SEEDS[:1])
    net = network(folder / "digits-10-16-noise0.5-he-200.safetensors")
    (by_hand,) = kd.build("mlp", digits, 10, 16, [200], init="he")
    kd.learn([by_hand], digits.train, 60, batch=64, lr=1e-4, noise=0.5)
    z = kd.noise(digits, 120, seed=200)
    assert torch.allclose(net(z), by_hand(z), atol=1e-5)
    plain = row("C3", "pc", "digits", "mlp", 200, 0.75, run=20, depth=10)
    write_evidence(tmp_path / "record" / "paper", "03", "paper", [plain, plain | {"seed": 201, "value": 0.5}])
    look = kd.features(digits, 0, steps=20)
    found = rows.State(job, net, digits, [look], [reference(look(digits.test))], 200, RECIPE[1]).remedied()
    assert {each.pop("notebook") for each in found} == {"09"}
    monkeypatch.setitem(CHOSEN["digits"], "kaleidoscope", 20)
    sizes = [1.0] * 195 + [0.0] * 5
    samples = kd.sample(net, z, 200, [200], "centred", sizes, bounds=digits.bounds, damping=0.5, seed=200).at(200)
    expected = kd.prdc(look(digits.test), look(samples))["pc"] - 0.75
    assert repaired(write_evidence(tmp_path, "09", "paper", found), "digits") == pytest.approx([expected])


def test_networks_of_another_architecture_come_to_the_evidence_of_their_claim(small, monkeypatch, tmp_path, digits):
    job = Job("digits", 2, 4, "he", "cnn", "cnn", steps=30, lr=1e-3, level=0.9, batch=64)
    for module, name in ((published, "DECIDING"), (rows, "DECIDING"), (jobs, "DECIDING")):
        monkeypatch.setattr(module, name, SEEDS)
    monkeypatch.setattr(published, "JOBS", (job,))
    monkeypatch.setattr(published, "load", lambda name: digits)
    monkeypatch.setattr(published, "judges", lambda data: [kd.features(digits, 0, steps=20)])
    published._judges.cache_clear()
    for command in ("learn", "measure", "compare"):
        published.main(command, tmp_path / "networks")
    assemble(tmp_path / "networks", tmp_path / "record" / "paper")
    assert [*published.parts(job, 200), *published.parts(job, 201), *published.uncompared(job, tmp_path)] == []
    found = read_evidence(tmp_path / "record" / "paper", "05", "paper")
    assert {"learned", "loss 0.9", "untrained"} == set(found.table["condition"])
    for seed, fall in zip(SEEDS, trained("cnn")(found, "digits"), strict=True):
        z = kd.noise(digits, 120, seed=seed)[:60]
        (before,) = kd.build("cnn", digits, 2, 4, [seed], init="he")
        after = network(tmp_path / "networks" / f"digits-cnn-2-4-he-{seed}.safetensors")
        expected = kd.contraction(after, z, digits) - min(1, kd.contraction(before, z, digits))
        assert fall == pytest.approx(expected, abs=1e-5)
    assert found.arrays["digits/cnn/learned"].shape == (26, 48, 64)
    with torch.no_grad():
        first = digits.as_bytes(after(kd.noise(digits, 120, seed=201)[:48]))
    assert not torch.equal(found.arrays["digits/cnn/learned"][1], first)  # they are the first seed's


def test_networks_of_other_architectures_are_those_of_the_rules():
    page = (ROOT / "book" / "claims.md").read_text()
    row = r"^\| (CNN|Transformer|U-Net) \| .* \| ([\d,]+) \| (He|PyTorch's) \| ([\d.]+) \| ([\d,]+) \|$"
    rules = re.findall(row, page, re.MULTILINE)
    images = replace(kd.load("mnist5k", seed=100), name="mnist")
    made = []
    for job in jobs.JOBS:
        if job.architecture != "mlp":
            (net,) = kd.build(job.architecture, images, job.depth, job.width, [200], init=job.init)
            name = {"cnn": "CNN", "transformer": "Transformer", "unet": "U-Net"}[job.architecture]
            init = {"he": "He", "torch": "PyTorch's"}[job.init]
            made.append((name, f"{sum(p.numel() for p in net.parameters()):,}", init, f"{job.lr:g}", f"{job.steps:,}"))
    assert made == rules
    assert len(made) == 3
    assert {(job.data, job.batch) for job in jobs.JOBS if job.architecture != "mlp"} == {("mnist", 1000)}
    assert {job.level for job in jobs.JOBS if job.architecture != "mlp"} == {0.064}


def test_no_job_is_taken_for_another_whose_name_begins_with_its_own():
    names = [job.name for job in jobs.JOBS]
    assert [(a, b) for a in names for b in names if a != b and b.startswith(a)] == []
    assert len(set(names)) == len(names)


def test_classifiers_that_take_noise_for_data_do_not_judge(small, monkeypatch, digits):
    precision = iter([0.05, 0.3, 0.1, 0.0, 0.11, 0.02, 0.01])
    monkeypatch.setattr(rows, "features", lambda data, seed: seed)
    monkeypatch.setattr(rows, "features_of", lambda look, x: x)
    monkeypatch.setattr(rows, "prdc", lambda real, fake: {"precision": next(precision)})
    assert rows.judges(digits) == [0, 2, 3, 5, 6]


def test_classifiers_that_lie_in_the_record_judge(small, folder, monkeypatch, tmp_path, digits):
    monkeypatch.setattr(published, "JOBS", JOBS[:1])
    monkeypatch.setattr(published, "DECIDING", SEEDS[:1])
    monkeypatch.setattr(rows, "JUDGES", 2)
    monkeypatch.setattr(published, "SEARCHED", ("digits",))
    monkeypatch.setattr(published, "load", lambda name: digits)
    searched = [kd.features(digits, seed, steps=20) for seed in (4, 7)]
    monkeypatch.setattr(rows, "features", lambda data, seed: searched[seed])
    monkeypatch.setattr(rows, "NOISE", 1.0)
    published._judges.cache_clear()
    published.main("measure", folder)
    assemble(folder, tmp_path / "record" / "paper")
    monkeypatch.setattr(rows, "features", None)  # nothing is searched for any more
    for read, written in zip(rows.judges(digits), searched, strict=True):
        assert torch.equal(read(digits.test), written(digits.test))
        assert torch.equal(read.classes.weight, written.classes.weight)


def test_the_class_of_a_chain_is_that_of_most_classifiers():
    class Sees:
        def __init__(self, *found):
            self.found = torch.nn.functional.one_hot(torch.tensor(found), 10).float()

        def __call__(self, x):
            return x

        def classes(self, x):
            return self.found

    looks = [Sees(1, 2, 3), Sees(1, 5, 2), Sees(0, 5, 1)]
    assert rows.majority(looks, torch.zeros(3, 64)).tolist() == [1, 5, 1]


def test_the_cells_that_decide_claims_about_small_networks_are_those_of_the_rules():
    chapters = {chapter.number: chapter for chapter in CHAPTERS}
    bounded, corners = (chapters[number].cells("paper") for number in ("01", "02"))
    assert {cell.output: [c.seeds for c in bounded if c.output == cell.output] for cell in bounded} == {
        output: [(seed,) for seed in range(200, 240)] for output in ("tanh", "linear")
    }
    assert {(c.data, c.depth, c.width, c.batch, c.lr, c.snapshots, c.every, c.stop) for c in bounded} == {
        ("digits", 10, 128, 256, 1e-3, (0.08,), 5, True)
    }
    assert {cell.data for cell in corners} == {f"points-{d}-{2**n}" for d in (1, 2, 4, 8, 16) for n in range(12)} - {
        f"points-{d}-16" for d in (1, 2, 4, 8, 16)
    }
    assert {(c.depth, c.width, c.steps, c.batch, c.lr) for c in corners} == {(6, 50, 10_000, None, 1e-3)}
    for data in {cell.data for cell in corners}:
        assert sorted(seed for c in corners if c.data == data for seed in c.seeds) == list(range(200, 210))
    assert not chapters["03"].cells("paper")


def test_a_reproduction_goes_on_where_it_was_killed_and_computes_nothing_that_is_recorded(
    small, monkeypatch, tmp_path, digits
):
    for name, value in {"JOBS": JOBS[:1], "DECIDING": SEEDS, "load": lambda name: digits}.items():
        monkeypatch.setattr(published, name, value)
    monkeypatch.setattr(published, "judges", lambda data: [kd.features(data, 0, steps=20)])
    published._judges.cache_clear()
    learned, killed = [], [201]

    def counted(job, data, folder, seeds):
        if seeds == killed:
            killed.clear()
            raise KeyboardInterrupt
        learned.extend(seeds)
        learn_all(job, data, folder, seeds)

    monkeypatch.setattr(published, "learn_all", counted)
    with pytest.raises(KeyboardInterrupt):
        published.main("learn", tmp_path / "one")
    assert published.parts(JOBS[0], 200) == ["", "-0.9", "-kicked", "-followed", "-late"]
    published.main("compare", tmp_path / "one")
    assert published.uncompared(JOBS[0], tmp_path / "one") == [
        "untrained", "sampled-before", "guards", "reconstructed", "other-inputs", "other-starts",
    ]  # fmt: skip
    for command in ("learn", "measure"):
        published.main(command, tmp_path / "one")
    assert learned == [200, 201]
    assemble(tmp_path / "one", tmp_path / "record" / "paper")
    assert [published.parts(JOBS[0], seed) for seed in SEEDS] == [[], []]
    assert published.uncompared(JOBS[0], tmp_path / "one") == []
    for command in ("learn", "measure", "compare"):  # another machine, which has the record alone
        published.main(command, tmp_path / "two")
    assert learned == [200, 201]
    assert not (tmp_path / "two").exists()
    kept = tmp_path / "record" / "paper" / "07.csv"
    kept.write_text("".join(line for line in kept.open() if not line.startswith("B1,coverage")))
    assert [published.parts(JOBS[0], seed) for seed in SEEDS] == [["-late"], ["-late"]]


def test_a_network_that_never_came_to_the_level_is_not_asked_for_it(small, monkeypatch, tmp_path, digits):
    job = replace(JOBS[1], steps=5, level=1e-6)
    learn_all(job, digits, tmp_path / "record" / "paper", [200])
    assert published.parts(job, 200) == [""]
    assert published.parts(job, 201) == ["", "-1e-06"]
