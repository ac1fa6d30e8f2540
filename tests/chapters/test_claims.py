"""Claims on planted evidence: each side of each threshold, and in between; what correction, guards and gaps do."""

import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import row as any_row
from scipy.stats import ttest_1samp

from kaleido import chapters
from kaleido.chapters import CHAPTERS
from kaleido.chapters.claims import answer as answers
from kaleido.chapters.common import MATCHED
from kaleido.chapters.dimension.cells import DIMENSIONS, SIZES
from kaleido.chapters.generators.cells import CHOSEN
from kaleido.chapters.generators.claims import RIVALS
from kaleido.chapters.generators.generators import GENERATORS
from kaleido.chapters.kaleidoscope.claims import by_kick
from kaleido.chapters.remedies.cells import RECIPE
from kaleido.lab.endpoint import FAMILIES
from kaleido.lab.evidence import COLUMNS, Evidence, recorded, write_evidence
from kaleido.lab.ledger import again, claims_of, findings, judge, number, read_ledger, settle
from kaleido.tools import files

PLAIN_RUN = CHOSEN["mnist"]["kaleidoscope"]
CLAIMS = claims_of(CHAPTERS)
PAPERS, OURS, MEMORY = ([name for name, claim in CLAIMS.items() if claim.family == family] for family in FAMILIES)


def row(*about, **other):
    return any_row(*about, **{"width": 500, "run": None} | other)


