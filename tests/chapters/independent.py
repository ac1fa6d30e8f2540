"""The verdicts a second time, from `book/claims.md` and the recorded tables alone; it shares no code with the package.

python tests/chapters/independent.py RECORD_FOLDER LEDGER.json, where RECORD_FOLDER has paper/ (may be missing),
laptop/ and extended/. Prints one line per disagreement and exits 1 if there is one."""

import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

CLAIMS = {  # claimed side and threshold; fifteen are one family, twelve another, three a third
    "C1": ("<", 0.5), "C2a": ("<", 0), "C2b": ("<", 0), "C3a": (">=", 0.8), "C3b": (">=", 0.5), "C4": (">", 0),
    "C5a": ("<=", -0.1), "C5b": ("<=", -0.1), "C5c": ("<=", -0.1), "C6": ("<", 0), "C7a": ("<", 0), "C7b": (">", 0),
    "C8": (">=", 0.9), "C9a": (">=", 0.8), "C9b": (">=", 0.5), "C2m": ("<=", -0.1), "C2bm": ("<=", -0.1),
    "C4m": (">=", 0.1), "C2p": ("<=", -0.1), "C4p": (">=", 0.1), "C2i": ("<=", -0.1), "C4i": (">=", 0.1),
    "B1": ("<", 0), "B2": (">=", 0.05), "B3": ("<", 0.1), "B4": (">=", -0.05), "B5": (">=", 0.1),
    "M1": (">=", 0.5), "M2": ("<", 0.5), "M3": ("<", 0.55),
}  # fmt: skip
SINGLE = {  # claims that are one number of the depth-10 chains from noise: quantity, run in the table
    "C1": ("rho", 1), "C3a": ("precision", 20), "C3b": ("coverage", 20), "C8": ("share that keeps its class", None),
    "C9a": ("precision", 20), "C9b": ("coverage", 20), "B2": ("copy share", 20), "B3": ("share neither", 500),
}  # fmt: skip
NOTEBOOKS = ["C1 C6", "C7", "C3 C8", "C2 C4", "C5", "C9", "B1 B2 B3", "B4", "B5", "", "M1 M2 M3"]  # 01 to 11
DATA = {"C6": ("digits", ["digits"]), "C7": ("points", ["points"]), "C9": ("fashion", ["fashion5k"])}  # deciding, small
DATA |= dict.fromkeys(["M1", "M2", "M3"], ("mnist", ["digits"]))
LARGEST = {"mnist": "30000 images", "digits": "700 images"}  # of two disjoint sets
ONCE = ("C2p", "C4p", "C2i", "C4i", "B4", "B5")  # their small networks were measured once
SIDES = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
LEVEL = {"mnist": 0.075, "digits": 0.12, "mnist5k": 0.2}  # the equal training loss
RIVALS = ["Gaussian mixture", "kernel density", "VAE", "walkback"]
CEILINGS = ("training", "f of", "held", "half", "one half", "other half")  # no trivial samples, so no guards
BEST_RUN, BEST_RIVAL = 20, None  # the run that the rules name, and no rival, for tables without pilot rows


def pick(rows: pd.DataFrame, **want) -> pd.Series:
    """The one value of each seed in the rows that are as wanted."""
    for column, value in want.items():
        rows = rows if value is None else rows[rows[column] == value]
    if rows.seeds.duplicated().any():
        raise ValueError(f"more than one row a seed: {want}")
    return rows.set_index("seeds").value


def corners(claim: str, rows: pd.DataFrame) -> pd.Series:
    """C7: each seed's least-squares slope of log2(largest corner loss), over points (mean over d) or over d."""
    rows = rows[rows.quantity == "largest corner loss"]
    shape = rows.data.str.extract(r"points-(\d+)-(\d+)").astype(int)
    wide = rows.assign(d=shape[0], many=shape[1]).pivot(index="seeds", columns=["d", "many"], values="value")
    dims, many = [1, 2, 4, 8, 16], [32] if claim == "C7b" else sorted(set(shape[1]))
    wide = np.log2(wide.reindex(columns=pd.MultiIndex.from_product([dims, many])).dropna().clip(lower=1e-8))
    lines = [(many, wide[d]) for d in dims] if claim == "C7a" else [(dims, wide)]
    return pd.Series(np.mean([np.polyfit(np.log2(x), y.to_numpy().T, 1)[0] for x, y in lines], axis=0), wide.index)


