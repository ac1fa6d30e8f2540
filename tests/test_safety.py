import ast
import gzip
import io
import struct
import subprocess
import zipfile
import zlib

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

import kaleido as kd

MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "yaml"}
FUNCTIONS = {"eval", "exec", "compile", "torch.load", "os.system", "shutil.unpack_archive", "archive.extract"}
METHODS = {"extractall"}


def forbidden(tree):
    """What of a module could run what it reads, or write it where it likes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from MODULES & {getattr(node, "module", None), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Call):
            yield from FUNCTIONS & {ast.unparse(node.func)}
            yield from METHODS & {getattr(node.func, "attr", None)}
            yield from {ast.unparse(word) for word in node.keywords} & {"shell=True", "allow_pickle=True"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("kaleido/**/*.py")), ids=lambda path: "/".join(path.parts[-3:]))
def test_nothing_that_is_read_is_ever_run_or_unpacked_to_disk(path):
    assert not list(forbidden(ast.parse(path.read_text())))


def test_the_test_above_sees_what_it_forbids():
    text = "import pickle\neval('1')\narchive.extractall()\nrun('x', shell=True)\nnp.load(x, allow_pickle=True)"
    assert list(forbidden(ast.parse(text))) == ["pickle", "eval", "extractall", "shell=True", "allow_pickle=True"]
    assert not list(forbidden(ast.parse("np.load(x, allow_pickle=False)\nnet.eval()\nre.compile('a')")))


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(side):
    """A small PNG whose header promises side x side pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [3000, 12_000, 60_000])
def test_an_image_that_promises_too_many_pixels_is_not_unpacked(tmp_path, side):
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(bomb(side))
    with pytest.raises(ValueError, match=r"a\.png' holds more than 4,194,304 pixels: .* set KALEIDO_MAX_PIXELS"):
        kd.load(tmp_path)


def test_the_limit_of_pixels_can_be_set(tmp_path, monkeypatch):
    for name in "ab":
        Image.new("L", (11, 11)).save(tmp_path / f"{name}.png")
    assert kd.load(tmp_path).dim == 121
    monkeypatch.setenv("KALEIDO_MAX_PIXELS", "120")
    with pytest.raises(ValueError, match="more than 120 pixels"):
        kd.load(tmp_path)
    monkeypatch.setenv("KALEIDO_MAX_PIXELS", "many")
    with pytest.raises(ValueError, match="KALEIDO_MAX_PIXELS is 'many'"):
        kd.load(tmp_path)


def idx(rows):
    return b"\0\0\x08\x03" + struct.pack(">III", rows, 10, 10) + bytes(100 * rows)


def saved(save, *arguments, **named):
    file = io.BytesIO()
    save(file, *arguments, **named)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.idx.gz", gzip.compress(idx(1000), mtime=0)),
        ("x.npz", saved(np.savez_compressed, images=np.zeros((1000, 10, 10), np.uint8))),
        ("x.npy", saved(np.save, np.zeros((1000, 10, 10), np.uint8))),
    ],
)
def test_what_unpacks_to_too_much_is_refused_unless_the_limit_is_lifted(tmp_path, monkeypatch, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    monkeypatch.setenv("KALEIDO_MAX_BYTES", "90000")
    with pytest.raises(ValueError, match="more than 90,000 bytes: if that is meant, set KALEIDO_MAX_BYTES"):
        kd.load(path)
    monkeypatch.delenv("KALEIDO_MAX_BYTES")
    assert kd.load(path).dim == 100


def test_a_folder_of_many_images_counts_as_one_data_set(tmp_path, monkeypatch):
    for name in "abc":
        Image.new("RGB", (10, 10)).save(tmp_path / f"{name}.png")
    monkeypatch.setenv("KALEIDO_MAX_BYTES", "899")
    with pytest.raises(ValueError, match="more than 899 bytes"):
        kd.load(tmp_path)
    monkeypatch.setenv("KALEIDO_MAX_BYTES", "900")
    assert kd.load(tmp_path).dim == 300


def test_a_header_that_promises_a_terabyte_allocates_nothing(tmp_path):
    content = bytearray(saved(np.save, np.zeros((1000, 10, 10), np.uint8)))
    path = tmp_path / "x.npy"
    path.write_bytes(content.replace(b"(1000, 10, 10), } ", b"(1000000000000,1),"))
    with pytest.raises(ValueError, match=r"not a readable \.npy file"):
        kd.load(path)


def test_members_of_an_archive_stay_in_it(tmp_path):
    path = tmp_path / "in" / "x.npz"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../escaped.npy", saved(np.save, np.zeros(3)))
        archive.writestr("images.npy", saved(np.save, np.zeros((5, 2, 2), np.uint8)))
    assert kd.load(path).dim == 4
    assert sorted(tmp_path.rglob("*")) == [path.parent, path]


def test_the_lab_listens_on_this_machine_alone_with_a_token():
    shown = subprocess.run(["make", "-n", "lab"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    line = next(line for line in shown.splitlines() if "jupyter lab" in line)
    assert "--ServerApp.ip=127.0.0.1" in line
    assert not [word for word in ("token", "password", "allow-root", "allow_root", "allow_origin") if word in line]
    more = subprocess.run(
        ["make", "-n", "lab", "LAB_ARGS=--allow-root"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--allow-root" in more.stdout
