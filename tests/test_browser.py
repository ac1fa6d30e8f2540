"""What readers open, in a real browser: the page to turn the kaleidoscope, the book, the notebooks in JupyterLab."""

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

import pytest
import torch
from conftest import ROOT

import kaleido as kd
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


def networks(page):
    """The page's networks by name, made of the evidence's weights in PyTorch."""
    found = read_evidence(ROOT / "data" / "record" / "laptop", "00", "laptop")
    names = page.evaluate("kaleidoscope.networks.map(n => [n.name, n.depth, n.width])")
    rows = found.rows(data="digits", quantity="loss").sort_values(["condition", "depth"])
    nets = {}
    for (name, depth, width), (_, row) in zip(names, rows.iterrows(), strict=True):
        net = kd.mlp(64, depth, width)
        torch.nn.utils.vector_to_parameters(found.arrays[f"page/{depth}/{row['condition']}"], net.parameters())
        nets[name] = net
    return nets


def test_the_pages_outputs_are_those_of_pytorch(opened):
    page = opened()
    start = torch.rand(24, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    nets = networks(page)
    assert len(nets) == 6
    for k, (name, net) in enumerate(nets.items()):
        page.select_option("#network", str(k))
        assert name in page.inner_text("#network")
        page.evaluate("x => { kaleidoscope.states = x }", start.tolist())
        page.click("#once")
        expected = kd.sample(net, start, 1).at(1)
        assert (states(page) - expected).abs().max() < 1e-4
        page.evaluate("kaleidoscope.turn(9)")
        x = states(page)
        page.click("#once")
        assert (states(page) - kd.sample(net, x, 1).at(1)).abs().max() < 1e-4
        assert page.evaluate("kaleidoscope.run") == 11


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
    before = torch.tensor(page.evaluate("Array.from(kaleidoscope.apply(kaleidoscope.networks[0], Array(64).fill(0)))"))
    page.select_option("#network", "0")
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
    assert {"network", "noise", "kick", "play", "once", "fresh", "chain", "picture", "clear"} <= set(reached)
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