def numbers(claim: str, every: pd.DataFrame, data: str, paper: bool) -> pd.Series | None:
    """The endpoint of each seed; None where a rule other than the number of seeds says *not run*."""
    name, form = claim[:2], claim[-1] if claim[-1] in "mpi" else ""
    if name == "C7":
        return corners(claim, every[(every.claim == name) & (every.architecture == "mlp")])
    every = every[every.data == data]
    rows, losses, mlp = every[every.claim == name], [], {"architecture": "mlp", "depth": 10, "condition": "noise"}
    if claim in SINGLE:
        return pick(rows, quantity=SINGLE[claim][0], run=SINGLE[claim][1], **mlp)
    if name == "M1":
        return pick(rows, quantity="share near own set", architecture="mlp", condition="100 images", run=500)
    if name == "M2":
        about = {"architecture": "other images, other weights", "condition": LARGEST[data], "run": 20}
        alike = (pick(rows, quantity="different noises", **about) < 0.1).any()  # two constants agree as well
        return None if alike else pick(rows, quantity="ratio", **about)
    if name == "M3":
        about = {"architecture": "mlp", "condition": LARGEST[data], "run": 20}
        return pick(rows, quantity="share nearer to own set", **about)
    quantity, run = "pc", None
    if name in ("C2", "C4"):
        quantity, run = ("pc", 20) if name == "C4" else ("pair contraction" if "b" in claim else "rho", 1)
        shallow = {"p": "equal parameters", "i": "He"}.get(form, "mlp")
        deep = "mlp" if paper and form == "p" else shallow
        condition = f"loss {LEVEL[data]:g}" if form else "equal steps"
        ends = [{"architecture": a, "depth": d, "condition": condition} for a, d in ((deep, 10), (shallow, 1))]
        if form:
            losses = [pick(every, claim="C2", quantity="loss", **end) / LEVEL[data] for end in ends]
            pc = rows[(rows.quantity == "pc") & (rows.run == 20) & (rows.condition == condition)]
            pc = pc[(pc.architecture == shallow) | ((pc.architecture == deep) & (pc.depth == 10))]
            if pc.groupby("depth").value.mean().max() < 0.1:  # C4 alone has any: no depth makes samples there
                return None
    elif name == "C5":
        kind = {"a": "cnn", "b": "transformer", "c": "unet"}[claim[2]]
        quantity, run, ends = "rho", 1, [{"architecture": kind, "condition": c} for c in ("learned", "untrained")]
    elif name == "C6":
        quantity, run, ends = "rho", 1, [{"architecture": kind, "depth": 10} for kind in ("tanh", "linear")]
        losses = [pick(rows, quantity="loss over level", **end) for end in ends]
    elif name == "B1":
        quantity, ends = "coverage", [mlp | {"run": run} for run in (200, 20)]
    elif name == "B4":  # the best rival: the highest PC on pilot seeds, of settings that copy at most 0.05 there
        means = rows[rows.architecture.isin(RIVALS)].groupby(["architecture", "condition", "quantity"]).value.mean()
        means = means.unstack().reset_index("condition")
        pilots = means[(means.condition != "drawn") & (means["copy share"] <= 0.05)].pc
        best = pilots.idxmax() if len(pilots) else BEST_RIVAL or means.pc.idxmax()
        ends = [{"architecture": kind, "condition": "drawn"} for kind in ("kaleidoscope", best)]
    else:
        pilots = rows[(rows.architecture == "plain, of four fifths") & (rows.condition == "plain")]
        pilots = pilots[pilots.quantity == "pc"].groupby("run").value.mean()
        ends = [{"architecture": "He, noise 0.5", "condition": "damping 0.5, kick 1, stopped", "run": 200}]
        ends += [{"architecture": "plain", "condition": "plain", "run": pilots.idxmax() if len(pilots) else BEST_RUN}]
    a, b = (pick(rows, **({"quantity": quantity, "run": run} | end)) for end in ends)
    both = pd.concat([a, b.clip(upper=1) if name == "C5" else b, *losses], axis=1, join="inner")
    met = all(x.between(0.97, 1.03 if name == "C6" else 1).all() for x in losses)  # within 3 % of the level
    return both.iloc[:, 0] - both.iloc[:, 1] if met else None