def planted(numbers, loss=0.99, apart=0.9):
    """Rows, by notebook, from which each claim's endpoint is what `numbers` has for it, one per seed."""
    rows = {name: [] for name in ("01", "02", "03", "04", "05", "06", "07", "08", "09", "11")}

    def add(notebook, name, seed, value, claim, quantity, architecture="mlp", **other):
        data = other.pop("data", CLAIMS[name].data)
        rows[notebook].append(row(claim, quantity, data, architecture, CLAIMS[name].first + seed, value, **other))

    depth = {"C2a": ("rho", "mlp"), "C2b": ("pair contraction", "mlp"), "C4": ("pc", "mlp")}
    matched = {f"{name}m": about for name, about in (("C2", depth["C2a"]), ("C2b", depth["C2b"]), ("C4", depth["C4"]))}
    matched |= {f"{name}{end}": (quantity, variant) for name, quantity in (("C2", "rho"), ("C4", "pc"))
                for end, variant in (("p", "equal parameters"), ("i", "He"))}  # fmt: skip
    for name, values in numbers.items():
        for seed, v in enumerate(values):
            if name == "C1":
                add("01", name, seed, v, "C1", "rho", run=1)
                add("01", name, seed, 0.25, "C1", "rho", "black", run=1)
                add("01", name, seed, 1.0, "C1", "rho", "identity", run=1)
            elif name in depth or name in matched:
                quantity, variant = (depth | matched)[name]
                condition = "equal steps" if name in depth else f"loss {MATCHED['mnist']:g}"
                claim, run = ("C4", 20) if quantity == "pc" else ("C2", 1)
                for d, value in ((10, 0.5 + v), (1, 0.5)):
                    who = "mlp" if variant == "equal parameters" and d == 10 else variant
                    about = {"depth": d, "condition": condition}
                    if not any(
                        r["quantity"] == quantity
                        and r["architecture"] == who
                        and r["depth"] == d
                        and r["condition"] == condition
                        and r["seed"] == 200 + seed
                        for r in rows["04"]
                    ):
                        add("04", name, seed, value, claim, quantity, who, run=run, **about)
                    known = {
                        (r["quantity"], r["architecture"], r["depth"], r["condition"], r["seed"]) for r in rows["04"]
                    }
                    if ("loss", who, d, condition, 200 + seed) not in known:
                        add("04", name, seed, loss * MATCHED["mnist"], "C2", "loss", who, **about)
            elif name in ("C3a", "C3b", "C9a", "C9b"):
                quantity = "precision" if name[-1] == "a" else "coverage"
                notebook = "03" if name[1] == "3" else "06"
                add(notebook, name, seed, v, name[:2], quantity, run=20)
                for guard, value in (("mixup", 0.85), ("100 points repeated", 0.1), ("training points", 0.95)):
                    add(notebook, name, seed, value, name[:2], quantity, guard, condition="baseline")
            elif name[:2] == "C5":
                kind = {"a": "cnn", "b": "transformer", "c": "unet"}[name[-1]]
                add("05", name, seed, 1.5, "C5", "rho", kind, condition="untrained", run=1)
                add("05", name, seed, 1 + v, "C5", "rho", kind, condition="learned", run=1)
            elif name == "C6":
                for output, value in (("tanh", 0.5 + v), ("linear", 0.5)):
                    add("01", name, seed, value, "C6", "rho", output, run=1)
                    add("01", name, seed, loss, "C6", "loss over level", output, condition="train")
            elif name == "C8":
                add("03", name, seed, v, "C8", "share that keeps its class")
            elif name in ("B1", "B2", "B3"):
                where = {"B1": ("coverage", 200), "B2": ("copy share", 20), "B3": ("share neither", 500)}[name]
                add("07", name, seed, v + (0.5 if name == "B1" else 0), name, where[0], run=where[1])
                if name == "B1":
                    add("07", name, seed, 0.5, name, "coverage", run=20)
            elif name == "B4":
                add("08", name, seed, 0.5 + v, "B4", "pc", "kaleidoscope", condition="drawn")
                for rival in GENERATORS:
                    add("08", name, seed, 0.5 + 0.1 * (rival != RIVALS["mnist"]), "B4", "pc", rival, condition="drawn")
            elif name == "B5":
                add("09", name, seed, 0.5 + v, "B5", "pc", RECIPE[0], condition=RECIPE[1], run=200)
                add("09", name, seed, 0.5, "B5", "pc", "plain", condition="plain", run=PLAIN_RUN)
            elif name == "M1":
                for n, value in ((100, v), (10, 1.0)):
                    add("11", name, seed, value, "M1", "share near own set", condition=f"{n} images", run=500)
            elif name == "M2":
                about = {"architecture": "other images, other weights", "condition": "30000 images", "run": 20}
                add("11", name, seed, v, "M2", "ratio", **about)
                add("11", name, seed, apart, "M2", "different noises", **about)
                add("11", name, seed, 0.4, "M2", "ratio", **about | {"architecture": "nearest images"})
            elif name == "M3":
                about = {"condition": "30000 images", "run": 20}
                add("11", name, seed, v, "M3", "share nearer to own set", **about)
    if "C7a" in numbers:
        for seed, (a, b) in enumerate(zip(numbers["C7a"], numbers["C7b"], strict=True)):
            for d in DIMENSIONS:
                for n in SIZES:
                    value = 2.0 ** (-8 + a * np.log2(n) + b * np.log2(d))
                    about = {"condition": "corners", "data": f"points-{d}-{n}", "depth": 6, "width": 50}
                    for f in ("mlp", "nearest point", "mean point"):
                        add("02", "C7a", seed, value, "C7", "largest corner loss", **about | {"architecture": f})
    return rows


def evidence(rows):
    """Evidence by notebook, without files."""
    found = {}
    for notebook, some in rows.items():
        table = pd.DataFrame(some, columns=[*COLUMNS, "seed"]).assign(seeds=[str(each["seed"]) for each in some])
        found[notebook] = Evidence(notebook, "paper", table.astype({"seeds": str})[COLUMNS], {}, "", Path())
    return found


