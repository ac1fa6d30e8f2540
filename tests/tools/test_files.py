import pytest
import torch

from kaleido.tools import files


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a" / "x.txt"
    files.write(path, "old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("kaleido.tools.files.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["x.txt"]


def test_tensors_come_back_with_their_header(tmp_path):
    tensors = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.zeros(0, 4)}
    files.write_tensors(tmp_path / "x.safetensors", tensors, {"note": [1, "two"]})
    again, header = files.read_tensors(tmp_path / "x.safetensors")
    assert header == {"note": [1, "two"]}
    assert all(torch.equal(tensors[name], again[name]) for name in tensors)


def test_a_digest_knows_where_a_part_ends():
    assert files.digest("ab", "c") != files.digest("a", "bc")
    assert files.digest("ab") == files.digest(b"ab")


@pytest.mark.parametrize(("old", "new"), [(b"two", b"twp"), (b"[1", b"[7"), (bytes(3) + b"?", bytes(3) + b"@")])
def test_damage_is_seen_in_the_header_as_in_the_tensors(tmp_path, old, new):
    path = tmp_path / "x.safetensors"
    files.write_tensors(path, {"a": torch.tensor([0.5, 0.5])}, {"note": [1, "two"]})
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(ValueError, match="damaged"):
        files.read_tensors(path)