def summary(x: pd.Series, threshold: float) -> dict:
    """Mean, 95 % t-interval, two-sided p (not corrected). Where all seeds agree exactly, the value itself decides."""
    mean, half, p = float(x.mean()), 0.0, 0.0
    if np.ptp(x) > 0:
        half = float(stats.t.ppf(0.975, len(x) - 1) * stats.sem(x))
        p = float(stats.ttest_1samp(x, threshold).pvalue)
    return {"mean": mean, "low": mean - half, "high": mean + half, "p": p}


def passing(claim: str, guards: dict[str, pd.Series]) -> dict[str, float]:
    """The means of those guards whose numbers lie on the claimed side, and of several their interval, too."""
    (side, threshold), found = CLAIMS[claim], {kind: summary(x, CLAIMS[claim][1]) for kind, x in guards.items()}
    return {
        kind: x["mean"]
        for kind, x in found.items()
        if SIDES[side](x["mean"], threshold) and not x["low"] <= threshold <= x["high"]
    }


def digits(means: dict[str, float]) -> list[str]:
    """Names with their numbers, as exact as they are compared."""
    return sorted(f"{kind} {mean:.5g}" for kind, mean in means.items())


def decided(claim: str, rows: pd.DataFrame | None, data: str) -> dict:
    """All that is said of a claim at the paper's scale but its word; without a mean if it is not run."""
    planned = range(300, 310) if claim[0] == "M" else range(200, 240 if claim == "C6" else 210)
    out = {"p": 1.0, "seeds": 0, "also": {}, "not monotone": False}
    if rows is None:
        return out
    rows = rows[rows.seeds.isin(planned) | ((rows.seeds < 100) & (claim in ("B4", "B5")))]  # these two have pilots
    x = numbers(claim, rows, data, paper=True)
    if x is None or not set(planned) <= set(x.index):
        return out
    rows, x = rows[rows.seeds.isin(planned) & (rows.claim == claim[:2])], x[x.index.isin(planned)]
    if claim[:2] in ("C1", "C3", "C9"):  # guards: trivial maps and trivial samples
        trivial = rows[(rows.condition == ("noise" if claim == "C1" else "baseline")) & (rows.architecture != "mlp")]
        trivial = trivial[(trivial.quantity == SINGLE[claim][0]) & (trivial.data == data)]
        means, (side, threshold) = trivial.groupby("architecture").value.mean(), CLAIMS[claim]
        out["also"] = {
            kind: v for kind, v in means.items() if SIDES[side](v, threshold) and not kind.startswith(CEILINGS)
        }
    if claim in ("C2a", "C2b", "C4"):  # networks before training
        before = rows[(rows.condition == "baseline") & (rows.data == data)]
        before = before[before.quantity == {"C2a": "rho", "C2b": "pair contraction", "C4": "pc"}[claim]]
        for kind, some in before.groupby("architecture"):
            ends = some.set_index("seeds").groupby("depth").value
            out["also"] |= passing(claim, {kind: ends.get_group(10) - ends.get_group(1)})
    if claim == "M2":
        memory = pick(rows[rows.data == data], quantity="ratio", architecture="nearest images", condition=LARGEST[data])
        out["also"] = passing(claim, {"nearest images": memory}) if len(memory) else {}
    if claim[:2] == "C7":  # a perfect memory, and a constant
        trivial = rows[rows.architecture != "mlp"].groupby("architecture")
        out["also"] = passing(claim, {kind: corners(claim, some) for kind, some in trivial})
    if claim == "C4":
        pc = rows[(rows.quantity == "pc") & (rows.run == 20) & (rows.condition == "equal steps")]
        pc = pc[(pc.architecture == "mlp") & pc.depth.between(1, 9)].groupby("depth").value.mean()
        out["not monotone"] = bool((pc < pc[1]).any())
    return out | {"seeds": len(x)} | summary(x, CLAIMS[claim][1])


