"""B4 at the paper's scale: generators that learn without a network, beside the kaleidoscopes that decide C3."""

from kaleido.chapters.common import DECIDING, DEEP, SAMPLED, held_out
from kaleido.chapters.generators.cells import BESIDE, CHOSEN, PICTURES, TRIED
from kaleido.chapters.generators.generators import GENERATORS, Setting
from kaleido.chapters.rows import decided, judges, scores_and_copies
from kaleido.lab.evidence import recorded


def rivals(cell, net, whole, seed, history, add):
    """B4: samples of one rival, the cell's variant, as many as there are held-out points, judged as those of C3 are.

    With `points` it learns from the first training points, is judged on the other ones, and tries every setting: the
    pilot. Else it has the setting that the pilot chose, and is judged on the held-out points.
    """
    data = whole.validation(cell.points) if cell.points else whole
    looks, n = judges(whole), len(data.test)
    real = [held_out(data, look) for look in looks]
    draw, key, _ = GENERATORS[cell.variant]
    for value in TRIED[cell.variant] if cell.points else (CHOSEN[whole.name][cell.variant],):
        samples = draw(data, n, seed, Setting(cell.depth, cell.width, cell.steps), **{key: value})
        for quantity, score, count in scores_and_copies(samples, looks, real, data):
            add("B4", quantity, score, count, f"{key} {value}" if cell.points else "drawn")
    return None if cell.points else {f"{cell.data}/{cell.variant}": data.as_bytes(samples[:PICTURES])}


def kaleidoscope(cell, net, data, seed, history, add):
    """B4: run 20 of the deciding network of the same seed, from the records of notebooks 03 and 07.

    With the first seed come the scores of training points and of mixup, which were drawn with it, and its pictures.
    """
    scores, about = recorded("03", "paper"), {"data": cell.data, "seeds": str(seed)}
    turned = {"architecture": "mlp", "condition": "noise", "run": SAMPLED, **about}
    for row in [*decided(cell.data, seed), *recorded("07", "paper").rows(claim="B2", **turned).itertuples()]:
        if "range" not in row.quantity:
            add("B4", row.quantity, row.value, row.n, "drawn")
    for name in BESIDE:
        for row in scores.rows(claim="C3", architecture=name, **about).itertuples():
            add("B4", row.quantity, row.value, row.n, "drawn", architecture=name)
    if seed == DECIDING[0]:
        return {f"{cell.data}/kaleidoscope": scores.arrays[f"{cell.data}/{DEEP}/kick none"][SAMPLED][:PICTURES]}
