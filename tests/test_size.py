"""Sets of the real size: every public function once, on 60,000 images of 784 pixels, and the memory that each takes."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

import kaleido as kd

pytestmark = pytest.mark.long
LIMIT = 3.0  # GiB beyond the data


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("size")
    environment = os.environ | {"KALEIDO_BUILD": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, ROOT / "tests" / "full_size.py"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="needs Linux's /proc")
def test_no_function_takes_more_than_three_gibibytes_beyond_the_data(found):
    assert {name: gib for name, (gib, _) in found.items() if gib > LIMIT} == {}


def test_every_public_function_is_among_them(found):
    named = {name for names in found for name in names.split(", ")}
    assert {name for name in kd.__all__ if callable(getattr(kd, name))} <= named