def around(distance, seed=0, names=CLAIMS):
    """Numbers of every claim whose means lie so many standard deviations from the thresholds, on the claimed side."""
    rng = np.random.default_rng(seed)
    numbers = {}
    for name in names:
        draw, claim = rng.standard_normal(CLAIMS[name].planned), CLAIMS[name]
        draw = (draw - draw.mean()) / draw.std(ddof=1)
        numbers[name] = claim.threshold + 0.01 * (draw + (-distance if claim.side in "<≤" else distance))
    return numbers


@pytest.mark.parametrize(("distance", "word"), [(3, "supported"), (-3, "not supported"), (0.3, "inconclusive")])
def test_each_side_of_each_threshold_and_in_between_give_the_three_words(distance, word):
    numbers = around(distance)
    verdicts = judge(CHAPTERS, evidence(planted(numbers)))
    assert {name: verdict.word for name, verdict in verdicts.items()} == dict.fromkeys(CLAIMS, word)
    for name, verdict in verdicts.items():
        assert verdict.mean == pytest.approx(numbers[name].mean(), abs=1e-6), name
        assert verdict.low < verdict.mean < verdict.high
        assert verdict.seeds == CLAIMS[name].planned


def test_the_families_are_those_of_the_page():
    page = (files.root() / "book" / "claims.md").read_text()
    assert " ".join(PAPERS) == "C1 C2a C2b C3a C3b C4 C5a C5b C5c C6 C7a C7b C8 C9a C9b"
    assert " ".join(OURS) == "C2m C2bm C4m C2p C4p C2i C4i B1 B2 B3 B4 B5"
    assert " ".join(MEMORY) == "M1 M2 M3"
    assert [len(PAPERS), len(OURS)] == [15, 12]
    assert not [name for name in CLAIMS if name not in page]


@pytest.mark.parametrize("family", [PAPERS, OURS, MEMORY], ids=FAMILIES)
def test_without_any_effect_a_decided_word_is_as_rare_as_the_level_says(family):
    """400 draws of a family whose means are its thresholds: 20 with a decided word, give or take chance (3 x 4.4)."""
    rng = np.random.default_rng(0)
    decided = 0
    for _ in range(400):
        found = {
            name: CLAIMS[name].threshold + rng.standard_normal(CLAIMS[name].planned) if name in family else "not drawn"
            for name in CLAIMS
        }
        decided += any(verdict.word in ("supported", "not supported") for verdict in settle(CLAIMS, found).values())
    assert 7 <= decided <= 33


def test_correction_is_by_family_and_counts_what_was_not_run():
    numbers = around(1.0, names=PAPERS)
    alone = dict.fromkeys(CLAIMS, "not run") | {"C1": numbers["C1"]}
    single = settle(CLAIMS, alone)["C1"]
    assert single.p == pytest.approx(min(1, 15 * float(ttest_1samp(numbers["C1"], 0.5).pvalue)))
    assert settle(CLAIMS, alone)["C2a"].word == "not run"
    other = settle(CLAIMS, alone | around(5, names=OURS + MEMORY))["C1"]
    assert other == single
    third = dict.fromkeys(CLAIMS, "not run") | {"M1": numbers["C1"]}  # the same numbers and threshold, a family of 3
    assert settle(CLAIMS, third)["M1"].p == pytest.approx(min(1, single.p / 5))


def test_a_claim_needs_all_of_its_planned_seeds():
    numbers = around(3)
    numbers["C1"] = numbers["C1"][:9]
    verdict = judge(CHAPTERS, evidence(planted(numbers)))["C1"]
    assert (verdict.word, verdict.reason) == ("not run", "9 of 10 planned seeds are there")
    more = around(3) | {"C8": np.full(11, 0.99)}
    assert judge(CHAPTERS, evidence(planted(more)))["C8"].reason == "11 of 10 planned seeds are there"


