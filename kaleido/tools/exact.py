"""Exact mode: the lowest common code paths, so that the same software gives the same bits on every x86-64 processor.

Libraries choose their loops by what a processor can do, and loops differ in the order in which they add and in what
they round. Here each is told to take the one that every processor has; that takes longer. What is left are the versions
of the software: Python packages are locked, and the C library's is written down beside the processor's.
"""

import hashlib
import json
import os
import platform
from pathlib import Path

import torch

from kaleido.tools import files

__all__ = ["VARIABLES", "check", "code_paths", "environment", "machine", "on", "processor", "record", "tables"]

VARIABLES = {  # read by the libraries as they are loaded, so set before Python starts
    "MKL_CBWR": "COMPATIBLE",  # PyTorch's matrix products and linear algebra
    "ATEN_CPU_CAPABILITY": "default",  # PyTorch's own loops
    "ONEDNN_MAX_CPU_ISA": "SSE41",  # PyTorch's convolutions
    "OPENBLAS_CORETYPE": "Prescott",  # NumPy's and SciPy's linear algebra
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",  # NumPy's own loops
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-FMA,-FMA4",  # exp, log, sin of the C library
}


def environment() -> dict[str, str]:
    """Returns the environment of a process in exact mode; what it computes goes to a build folder of its own."""
    return os.environ | VARIABLES | {"KALEIDO_BUILD": str(files.place("KALEIDO_BUILD", "build/exact"))}


def on() -> bool:
    """Returns whether this process was started in exact mode."""
    return all(os.environ.get(name) == value for name, value in VARIABLES.items())


def code_paths() -> list[str]:
    """Returns what decides which loops the libraries take, as far as PyTorch and the environment tell."""
    told = [f"{name}={os.environ[name]}" for name in (*VARIABLES, "MKL_ENABLE_INSTRUCTIONS") if name in os.environ]
    return [torch.__version__, torch.backends.cpu.get_cpu_capability(), *told]


def machine() -> str:
    """Returns what the numbers of a run depend on, beside the packages: the processor, and the loops that are taken."""
    return "; ".join([processor(), *code_paths()])


def processor() -> str:
    """Returns the processor's model, with family and model number where the system tells them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    about = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = about.get("model name", platform.machine())
    return f"{name} (family {about.get('cpu family', '?')}, model {about.get('model', '?')})"


def tables(profile: str) -> dict[str, str]:
    """Returns the SHA-256 of each evidence table in the build folder, by file name."""
    folder = files.build_folder(profile) / "evidence"
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.csv"))}


def record(profile: str) -> None:
    """Writes the tables' hashes down, with this machine; hashes that differ from the recorded ones replace them all."""
    known = _known()
    found, seen = tables(profile), known.get(profile, {"tables": {}, "seen on": []})
    machines = seen["seen on"] if seen["tables"] == found else []
    known[profile] = {"tables": found, "seen on": sorted({*machines, _machine()})}
    files.write(_path(), json.dumps(known, indent=1, sort_keys=True) + "\n")


def check(profile: str) -> tuple[bool, str]:
    """Compares the tables' hashes with the recorded ones.

    Returns:
        Whether the result stands, and what to say. Other hashes on a machine on which the recorded ones were seen are a
        failure; on one that is new to the record they are news.
    """
    known = _known().get(profile)
    if known is None:
        return True, f"there is no record of the {profile} profile's tables in exact mode"
    found, here = tables(profile), _machine()
    others = sorted(name for name in {*found, *known["tables"]} if found.get(name) != known["tables"].get(name))
    if not others:
        new = "" if here in known["seen on"] else f"; this machine is new to the record: {here}"
        return True, f"all {len(found)} tables have the recorded SHA-256{new}"
    told = f"{', '.join(others)}: not the recorded SHA-256"
    if here in known["seen on"]:
        return False, f"{told}, which was seen on such a machine ({here})"
    return True, f"{told}; it was seen on {'; '.join(known['seen on'])}, and this machine is a new one: {here}"


def _machine() -> str:
    return f"{processor()}, {' '.join(platform.libc_ver())}"


def _path() -> Path:
    return files.record_folder() / "exact.json"


def _known() -> dict:
    return json.loads(_path().read_text(encoding="utf-8")) if _path().exists() else {}
