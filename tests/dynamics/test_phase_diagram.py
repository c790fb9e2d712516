"""Distances of nearby inputs, beside a plain transcription and beside the edge."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from linocut.dynamics import edge, phase_diagram, separation
from linocut.dynamics.distances import separations
from linocut.errors import SpecError


def test_a_distance_is_that_of_the_definition() -> None:
    n, steps, J, J0, seed = 50, 20, 1.7, 0.6, 3
    random = np.random.default_rng(seed)
    weights = random.standard_normal((n, n), np.float32) / np.sqrt(n) * J + J0 / n
    x = random.standard_normal(n, np.float32)
    y = x + 1e-4 * random.standard_normal(n, np.float32)
    distances = []
    for _ in range(steps):
        x, y = np.tanh(x @ weights), np.tanh(y @ weights)
        distances.append(np.linalg.norm(x - y))
    assert separation(J, J0, n, steps, seed=seed) == pytest.approx(np.mean(distances[-4:]), rel=2e-3)


def test_the_sides_of_the_edge() -> None:
    """Far from it, where a net of 200 units knows where it is: order brings inputs together, chaos apart."""
    found = phase_diagram(n=200, steps=60, ratio=[0.0, 1.5], beta=[0.1, 0.5, 1.5], threads=2)
    assert found.distance.shape == (3, 2)
    chaotic = found.distance > 1e-2
    by_theory = [[1.0 / beta > edge(r) for r in found.ratio] for beta in found.beta]
    assert chaotic.tolist() == by_theory
    assert found.distance[2].max() < 1e-6


def test_the_numbers_depend_on_the_seed_and_not_on_processes() -> None:
    told = []
    same: dict[str, Any] = {"n": 30, "steps": 10, "ratio": [0.0, 0.5, 1.0], "beta": [0.4, 0.8]}
    one = phase_diagram(**same, threads=1, progress=lambda done, of: told.append((done, of)))
    two = phase_diagram(**same, threads=2)
    other = phase_diagram(**same, threads=2, seed=1)
    assert np.array_equal(one.distance, two.distance) and not np.array_equal(one.distance, other.distance)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_relu_may_run_away() -> None:
    assert separation(1.0, n=50, activation="relu") < 1e-8
    assert separations([0.05], 0.0, 50, 100, "relu")[0] == np.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: separation(0.0), "J is 0.0, must be above 0"),
        (lambda: separation(1.0, n=1), "n is 1, must be 2 to 20,000"),
        (lambda: separation(1.0, steps=2), "steps is 2, must be 5"),
        (lambda: separation(1.0, activation="sign"), "sign"),
        (lambda: phase_diagram(beta=[]), "must be two lists and 1 to 1,000,000 cells"),
        (lambda: phase_diagram(beta=[-1.0], n=10), "1 / J is -1, must be above 0"),
    ],
)
def test_what_cannot_be_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        call()


def test_what_interrupts_a_diagram_says_nothing_of_its_processes() -> None:
    """Ctrl-C reaches all processes of a terminal: workers leave it to who waits for them, who ends them."""
    code = "import linocut as lc; lc.dynamics.phase_diagram(n=400, steps=2000, threads=2, progress=print)"
    pipe = subprocess.PIPE
    asked = subprocess.Popen(
        [sys.executable, "-u", "-c", code], stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )
    time.sleep(2.0)
    os.killpg(asked.pid, signal.SIGINT)
    _, err = asked.communicate(timeout=30)
    assert asked.returncode == -signal.SIGINT and err.count("Traceback") == 1