def test_equal_seeds_let_the_value_decide():
    numbers = around(3) | {"B2": np.zeros(10), "C8": np.full(10, 0.9)}
    verdicts = judge(CHAPTERS, evidence(planted(numbers)))
    assert (verdicts["B2"].word, verdicts["B2"].p, verdicts["B2"].low) == ("not supported", 0, None)
    assert verdicts["C8"].word == "supported"  # at the threshold itself, which is claimed
    level = around(3) | {"C4": np.zeros(10)}
    assert judge(CHAPTERS, evidence(planted(level)))["C4"].word == "not supported"  # more than 0 is claimed


def test_guards_qualify_support_and_never_take_away_a_failure():
    good, bad = (judge(CHAPTERS, evidence(planted(around(distance)))) for distance in (3, -3))
    assert good["C3a"].also.keys() == {"mixup"}  # and not the ceiling
    ceilings = [
        row("C3", "precision", "mnist", name, 200, 0.99, run=None, condition="baseline")
        for name in ("training points", "f of training points", "f of held-out points")
    ]
    more = planted(around(3))
    assert judge(CHAPTERS, evidence(more | {"03": more["03"] + ceilings}))["C3a"].also.keys() == {"mixup"}
    assert good["C1"].also.keys() == {"black"}
    assert good["M2"].also.keys() == {"nearest images"}
    assert (bad["C3a"].word, bad["C3a"].also) == ("not supported", {})
    assert good["C3a"].word == "supported"


def test_networks_before_training_that_pass_are_named():
    rows = planted(around(3))
    for name, shallow in {"untrained": 0.2, "untrained he": 0.0}.items():
        for depth, value in ((1, shallow), (10, 0.1)):
            about = {"depth": depth, "condition": "baseline"}
            pairs = [row("C2", "pair contraction", "mnist", name, s, value, **about, run=1) for s in range(200, 210)]
            rows["04"] += [*pairs, row("C4", "pc", "mnist", name, 200, value, **about, run=20)]
    found = judge(CHAPTERS, evidence(rows))
    assert found["C2b"].also == {"untrained": pytest.approx(-0.1)}
    assert found["C4"].also == {"untrained he": pytest.approx(0.1)}
    assert found["C2a"].also == {}
    entries = [{"claim": name, "also": {"black": 0.24} if name != "C4" else {}} for name in ("C1", "C3a", "C4")]
    filled = [about | entry for about, entry in zip(chapters.ledger("smoke"), entries, strict=False)]
    assert "Of the supported ones, C1, C3a are also passed by something trivial." in findings(filled)


def test_a_guard_whose_interval_holds_the_threshold_does_not_reach_it(tmp_path):
    rows = {seed: 0.3 if seed % 2 else 0.6 for seed in range(300, 310)}  # a mean of 0.45 [0.34, 0.56]
    for wide, also in ((True, set()), (False, {"nearest images"})):
        numbers = planted(around(3))
        for each in numbers["11"]:
            if each["architecture"] == "nearest images":
                each["value"] = rows[each["seed"]] if wide else 0.45 + 0.001 * (each["seed"] % 2)
        assert judge(CHAPTERS, evidence(numbers))["M2"].also.keys() == also


@pytest.mark.parametrize("loss", [0.96, 1.01])
def test_what_is_not_of_equal_loss_is_not_compared(loss):
    verdicts = judge(CHAPTERS, evidence(planted(around(3), loss=loss)))
    unrun = {name for name, verdict in verdicts.items() if verdict.word == "not run"}
    assert unrun == {"C2m", "C2bm", "C4m", "C2p", "C4p", "C2i", "C4i", "C6"}
    assert "of the level" in verdicts["C2m"].reason


def test_quality_is_not_compared_where_no_depth_makes_samples():
    numbers = around(3)
    rows = planted(numbers)
    for each in rows["04"]:
        if each["quantity"] == "pc" and each["condition"] != "equal steps":
            each["value"] = 0.01
    verdicts = judge(CHAPTERS, evidence(rows))
    assert verdicts["C4m"].reason == "no depth makes samples at that loss"
    assert verdicts["C2m"].word == "supported"


