"""What readers open, in a real browser: the page to turn the kaleidoscope, the book, the notebooks in JupyterLab."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from threading import Thread
from urllib.parse import unquote

import numpy as np
import pytest
import torch
from conftest import ROOT

import kaleido as kd
from kaleido.chapters.tour import int8
from kaleido.lab.evidence import read_evidence

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
PAGE = (ROOT / "figures" / "kaleidoscope.html").as_uri()
HERE = ("file:", "data:", "blob:", "about:blank", "http://127.0.0.1:", "ws://127.0.0.1:")
SIZES = {"desk": (1280, 900), "phone": (390, 844)}

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs Chromium (Debian's package chromium)")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser):
    """Opens the page; afterwards nothing was said on the console, and nothing was asked of a network."""
    wrong, pages = [], []

    def open_page(size="desk", address=PAGE, **options):
        width, height = SIZES[size]
        page = browser.new_page(viewport={"width": width, "height": height}, **options)
        page.on("console", lambda message: wrong.append(message.text) if _is_wrong(message) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(HERE) else wrong.append(request.url))
        page.goto(address)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not wrong


def _is_wrong(message):
    """Whether the console tells of an error; MathJax asks for a font at about:blank, to measure with what is none."""
    return message.type == "error" and "about:blank" not in message.text + message.location.get("url", "")


def keep(page, name):
    """Keeps a screenshot to be looked at."""
    page.screenshot(path=ROOT / "build" / "screenshots" / f"{name}.png", full_page=True)


def states(page):
    return torch.tensor(page.evaluate("kaleidoscope.states.map(x => Array.from(x))"))


def until(page, true):
    """Waits until an expression is true; `wait_for_function` evaluates text inside the page, which the page forbids."""
    for _ in range(600):
        if page.evaluate(true):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"it never came true: {true}")


def choose(page, network, beside=""):
    """Chooses networks on the page, and waits until they are there."""
    page.select_option("#network", network)
    page.select_option("#beside", beside)
    until(page, "!document.getElementById('about').innerText.startsWith('Loading')")


def networks(page):
    """The page's networks for small digits by key, made of the evidence's weights in PyTorch."""
    found = read_evidence(ROOT / "data" / "record" / "laptop", "00", "laptop")
    names = page.evaluate("kaleidoscope.networks.filter(n => !n.script).map(n => [n.key, n.depth, n.width])")
    rows = found.rows(data="digits", quantity="loss").sort_values(["condition", "depth"])
    nets = {}
    for (key, depth, width), (_, row) in zip(names, rows.iterrows(), strict=True):
        net = kd.mlp(64, depth, width)
        torch.nn.utils.vector_to_parameters(found.arrays[f"page/{depth}/{row['condition']}"], net.parameters())
        nets[key] = net
    return nets


def sent(depth):
    """A network of MNIST as its script beside the page has it, in PyTorch."""
    text = (ROOT / "figures" / f"kaleidoscope.mnist-{depth}.js").read_text()
    parts = {
        kind: base64.b64decode(value)
        for kind, value in json.loads(text[text.index("{") : text.rindex("}") + 1]).items()
    }
    weights, scales = np.frombuffer(parts["weights"], np.int8), np.frombuffer(parts["scales"], np.float32)
    biases, net = np.frombuffer(parts["biases"], np.float32), kd.mlp(784, depth, 500)
    for layer in [layer for layer in net if isinstance(layer, torch.nn.Linear)]:
        rows, columns = layer.weight.shape
        whole = weights[: rows * columns].reshape(rows, columns) * scales[:rows, None]
        layer.load_state_dict({"weight": torch.tensor(whole), "bias": torch.tensor(biases[:rows])})
        weights, scales, biases = weights[rows * columns :], scales[rows:], biases[rows:]
    assert not len(weights) + len(scales) + len(biases)
    return net


def test_the_pages_outputs_are_those_of_pytorch(opened):
    page = opened()
    start = torch.rand(24, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    nets = networks(page)
    assert len(nets) == 6
    for key, net in nets.items():
        choose(page, key)
        page.evaluate("x => { kaleidoscope.states = x }", start.tolist())
        page.click("#once")
        expected = kd.sample(net, start, 1).at(1)
        assert (states(page) - expected).abs().max() < 1e-4
        page.evaluate("kaleidoscope.turn(9)")
        x = states(page)
        page.click("#once")
        assert (states(page) - kd.sample(net, x, 1).at(1)).abs().max() < 1e-4
        assert page.evaluate("kaleidoscope.run") == 11


@pytest.mark.parametrize("depth", [1, 10])
def test_the_outputs_of_the_published_networks_are_those_of_pytorch_with_the_same_eight_bits(opened, depth):
    page, net = opened(), sent(depth)
    start = torch.rand(24, 784, generator=torch.Generator().manual_seed(1)) * 2 - 1
    choose(page, f"mnist-{depth}")
    page.evaluate("x => { kaleidoscope.states = x }", start.tolist())
    page.click("#once")
    assert (states(page) - kd.sample(net, start, 1).at(1)).abs().max() < 1e-3
    page.evaluate("kaleidoscope.turn(9)")
    x = states(page)
    page.click("#once")
    assert (states(page) - kd.sample(net, x, 1).at(1)).abs().max() < 1e-3


@pytest.mark.parametrize("depth", [1, 10])
def test_the_page_says_what_eight_bits_change(opened, depth):
    (net,), _ = kd.load_networks(
        ROOT / "data" / "record" / "paper" / f"mnist-{depth}-500-torch-200.float16.safetensors"
    )
    near = sent(depth)
    for layer, other in zip(net, near, strict=True):
        if isinstance(layer, torch.nn.Linear):
            step = layer.weight.abs().amax(1, keepdim=True) / 127
            assert ((layer.weight - other.weight).abs() <= step * 0.5001).all()
    start = torch.rand(200, 784, generator=torch.Generator().manual_seed(5)) * 2 - 1
    with torch.no_grad():
        off = float((net(start) - near(start)).square().mean().sqrt() / 2)  # of the range
    said = int8.effect(net)
    assert said[0] == pytest.approx(off, rel=0.1)
    assert said[1] > said[0]
    page = opened()
    choose(page, f"mnist-{depth}")
    text = page.inner_text("#effect")
    assert all(
        float(number) == pytest.approx(value, rel=0.1)
        for number, value in zip(re.findall(r"by (0\.\d+)", text), said, strict=True)
    )


def test_a_script_is_loaded_only_when_its_network_is_chosen(opened):
    page, asked = opened(address="about:blank"), []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.goto(PAGE)
    page.click("#once")
    choose(page, "digits-1", "digits-10")
    assert asked == ["kaleidoscope.html"]
    choose(page, "mnist-1")
    assert asked == ["kaleidoscope.html", "kaleidoscope.mnist-1.js"]
    choose(page, "mnist-10", "mnist-1")
    choose(page, "mnist-1", "mnist-10")
    assert asked == ["kaleidoscope.html", "kaleidoscope.mnist-1.js", "kaleidoscope.mnist-10.js"]
    assert all((ROOT / "figures" / name).stat().st_size < 5e6 for name in asked)


def test_without_its_script_a_network_is_asked_for_by_name(browser, tmp_path):
    (tmp_path / "page.html").write_bytes((ROOT / "figures" / "kaleidoscope.html").read_bytes())
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri() + "#network=mnist-10&seed=5")
    until(page, "document.getElementById('about').innerText.includes('kaleidoscope.mnist-10.js does not lie')")
    assert page.input_value("#network") == "digits-10"
    page.click("#once")
    assert page.inner_text("#count") == "run 1"
    page.close()


def test_two_depths_turn_side_by_side_from_the_same_noise_with_the_same_kicks(opened):
    page = opened()
    choose(page, "mnist-10", "mnist-1")
    page.evaluate("document.getElementById('kick').value = 0.1")
    start = states(page)
    assert torch.equal(torch.tensor(page.evaluate("kaleidoscope.beside.map(x => Array.from(x))")), start)
    page.click("#once")
    deep, shallow = states(page), torch.tensor(page.evaluate("kaleidoscope.beside.map(x => Array.from(x))"))
    kicks = []
    for x, depth in ((deep, 10), (shallow, 1)):
        moved = x - kd.sample(sent(depth), start, 1).at(1)
        kicks.append(torch.where(x.abs() < 1, moved, torch.nan))  # what was clipped tells no kick
    assert (kicks[0] - kicks[1]).nan_to_num().abs().max() < 1e-3
    assert kicks[0].nan_to_num().abs().max() == pytest.approx(0.1, abs=2e-3)
    assert page.inner_text("#second h3").startswith("MNIST, 1 layer")
    assert page.locator("#second canvas").count() == 24
    page.locator("#second .chain").nth(4).click()
    assert page.get_attribute("#picture", "aria-label").startswith("Chain 5")
    choose(page, "mnist-10")
    assert page.locator("#second").is_hidden()


@pytest.mark.parametrize("network", ["digits-4", "mnist-10"])
def test_the_address_leads_back_to_the_same_pictures(opened, network):
    page = opened()
    choose(page, network, "mnist-1" if network == "mnist-10" else "digits-2-stopped")
    page.check("input[value=gaussian]")
    page.focus("#kick")
    page.keyboard.press("ArrowRight")
    page.click("#fresh")
    for _ in range(3):
        page.click("#once")
    before, address = (
        page.evaluate("[kaleidoscope.states, kaleidoscope.beside].map(s => s.map(x => Array.from(x)))"),
        page.url,
    )
    assert address.endswith("&noise=gaussian&kick=0.01&seed=2&run=3")
    page.click("#fresh")
    again = opened(address=address)
    until(again, "kaleidoscope.run == 3")
    assert again.evaluate("[kaleidoscope.states, kaleidoscope.beside].map(s => s.map(x => Array.from(x)))") == before
    assert again.url == address
    again.click("#again")
    assert "seed=2&run=0" in again.url
    page.goto(address)  # the page is open already: only what follows # changes
    until(page, "kaleidoscope.run == 3")
    assert page.evaluate("[kaleidoscope.states, kaleidoscope.beside].map(s => s.map(x => Array.from(x)))") == before


def test_the_address_names_no_more_than_it_can_lead_back_to(opened):
    page = opened(address=f"{PAGE}#network=none&beside=mnist-1&noise=loud&kick=-3&seed=x&run=-1")
    assert page.url.endswith("#network=digits-10&noise=uniform&kick=0&seed=0&run=0")
    page.click("#once")
    page.focus("#kick")
    page.keyboard.press("ArrowRight")  # after a run without a kick
    page.click("#once")
    assert page.url.endswith("#network=digits-10&noise=uniform&kick=0.01&seed=0")
    page.click("#clear")
    assert page.url.endswith("#network=digits-10&noise=uniform&kick=0.01")
    assert "not in it" in page.inner_text("#link")


def test_the_pages_noise_is_spread_as_its_name_says(opened):
    page = opened()
    uniform, normal, binary = (
        torch.tensor(
            page.evaluate(
                f"document.querySelector('[value={kind}]').click() ?? kaleidoscope.states.map(x => Array.from(x))"
            )
        )
        for kind in ("uniform", "gaussian", "binary")
    )
    draws = torch.tensor(
        page.evaluate("(next => Array.from({length: 40000}, () => next()))(kaleidoscope.stream(3, 1))")
    )
    assert torch.histc(draws, 20, 0, 1).sub(2000).abs().max() < 200
    pairs = torch.stack([draws[:-1], draws[1:]])
    assert pairs.corrcoef()[0, 1].abs() < 0.02
    assert uniform.square().mean() == pytest.approx(1 / 3, abs=0.03)
    assert (normal.abs() < 0.5).float().mean() == pytest.approx(0.383, abs=0.04)
    assert set(binary.unique().tolist()) == {-1, 1}


@pytest.mark.parametrize("size", SIZES)
def test_the_published_networks_fit_the_screen_and_make_something_like_digits(opened, size):
    page = opened(size)
    choose(page, "mnist-10")
    page.evaluate("kaleidoscope.turn(20)")
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]
    keep(page, f"kaleidoscope_mnist_{size}")
    ink = (states(page) > 0).float().mean(1)
    assert 0.03 < ink.median() < 0.4  # of noise it is a half
    choose(page, "mnist-10", "mnist-1")
    page.evaluate("kaleidoscope.turn(20)")
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]
    keep(page, f"kaleidoscope_beside_{size}")


def test_a_start_is_drawn_for_mnist_too(opened):
    page = opened()
    choose(page, "mnist-1")
    page.click("#clear")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert (states(page)[0].reshape(28, 28) == 1).nonzero().tolist() == [[14, 13], [14, 14], [15, 13], [15, 14]]
    page.click("#once")
    assert page.evaluate("kaleidoscope.run") == 1


@pytest.mark.parametrize("size", SIZES)
def test_fifty_turns_give_digits_that_the_classifier_recognises(opened, size, tmp_path, monkeypatch):
    monkeypatch.setenv("KALEIDO_BUILD", str(tmp_path))
    page = opened(size)
    data = kd.load("digits", seed=100)
    look = kd.features(data, seed=100)
    noise = look.classes(look(states(page))).softmax(1).amax(1)
    for _ in range(50):
        page.click("#once")
    assert page.inner_text("#count") == "run 50"
    x = states(page)
    assert kd.nearest(x, data.train)[0].median() < 1.5 * kd.nearest(data.test, data.train)[0].median()
    sure = look.classes(look(x)).softmax(1).amax(1)
    assert sure.median() > 0.9
    assert sure.mean() > noise.mean()
    keep(page, f"kaleidoscope_{size}")
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]  # nothing hangs over


def test_the_kick_moves_pixels_by_as_much_as_it_says(opened):
    page = opened()
    page.evaluate("x => { kaleidoscope.states = x }", [[0.0] * 64] * 24)
    page.evaluate("document.getElementById('kick').value = 0.1")
    choose(page, "digits-1")
    zeros = "kaleidoscope.apply(kaleidoscope.networks.find(n => n.key == 'digits-1'), [Array(64).fill(0)])"
    before = torch.tensor(page.evaluate(f"Array.from({zeros}[0])"))
    page.evaluate("x => { kaleidoscope.states = x }", [[0.0] * 64] * 24)
    page.click("#once")
    moved = states(page) - before
    assert 0.09 < moved.abs().max() <= 0.1 + 1e-6
    assert abs(moved.mean()) < 0.01
    assert states(page).abs().max() <= 1


def test_it_plays_until_it_is_stopped(opened):
    page = opened()
    page.click("#play")
    for _ in range(100):
        page.wait_for_timeout(100)
        if page.evaluate("kaleidoscope.run") >= 3:
            break
    page.click("#play")
    run = page.evaluate("kaleidoscope.run")
    assert run >= 3
    page.wait_for_timeout(600)
    assert page.evaluate("kaleidoscope.run") == run
    assert page.inner_text("#play") == "Turn"


def test_a_start_is_drawn_with_the_pointer_and_with_keys(opened):
    page = opened("phone", has_touch=True)
    page.click("#clear")
    assert (states(page)[0] == -1).all()
    box = page.locator("#picture").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 3.5 / 8, box["y"] + box["height"] * 0.5 / 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 3.5 / 8, box["y"] + box["height"] * 7.5 / 8, steps=20)
    page.mouse.up()
    assert (states(page)[0].reshape(8, 8)[:, 3] == 1).all()
    assert (states(page)[0] == 1).sum() == 8
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert states(page)[0].reshape(8, 8)[7, 4] == 1
    page.click("#once")
    assert states(page)[0].abs().max() <= 1


def test_everything_can_be_reached_by_keyboard_and_has_a_name(opened):
    page = opened()
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
    wanted = {"network", "beside", "noise", "kick", "play", "once", "again", "fresh", "chain1", "picture", "clear"}
    assert wanted <= set(reached)
    page.focus("input[name=chain]:checked")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#picture", "aria-label").startswith("Chain 2")
    unnamed = page.evaluate("""[...document.querySelectorAll("select, input, button, canvas[role=img]")].filter(e =>
        !(e.labels?.length || e.getAttribute("aria-label") || e.innerText)).map(e => e.outerHTML)""")
    assert not unnamed
    assert "nearest to a" in page.inner_text("#told")


def test_the_nearest_digit_is_the_nearest(opened):
    page = opened()
    data = kd.load("digits", seed=100)
    x = states(page)
    found = page.evaluate("kaleidoscope.states.map(x => kaleidoscope.nearest(x))")
    distance, which = kd.nearest(x, data.train)
    assert torch.allclose(torch.tensor([each["distance"] for each in found]), distance, atol=1e-4)
    assert [each["label"] for each in found] == data.train_labels[which].tolist()


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The book as `make book` builds it: its warnings are errors."""
    folder = tmp_path_factory.mktemp("book")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", "book", ".", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_links_inside_the_book_lead_somewhere(book):
    pages = {path: path.read_text() for path in book.rglob("*.html") if "_static" not in path.parts}
    assert len(pages) > 20
    broken = []
    for path, text in pages.items():
        for link in re.findall(r'(?:href|src)="([^"#?:]+)(?:[#?][^"]*)?"', text):
            if not (path.parent / unquote(link)).exists():
                broken.append((path.name, link))
    assert not broken


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["book/index", "notebooks/00_tour", "notebooks/01_over_generalization", "book/api"])
def test_a_page_of_the_book_is_whole(book, opened, name, size):
    page = opened(size, (book / f"{name}.html").as_uri())
    page.wait_for_load_state("networkidle")
    images = page.evaluate("[...document.querySelectorAll('main img')].map(i => [i.src.slice(0, 80), i.naturalWidth])")
    assert not [source for source, width in images if not width]
    if name != "book/index":
        page.wait_for_selector(".MathJax", state="attached")  # formulas are typeset
    if "notebooks" in name:
        assert len(images) >= 2
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    keep(page, f"{name.replace('/', '_')}_{size}")


