"""Runs models in Larq Compute Engine for lce.py, in a process whose NumPy is the one that it was built for.

The library is loaded from its path: the package that it is in would import TensorFlow.
"""

from __future__ import annotations

import importlib.util
import pickle
import sys
import time
from typing import Any

import numpy as np


def library(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("interpreter_wrapper_lite", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(lce: Any, data: bytes, kernel: tuple[bool, ...], images: list[Any]) -> Any:
    """(dtype, shape, bytes) of each output of each image, and the seconds of loading and of each image.

    A text where the model is not taken.
    """
    found, seconds = [], []
    try:
        begin = time.perf_counter()
        interpreter = lce.LiteInterpreter(data, 1, *kernel)
        seconds.append(time.perf_counter() - begin)
        for dtype, shape, image in images:
            x = np.frombuffer(image, dtype).reshape(shape)
            begin = time.perf_counter()
            found.append(interpreter.predict([x]))
            seconds.append(time.perf_counter() - begin)
    except RuntimeError as error:
        return str(error)
    return [[(v.dtype.name, v.shape, v.tobytes()) for v in outputs] for outputs in found], seconds


def main() -> None:
    lce = library(sys.argv[1])
    while True:
        try:
            asked = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(answer(lce, *asked), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