def test_kaleidoscopes_that_are_constants_are_not_said_to_agree():
    verdicts = judge(CHAPTERS, evidence(planted(around(3), apart=0.09)))
    assert {name for name, verdict in verdicts.items() if verdict.word == "not run"} == {"M2"}
    assert verdicts["M2"].reason == "samples from different noises are alike: 0.090 of the distance between images"


def test_a_rise_that_is_not_monotone_is_called_so():
    rows = planted(around(3))
    assert judge(CHAPTERS, evidence(rows))["C4"].reason == "unknown between these depths"
    for value, said in ((0.6, ""), (0.4, "not monotone")):
        between = [
            row("C4", "pc", "mnist", "mlp", 200 + i, value, depth=4, run=20, condition="equal steps") for i in range(10)
        ]
        verdict = judge(CHAPTERS, evidence(rows | {"04": rows["04"] + between}))["C4"]
        assert (verdict.word, verdict.reason) == ("supported", said)


def test_without_a_record_nothing_is_decided(build):
    verdicts = chapters.judge()
    assert {verdict.word for verdict in verdicts.values()} == {"not run"}
    entries = chapters.ledger("smoke")
    table = findings(entries)
    assert table.startswith("Of the paper's 15 claims: 15 not run (C1, C2a,")
    assert "**not run** yet" in table


def test_small_networks_are_shown_with_their_side_and_never_decide(build):
    numbers = around(3, names=["C1"])
    rows = [each | {"data": data} for data in ("digits", "mnist5k") for each in planted(numbers)["01"]]
    found = write_evidence(build / "smoke" / "evidence", "01", "smoke", rows)
    entry = chapters.ledger("smoke")[0]
    assert entry["word"] == "not run"
    assert entry["small means"] == pytest.approx({"digits": 0.47, "mnist5k": 0.47}, abs=0.005)
    assert "digits 0.47, mnist5k 0.47" in again(CHAPTERS, "smoke").splitlines()[1]
    assert entry["small"] == [f"`{data}`: 0.47 [0.46, 0.48], claimed side" for data in ("digits", "mnist5k")]
    shown = chapters.table(found).data.splitlines()
    assert [line.split(" | ")[0] for line in shown[2:]] == ["| C1", "| C6"]
    assert "0.47 [0.46, 0.48], claimed side" in shown[2]


def blocks(page):
    """What can be unfolded on a page: by claim, the numbers with three digits that begin cells."""
    found = {}
    for head, block in re.findall(r"<details><summary>(.*?)</summary>(.*?)</details>", page, re.DOTALL):
        for line in head.split("<br>"):
            found[line.partition(":")[0]] = sorted(map(float, re.findall(r"\| (-?\d+\.\d{3})\b", block)))
    return found


def test_each_decided_claim_can_be_unfolded_to_every_number_that_was_recorded_with_it():
    rows = {
        path.stem: pd.read_csv(path, dtype={"seeds": str})
        for path in (files.root() / "data" / "record" / "paper").glob("[0-9][0-9].csv")
    }
    notebook = {name: chapter.number for chapter in CHAPTERS for name in chapter.claims}
    asked = {}
    for name, verdict in chapters.judge().items():
        if verdict.word != "not run":
            table = rows[notebook[name]]
            table = table[~table["seeds"].str.contains("-") & (table["claim"] == re.match(r"[BCM]\d", name)[0])]
            table = table[table["data"].str.partition("-")[0] == CLAIMS[name].data]  # as the rules say, on its own data
            about = ["quantity", "data", "architecture", "depth", "width", "condition", "run"]
            means = table.groupby(about, dropna=False)["value"].mean()
            asked[name] = pytest.approx(sorted(means), abs=0.00051)
    assert len(asked) > 10
    assert chapters.beside().data.count("<summary>") == len({re.match(r"[BCM]\d", name)[0] for name in asked})
    assert blocks(chapters.beside().data) == asked
    (committed,) = (files.root() / "notebooks").glob("10_*.ipynb")
    shown = [
        output["data"]["text/markdown"]
        for cell in nbformat.read(committed, as_version=4).cells
        for output in cell.get("outputs", ())
        if "<details>" in output.get("data", {}).get("text/markdown", "")
    ]
    assert shown == [chapters.beside().data]