def test_the_kaleidoscope_turns_inside_the_book(book, opened):
    page = opened("desk", (book / "index.html").as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("#once").click()
    assert frame.locator("#count").inner_text() == "run 1"
    frame.locator("#network").select_option("mnist-1")  # its script is there, too
    for _ in range(100):
        if "8 bits" in frame.locator("#effect").inner_text():
            break
        page.wait_for_timeout(100)
    assert frame.locator("#picture").evaluate("canvas => canvas.width") == 28


def test_the_search_of_the_book_finds_the_burn_in(book, opened):
    page = opened("desk", (book / "search.html").as_uri() + "?q=burn-in")
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").all_inner_texts()
    assert any("claims" in title.lower() for title in found)


@pytest.fixture
def lab(tmp_path):
    """JupyterLab from `make lab`, with settings of its own; its address, token included."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = f"--no-browser --port {port} --LabApp.user_settings_dir={tmp_path} --LabApp.workspaces_dir={tmp_path}"
    arguments += " --LabApp.expose_app_in_browser=True"
    arguments += " --allow-root" if os.geteuid() == 0 else ""
    settings = tmp_path / "@jupyterlab" / "docmanager-extension" / "plugin.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"autosave": false}')  # the notebook stays as it was committed
    places = dict.fromkeys(("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"), str(tmp_path))
    process = subprocess.Popen(
        ["make", "lab", f"LAB_ARGS={arguments}"],
        cwd=ROOT,
        env=os.environ | places,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        address = next(found[0] for line in process.stderr if (found := re.search(r"http://127\.\S+token=\w+", line)))
        Thread(target=process.stderr.read, daemon=True).start()  # or it would wait for a reader
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


NOTEBOOK = "window.jupyterapp.shell.currentWidget"


def test_the_tour_runs_in_jupyterlab_from_make_lab(lab, opened):
    path = ROOT / "notebooks" / "00_tour.ipynb"
    before = path.read_text()
    tour = json.loads(before)
    cells = sum(cell["cell_type"] == "code" for cell in tour["cells"])
    page = opened("desk", lab.replace("/lab?", "/lab/tree/notebooks/00_tour.ipynb?"))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    # the indicator says idle before there is a kernel, and without one "Run all" empties the cells and runs none
    ready = f"() => {NOTEBOOK}.sessionContext.session?.kernel?.connectionStatus == 'connected'"
    page.wait_for_function(ready, timeout=60_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
    page.click("li.lm-MenuBar-item:has-text('Run')")
    page.wait_for_timeout(1000)  # the menu unfolds
    page.click("li[data-command='runmenu:run-all']")
    page.wait_for_selector(".jp-CodeCell .jp-InputPrompt:has-text('[*]')")  # they wait for their turn
    for _ in range(600):
        waiting = page.locator(".jp-InputPrompt:has-text('[*]')").count()  # the last cell is in sight, so it counts
        notebook = page.evaluate(f"{NOTEBOOK}.content.model.toJSON()")
        ran = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]  # drawn or scrolled away
        errors = [output for cell in ran for output in cell["outputs"] if output["output_type"] == "error"]
        if errors or not waiting:
            break
        page.wait_for_timeout(500)
    assert not errors
    assert [cell["execution_count"] for cell in ran] == list(range(1, cells + 1))
    assert page.locator(".jp-OutputArea-output img").count() >= 3
    keep(page, "lab")
    assert path.read_text() == before
