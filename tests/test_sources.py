import gzip
import hashlib
import io
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
from kaleido import sources
from kaleido.sources import File

RANDOM = np.random.default_rng(0)


def mnist_like(classes=10, train=20, test=10):
    """Files in the format of MNIST: names and contents."""
    pixels = [RANDOM.integers(0, 256, (n, 28, 28), dtype=np.uint8) for n in (train, test)]
    labels = [np.arange(n, dtype=np.uint8) % classes for n in (train, test)]
    parts = (pixels[0], labels[0], pixels[1], labels[1])
    return {
        name: gzip.compress(idx(part.shape, part.tobytes())) for name, part in zip(sources.IDX, parts, strict=True)
    }, parts


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
    """An empty data folder, no Debian package, and nothing remembered."""
    monkeypatch.setenv("KALEIDO_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(sources, "DEBIAN", tmp_path / "no package")
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


def serve_mnist(server, monkeypatch):
    address, contents, _ = server
    files, parts = mnist_like()
    contents.update(files)
    listed = tuple(File(f"mnist/{name}.gz", address + name, known(content)) for name, content in files.items())
    monkeypatch.setitem(sources.FILES, "mnist", listed)
    return parts


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


@pytest.mark.parametrize("fault", ["cut", "wrong", "absent", "no network"])
def test_a_failed_download_leaves_no_file_that_is_used(place, server, monkeypatch, fault):
    serve_mnist(server, monkeypatch)
    _, contents, cut = server
    if fault == "cut":
        cut.add(sources.IDX[1])
    elif fault == "wrong":
        contents[sources.IDX[1]] = gzip.compress(b"something else")
    elif fault == "absent":
        del contents[sources.IDX[1]]
    else:
        nowhere = [File(file.name, "http://127.0.0.1:9/none", file.known_hash) for file in sources.FILES["mnist"]]
        monkeypatch.setitem(sources.FILES, "mnist", tuple(nowhere))
    with pytest.raises((FileNotFoundError, ValueError)) as caught:
        kd.load("mnist")
    name = sources.IDX[0] if fault == "no network" else sources.IDX[1]
    assert f"{name}.gz" in str(caught.value)  # which file, where to put it, which hash
    assert "sha256:" in str(caught.value)
    assert not (place / "mnist" / f"{name}.gz").exists()
    assert not [
        path for path in place.rglob("*") if path.is_file() and path.name not in {f"{n}.gz" for n in sources.IDX}
    ]
    assert name in sources.missing("mnist")


def test_a_damaged_file_in_the_data_folder_is_not_used(place, monkeypatch):
    files, _ = mnist_like()
    listed = tuple(File(f"mnist/{n}.gz", "http://127.0.0.1:9/none", known(content)) for n, content in files.items())
    monkeypatch.setitem(sources.FILES, "mnist", listed)
    (place / "mnist").mkdir(parents=True)
    for name, content in files.items():
        (place / "mnist" / f"{name}.gz").write_bytes(content)
    kd.load("mnist")
    (place / "mnist" / f"{sources.IDX[0]}.gz").write_bytes(files[sources.IDX[0]][:-50])
    sources.downloaded.cache_clear()
    with pytest.raises((FileNotFoundError, ValueError), match=sources.IDX[0]):
        kd.load("mnist")


def test_a_packages_files_are_known_by_what_they_hold(place, tmp_path, monkeypatch):
    files, parts = mnist_like(train=6000, test=10)
    package = tmp_path / "package"
    package.mkdir()
    for name, content in files.items():  # compressed anew, as a package does
        (package / f"{name}.gz").write_bytes(gzip.compress(gzip.decompress(content), compresslevel=1))
    monkeypatch.setattr(sources, "DEBIAN", package)
    with pytest.raises(ValueError, match="does not hold the known"):
        kd.load("fashion")
    hashes = {name: hashlib.sha256(gzip.decompress(content)).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(sources, "UNPACKED", hashes)
    assert sources.missing("fashion5k") == ""
    assert kd.load("fashion").train.shape == (6000, 784)
    small = kd.load("fashion5k", seed=1)
    assert torch.cat([small.train_labels, small.test_labels]).bincount().tolist() == [500] * 10
    assert small.digest != kd.load("fashion5k", seed=2).digest  # its split is drawn
    first = torch.from_numpy(parts[0][0].reshape(-1) / 127.5 - 1).float()
    assert (torch.cat([small.train, small.test]) - first).abs().amax(1).min() < 1e-6


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


@pytest.mark.skipif(sources.missing("fashion") != "", reason="Fashion-MNIST is neither installed nor downloaded")
def test_fashion_mnist_is_the_published_one():
    data = kd.load("fashion5k", seed=100)
    assert (data.train.shape, data.test.shape) == ((4000, 784), (1000, 784))
    assert data.test_labels.bincount().tolist() == [100] * 10
    whole = kd.load("fashion")
    assert (len(whole.train), len(whole.test)) == (60_000, 10_000)
    assert whole.train_labels[:5].tolist() == [9, 0, 0, 3, 0]  # an ankle boot first