def test_a_block_says_what_its_rows_share_and_shows_a_mean_with_its_interval(build):
    found = planted(around(3, names=["C3a"]))["03"]
    guards = [each for each in found if each["architecture"] == "mlp" or each["seed"] == 200]
    write_evidence(files.record_folder() / "paper", "03", "paper", guards)
    lines = chapters.beside().data.splitlines()
    assert lines[0] == "<details><summary>C3a: After a burn-in, samples look like the data</summary>"
    assert lines[2] == "MNIST, depth 10, width 500, run 20:"
    (mean,) = [line for line in lines if line.startswith("| MLP, noise |")]
    assert mean == "| MLP, noise | 0.830 [0.823, 0.837] |"
    assert "| mixup, baseline | 0.850 |" in lines
    assert sum("<summary>" in line for line in lines) == 1


def test_a_word_that_is_not_the_recorded_one_is_told(build, capsys):
    numbers = around(3, names=["C1", "C6"])
    write_evidence(files.record_folder() / "paper", "01", "paper", planted(numbers)["01"])
    found = write_evidence(build / "smoke" / "evidence", "01", "smoke", planted(numbers)["01"])
    chapters.ledger("smoke")
    content = json.loads((build / "smoke" / "ledger.json").read_text())
    assert content["claims"][0]["word"] == "supported"
    path = files.record_folder() / "smoke" / "ledger.json"
    files.write(path, json.dumps(content))
    assert chapters.changed("smoke") == {}
    chapters.check(found)
    assert capsys.readouterr().out.startswith("the verdicts are those of the record\n")
    content["claims"][0]["word"] = "not supported"
    files.write(path, json.dumps(content))
    assert chapters.changed("smoke") == {"C1": "supported, recorded as not supported"}
    chapters.check(found)
    assert capsys.readouterr().out.startswith("C1: supported, recorded as not supported\n")


def test_scores_by_kick_are_those_of_the_record_with_their_side():
    found = recorded("03", "paper")
    table = by_kick(found)
    assert list(table.columns) == ["no kick", "centred kick", "published kick"]
    rows = found.table[
        (found.table["claim"] == "C3") & (found.table["run"] == 20) & found.table["seeds"].str.len().eq(3)
    ]
    for condition, kick in (("noise", "no kick"), ("published kick", "published kick")):
        for quantity, side in (("precision", "claimed side"), ("coverage", "other side")):
            seeds = rows[(rows["condition"] == condition) & (rows["quantity"] == quantity)]["value"]
            (said,) = [table.loc[name, kick] for name in table.index if name.endswith(f"{quantity} at run 20")]
            assert len(seeds) == 10
            assert said.startswith(f"{seeds.mean():.2f} [")
            assert said.endswith(f"], {side}")


def test_a_share_is_said_in_percent():
    entry = {"mean": 0.8994, "low": 0.8621, "high": 0.9361}
    assert number(entry, percent=True) == "90 % [86, 94]"
    assert number(entry) == "0.90 [0.86, 0.94]"
    assert number(entry | {"low": None, "high": None}, percent=True) == "90 %"


def test_a_finding_takes_one_number_of_each_seed(monkeypatch):
    mixed = {"two-sample": ("03", {"quantity": "two-sample", "architecture": "mlp"})}  # of several runs and kicks
    monkeypatch.setattr(answers, "VALUES", answers.VALUES | mixed)
    entries = read_ledger(files.root() / "data" / "record" / "laptop" / "ledger.json")
    with pytest.raises(ValueError, match="one per seed"):
        answers.answer(entries)
