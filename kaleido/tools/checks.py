"""What functions ask of their arguments: whoever gives another one is told which it was, and what was expected."""

import math
import numbers
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn

__all__ = [
    "a_map", "built", "floats", "instance", "mapped", "number", "one_of", "pair", "python", "same_space", "several",
    "whole",
]  # fmt: skip

LARGE = 2**31 - 1
TRIED, ALIKE = 8, 1e-3  # rows that a module is tried on in both modes; how far apart roundings may lie


def whole(name: str, value: object, least: int = 1, most: int = LARGE) -> None:
    """Raises a ValueError unless the value is a whole number of at least and at most so many."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or not least <= value <= most:
        span = f"of at least {least}" if most == LARGE else f"from {least} to {most}"
        raise ValueError(f"{name} is {value!r}, expected a whole number {span}")


def several(name: str, value: object) -> list:
    """Returns the values of a sequence, an array or a tensor as Python's; a TypeError if the value is none of them."""
    values = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(values, str | bytes | dict) or not isinstance(values, Iterable):  # an array may have no axes
        raise TypeError(f"{name} is {value!r}, expected a sequence")
    return list(values)


def python(value: object) -> object:
    """Returns a value with Python's numbers and tuples in the place of NumPy's numbers and arrays, as JSON has them."""
    value = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    return tuple(map(python, value)) if isinstance(value, tuple | list) else value


def number(name: str, value: object, expected: str, fits: Callable[[float], bool]) -> None:
    """Raises a ValueError unless the value is a finite number that fits, which `expected` says in words."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not (real and math.isfinite(value) and fits(value)):
        raise ValueError(f"{name} is {value!r}, expected {expected}")


def pair(name: str, value: object) -> None:
    """Raises a ValueError unless the value is (low, high), two finite numbers with low < high."""
    try:
        low, high = value
        fits = math.isfinite(low) and math.isfinite(high) and low < high
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(f"{name} are {value!r}, expected (low, high) with low < high")


def one_of(name: str, value: object, known: Iterable[str]) -> None:
    """Raises a ValueError unless the value is one of the known words."""
    if not isinstance(value, str) or value not in known:
        *some, last = (f"'{word}'" for word in known)
        raise ValueError(f"unknown {name} {value!r}, expected {', '.join(some)} or {last}")


def instance(name: str, value: object, kind: type) -> None:
    """Raises a TypeError unless the value is of a type."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} is of type {type(value).__name__}, expected {getattr(kind, '__name__', kind)}")


def same_space(name: str, value: Tensor, other: str, values: Tensor) -> None:
    """Raises what `floats` raises, and a ValueError unless two tensors have as many columns, one type, and distances
    whose squares the type can hold.
    """
    floats(name, value)
    floats(other, values)
    if value.shape[1] != values.shape[1] or value.dtype != values.dtype:
        raise ValueError(
            f"shapes {tuple(value.shape)} of {name} and {tuple(values.shape)} of {other} do not fit, or their types, "
            f"{value.dtype} and {values.dtype}: expected (N, D) and (M, D) of one type"
        )
    largest = torch.finfo(value.dtype).max ** 0.5 / (4 * value.shape[1])
    if max(value.abs().max(), values.abs().max()) > largest:
        raise ValueError(f"{name} or {other} have values above {largest:.1g}: their distances leave {value.dtype}")


def a_map(name: str, value: object, x: Tensor | None = None) -> None:
    """Raises a TypeError unless the value can be called, and a ValueError if it is a module that is still in training
    mode, and drops units, or follows batches, or maps the first rows of x otherwise than after `eval()`.
    """
    if not callable(value):
        raise TypeError(f"{name} is of type {type(value).__name__}, expected a map from (N, D) to (N, D)")
    value = getattr(value, "__self__", value)  # a module's method
    module = getattr(value, "_orig_mod", value)  # of one that was compiled, which each mode would compile again
    layers = [layer for layer in module.modules() if layer.training] if isinstance(module, nn.Module) else []
    known = any(
        getattr(layer, "p", 0) > 0
        if isinstance(layer, nn.modules.dropout._DropoutNd)
        else isinstance(layer, nn.modules.batchnorm._NormBase) and layer.track_running_stats
        for layer in layers
    )
    if known or (layers and isinstance(x, Tensor) and _differs(module, layers, x[:TRIED])):
        raise ValueError(f"{name} gives other outputs in training mode than after eval(): call that first")


def _differs(module: nn.Module, training: list[nn.Module], x: Tensor) -> bool:
    """Whether a module maps inputs otherwise in training mode; what it cannot map is left to `mapped`."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        before = {name: buffer.clone() for name, buffer in module.named_buffers()}
        try:
            now = module(x.clone())
            module.eval()
            after = module(x.clone())
            near = ALIKE * float(after.abs().max())
            return not torch.allclose(now, after, rtol=0, atol=near, equal_nan=True)
        except Exception:
            return False
        finally:
            for layer in training:
                layer.training = True
            for name, buffer in module.named_buffers():
                buffer.copy_(before[name])


def built(name: str, value: object) -> None:
    """Raises a TypeError unless the value is a network from `build`: a module with its arguments as `config`."""
    config = getattr(value, "config", None)
    if not (isinstance(value, nn.Module) and isinstance(config, dict) and {"architecture", "seed"} <= config.keys()):
        raise TypeError(f"{name} is of type {type(value).__name__}, expected a network from `build`")


def floats(name: str, value: object, columns: int | None = None) -> None:
    """Raises a TypeError unless the value is a tensor of floating-point numbers, and a ValueError unless it has the
    shape (N, D), with N and D at least 1 and D as told, and finite values.
    """
    instance(name, value, Tensor)
    if value.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{name} holds {value.dtype}, expected torch.float32 or torch.float64")
    if value.ndim != 2 or not value.numel() or columns not in (None, value.shape[1]):
        expected = f"(N, {columns or 'D'})" + ("" if value.numel() else ", N and D at least 1")
        raise ValueError(f"{name} has shape {tuple(value.shape)}, expected {expected}")
    if not value.isfinite().all():
        raise ValueError(f"{name} has NaN or infinite values")


def mapped(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Returns f(x), in memory of its own, of an x of its own: f may change its input, or use its output's memory again.

    Raises:
        TypeError: If that is no tensor.
        ValueError: If it has another type or shape than x, or f fails.
    """
    try:
        outputs = f(x.clone())
    except RuntimeError as error:  # torch's own word for shapes or types that do not fit
        raise ValueError(f"the map cannot be applied to {x.dtype} of shape {tuple(x.shape)}: {error}") from error
    if not isinstance(outputs, Tensor):
        raise TypeError(f"the map returns {type(outputs).__name__}, expected a tensor")
    if outputs.shape != x.shape or outputs.dtype != x.dtype:
        raise ValueError(
            f"the map takes {x.dtype} of shape {tuple(x.shape)} to {outputs.dtype} of {tuple(outputs.shape)}, expected "
            "the same shape and type"
        )
    return outputs.clone()
