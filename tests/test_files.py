import pytest
import torch

from kaleido import files


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a" / "x.txt"
    files.write(path, "old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("kaleido.files.os.replace", fail)
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