def recompute(record: Path, laptop: Path) -> dict[str, dict]:
    """Each claim's verdict from record/paper, and beside it the small networks of `laptop` and record/extended."""
    tables, verdicts, paper, extended = {}, {}, record / "paper", record / "extended"
    for folder, (notebook, names) in product((paper, laptop, extended), enumerate(NOTEBOOKS, 1)):
        if (folder / f"{notebook:02}.csv").exists():
            rows = pd.read_csv(folder / f"{notebook:02}.csv", dtype={"seeds": str})
            rows = rows[~rows.seeds.str.contains("-") & np.isfinite(rows.value)].astype({"seeds": int})
            tables |= {(folder, name): rows for name in names.split()}
    for claim, (side, threshold) in CLAIMS.items():
        deciding, small = DATA.get(claim[:2], ("mnist", ["digits", "mnist5k"]))
        verdicts[claim] = decided(claim, tables.get((paper, claim[:2])), deciding) | {"small": []}
        rows = tables.get((extended if claim in ONCE else laptop, claim[:2]))
        for data in small if rows is not None else []:
            x = numbers(claim, rows, data, paper=False)
            if x is not None and len(x) > 1:
                mean, low, high, _ = summary(x, threshold).values()
                word = "claimed side" if SIDES[side](mean, threshold) else "other side"
                word = "undecided" if low < high and low <= threshold <= high else word
                interval = f" [{low:.2f}, {high:.2f}]" if low < high else ""
                verdicts[claim]["small"].append(f"`{data}`: {mean:.2f}{interval}, {word}")
    for family in (list(CLAIMS)[:15], list(CLAIMS)[15:27], list(CLAIMS)[27:]):
        corrected = 0.0
        for rank, claim in enumerate(sorted(family, key=lambda claim: verdicts[claim]["p"])):  # Holm
            out, (side, threshold) = verdicts[claim], CLAIMS[claim]
            corrected = max(corrected, min(1.0, (len(family) - rank) * out["p"]))
            word = "supported" if SIDES[side](out.get("mean", 0), threshold) else "not supported"
            out["word"] = "not run" if "mean" not in out else word if corrected < 0.05 else "inconclusive"
            out["p"] = corrected if "mean" in out else None
            out["also"] = digits(out["also"]) if out["word"] == "supported" else []
    return verdicts


def main(folder: str, ledger: str) -> int:
    ours, wrong = recompute(Path(folder), Path(folder) / "laptop"), set()
    ledgers = {entry["claim"]: entry for entry in json.loads(Path(ledger).read_text())["claims"]}
    for claim, key in product(ours, ("word", "seeds", "mean", "low", "high", "p", "also", "not monotone", "small")):
        entry = ledgers.get(claim, {})
        there = {"not monotone": "not monotone" in json.dumps(entry), "also": digits(entry.get("also", {}))}
        a, b = ours[claim].get(key), (entry | there).get(key)
        if a != b and not (isinstance(a, float) and b is not None and np.isclose(a, b, rtol=1e-6, atol=1e-12)):
            wrong.add(claim)
            sys.stdout.write(f"{claim}: {key}: {a} here, {b} there\n")
    sys.stdout.write(f"{len(ours)} claims recomputed, {len(wrong)} disagree\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
