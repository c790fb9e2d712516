"""Threads, forks, processes, pickles and copies, many calls of each: python tests/stress.py [--calls 1000] [PART...].

Each call must give the bits that one thread alone is given, or be refused with what to do; no process may hang, or end
by a signal. Prints for every part how many calls there were, how many were refused, seconds, and the faults.
"""

from __future__ import annotations

import argparse
import copy
import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # as a script, and in processes that are spawned
from numpy.testing import assert_array_equal
from small_training import examples, trainer

import linocut as lc

THREADS = 4
PATIENCE = 60  # seconds for what takes milliseconds
IMAGES, LABELS = examples(count=53)


@dataclass
class Outcome:
    """What a part came to."""

    calls: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)

    def attempt(self, work: Callable[[], object], refusal: str = "") -> None:
        """Do the work and count it; all that it raises is a fault, but for a RunError that says `refusal`."""
        self.calls += 1
        try:
            work()
        except lc.RunError as error:
            self.refused += 1
            if not refusal or refusal not in str(error):
                self.faults.append(f"RunError: {error}")
        except BaseException as error:
            self.faults.append(f"{type(error).__name__}: {error}")


def graph() -> object:
    one = trainer()
    one.fit((IMAGES, LABELS), 2)
    return one.inference_graph()


GRAPH = graph()


def predictor(threads: int = 2) -> lc.Predictor:
    return lc.Predictor(GRAPH, batch_size=8, threads=threads)


OUTPUTS = predictor(1).predict(IMAGES).outputs
SCORE = predictor(1).evaluate((IMAGES, LABELS))
NAME = next(iter(predictor(1).state))
NUMBERS = predictor(1).state[NAME]


def use(one: lc.Predictor, number: int) -> None:
    """One of the ways to use a predictor."""
    row = number % len(IMAGES)
    if number % 4 == 0:
        assert_array_equal(one.predict(IMAGES).outputs, OUTPUTS)
    elif number % 4 == 1:
        assert_array_equal(one(IMAGES[row]), OUTPUTS[row])
    elif number % 4 == 2:
        assert one.evaluate((IMAGES, LABELS)) == SCORE
    else:
        assert_array_equal(one.state[NAME], NUMBERS)


def in_child(work: Callable[[], object], leave: Callable[[int], object] = os._exit) -> None:
    """Do the work in a forked child, which leaves at once or by `leave`; what it comes to is looked at here."""
    child = os.fork()
    if not child:
        try:
            signal.alarm(PATIENCE)  # ends one that hangs
            work()
            leave(0)
        except BaseException as error:
            os.write(2, f"in a child: {error!r}\n".encode())
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, f"a child ended with {status}"


@contextmanager
def busy(work: Callable[[int], object], threads: int = THREADS) -> Iterator[None]:
    """A block beside which threads work without end; what they raise is raised at its end."""
    ended, raised = threading.Event(), []

    def loop(number: int) -> None:
        try:
            while not ended.is_set():
                work(number)
                number += 1
        except BaseException as error:
            raised.append(error)

    running = [threading.Thread(target=loop, args=(number,)) for number in range(threads)]
    for one in running:
        one.start()
    try:
        yield
    finally:
        ended.set()
        for one in running:
            one.join()
    if raised:
        raise raised[0]


def shared_by_threads(calls: int, outcome: Outcome) -> None:
    """A predictor whose first call comes from all threads at once."""
    one, barrier, count = predictor(), threading.Barrier(THREADS), threading.Lock()

    def work(thread: int) -> None:
        barrier.wait()
        for number in range(thread, calls, THREADS):
            mine = Outcome()
            mine.attempt(lambda number=number: use(one, number))
            with count:
                outcome.calls += 1
                outcome.faults += mine.faults

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))


def forks_at_rest(calls: int, outcome: Outcome) -> None:
    """Children that use what their parent had opened."""
    one = predictor()
    for number in range(4):
        use(one, number)
    for number in range(calls):
        outcome.attempt(lambda number=number: in_child(lambda: use(one, number)))


def forks_beside_threads(calls: int, outcome: Outcome) -> None:
    """Children of any moment of other threads' calls."""
    one = predictor(3)
    with busy(lambda number: use(one, number)):
        for number in range(calls):
            outcome.attempt(lambda number=number: in_child(lambda: use(one, number)))


def children_that_end_as_programs_do(calls: int, outcome: Outcome) -> None:
    """With all that Python does at exit, while sessions have threads that are not there."""
    one, again = predictor(3), trainer(backend="native", threads=3)
    again.fit((IMAGES, LABELS), 1)
    with busy(lambda number: use(one, number), 2):
        for number in range(calls):
            outcome.attempt(lambda number=number: in_child(lambda: use(one, number), ctypes.pythonapi.Py_Exit))


def children_whose_threads_go_on(calls: int, outcome: Outcome) -> None:
    """They are in the middle of calls when Python exits, and come back from these to no interpreter."""
    one = predictor(2)
    use(one, 0)

    def endless(number: int) -> None:
        while True:
            use(one, number)

    def work() -> None:
        for number in range(3):
            threading.Thread(target=endless, args=(number,), daemon=True).start()
        time.sleep(0.01)

    for _ in range(calls):
        outcome.attempt(lambda: in_child(work, ctypes.pythonapi.Py_Exit))


def forks_beside_a_fit(calls: int, outcome: Outcome) -> None:
    """The child is refused the trainer that another thread was in, and may use all else."""
    training, ended, free = trainer(backend="native", threads=2), threading.Event(), predictor()
    begun = threading.Event()

    def callback(event: object) -> None:
        begun.set()
        if ended.is_set():
            raise ZeroDivisionError

    def fit() -> None:
        with suppress(ZeroDivisionError):
            training.fit((IMAGES, LABELS), 10**6, callbacks=[callback])

    def work(number: int) -> None:
        use(free, number)
        try:
            training.evaluate((IMAGES, LABELS))
        except lc.RunError as error:
            assert "forked while another thread was in fit of this trainer" in str(error)
        else:
            raise AssertionError("a trainer in the middle of a step was used")

    thread = threading.Thread(target=fit)
    thread.start()
    begun.wait()
    try:
        for number in range(calls):
            outcome.attempt(lambda number=number: in_child(lambda: work(number)))
    finally:
        ended.set()
        thread.join()


def forked_trainers(calls: int, outcome: Outcome) -> None:
    """A trainer at rest goes on in each child, to the same bits."""
    one, whole = (trainer(backend="native", threads=2) for _ in range(2))
    whole.fit((IMAGES, LABELS), 2)
    one.fit((IMAGES, LABELS), 1)
    expected = whole.session.state_sha256()

    def work() -> None:
        one.fit((IMAGES, LABELS), 2)
        assert one.session.state_sha256() == expected

    for _ in range(calls):
        outcome.attempt(lambda: in_child(work))


def pool_of(method: str, processes: int) -> Callable[[int, Outcome], None]:
    def part(calls: int, outcome: Outcome) -> None:
        one = predictor()
        one.predict(IMAGES)
        with multiprocessing.get_context(method).Pool(processes) as pool:
            answers = pool.imap(one.predict, (IMAGES for _ in range(calls)))
            for _ in range(calls):
                outcome.attempt(lambda: assert_array_equal(answers.next(PATIENCE).outputs, OUTPUTS))

    return part


def spawned(calls: int, outcome: Outcome) -> None:
    """Interpreters that begin anew, each of which is handed a predictor, a data set and a network by pickle."""
    context = multiprocessing.get_context("spawn")
    for number in range(calls):
        process = context.Process(target=_in_spawned, args=(predictor(), lc.data.ArrayDataset(IMAGES, LABELS), number))
        process.start()
        process.join(PATIENCE)
        outcome.attempt(lambda process=process: _check(process))


def _in_spawned(one: lc.Predictor, data: lc.data.Dataset, number: int) -> None:
    use(one, number)
    assert one.evaluate(data) == SCORE


def _check(process: multiprocessing.process.BaseProcess) -> None:
    process.kill()
    assert process.exitcode == 0, f"a spawned process ended with {process.exitcode}"


COPIES: dict[str, Callable[[object], object]] = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}
REFUSAL = "cannot be pickled or copied"


def copies(calls: int, outcome: Outcome) -> None:
    """Of all that users hold, by pickle, deepcopy and copy in turn."""
    one = trainer()
    history = one.fit((IMAGES, LABELS), 2)
    loaded, compiled, progress = predictor(), one.compiled, one.progress
    equal = [one.network, one.settings, lc.lean, lc.Adam(), lc.Cosine(), history, SCORE, one.plan, one.data, progress]
    ways = list(COPIES.values())
    for number in range(calls):
        again = ways[number % 3]

        def same(again: Callable[[Any], Any] = again) -> None:
            for thing in equal:
                assert again(thing) == thing
            found = again(loaded.predict(IMAGES))
            assert_array_equal(found.outputs, OUTPUTS)
            assert again(compiled).program.instructions == compiled.program.instructions

        outcome.attempt(same)
        outcome.attempt(lambda again=again, number=number: use(again(loaded), number))
        outcome.attempt(lambda again=again: again(one), REFUSAL)
        outcome.attempt(lambda again=again: again(one.session), REFUSAL)
        for state in (one.state, one.state.moments, loaded.state):
            outcome.attempt(lambda again=again, state=state: _refused_state(again, state))


def _refused_state(again: Callable[[object], object], state: object) -> None:
    try:
        again(state)
    except lc.SpecError as error:
        assert REFUSAL in str(error)
    else:
        raise AssertionError("a state was copied")


def copies_beside_threads(calls: int, outcome: Outcome) -> None:
    """A predictor is pickled and copied while threads use it and write to its state what is there already."""
    one = predictor()

    def work(number: int) -> None:
        use(one, number)
        if number % 7 == 0:
            one.state[NAME] = NUMBERS

    ways = list(COPIES.values())
    with busy(work, 3):
        for number in range(calls):
            outcome.attempt(lambda number=number: use(ways[number % 3](one), number))


def second_threads(calls: int, outcome: Outcome) -> None:
    """Uses of a trainer beside its fit are refused, and change no bit."""
    whole, one = (trainer(backend="native") for _ in range(2))
    done = threading.Event()
    begun = threading.Event()
    found: list[str] = []

    def fit() -> None:
        epochs = 0
        while not done.is_set():
            epochs += 20
            one.fit((IMAGES, LABELS), epochs, callbacks=[lambda event: begun.set()])
        found.append(one.session.state_sha256())
        whole.fit((IMAGES, LABELS), epochs)

    thread = threading.Thread(target=fit)
    thread.start()
    begun.wait()
    ways = [
        lambda: one.evaluate((IMAGES, LABELS)),
        lambda: one.predict(IMAGES),
        lambda: one.inference_graph(),
        lambda: one.capture(IMAGES, ["sign1"]),
        lambda: dict(one.state),
    ]
    for number in range(calls):
        outcome.attempt(ways[number % len(ways)], "of the same trainer; wait for it to end")
        time.sleep(0.0005)
    done.set()
    thread.join()
    assert found[0] == whole.session.state_sha256(), "a use beside a fit changed bits"


def one_session_by_two_threads(calls: int, outcome: Outcome) -> None:
    """They take turns: each run is whole."""
    one, other = (trainer(backend="native", threads=2).session for _ in range(2))
    for session in (one, other):
        session.array("input")[...] = IMAGES[:10]
        session.array("labels")[...] = LABELS[:10]
        session.array("control")[0] = 1e-3
    for _ in range(calls):
        other.run("train")
    count = threading.Lock()

    def work(thread: int) -> None:
        for _ in range(thread, calls, 2):
            mine = Outcome()
            mine.attempt(lambda: one.run("train"))
            with count:
                outcome.calls += 1
                outcome.faults += mine.faults

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, range(2)))
    assert one.state_sha256() == other.state_sha256(), "two threads in one session changed bits"


EXIT_COSTS, SPAWN_COSTS = 10, 50  # times as much as a fork
PARTS: dict[str, tuple[Callable[[int, Outcome], None], int]] = {
    "shared by threads": (shared_by_threads, 1),
    "one session by two threads": (one_session_by_two_threads, 1),
    "forks at rest": (forks_at_rest, 1),
    "forks beside threads": (forks_beside_threads, 1),
    "forks beside a fit": (forks_beside_a_fit, 1),
    "forked trainers": (forked_trainers, 1),
    "children that end as programs do": (children_that_end_as_programs_do, EXIT_COSTS),
    "children whose threads go on": (children_whose_threads_go_on, EXIT_COSTS),
    "a pool of forks": (pool_of("fork", 4), 1),
    "a pool of spawned processes": (pool_of("spawn", 2), 1),
    "spawned": (spawned, SPAWN_COSTS),
    "copies": (copies, 1),
    "copies beside threads": (copies_beside_threads, 1),
    "second threads": (second_threads, 1),
}


def run(name: str, calls: int) -> Outcome:
    """A part, with so many calls, or a fraction where each is costly."""
    part, cost = PARTS[name]
    outcome = Outcome()
    try:
        part(max(1, calls // cost), outcome)
    except Exception as error:
        outcome.faults.append(f"{type(error).__name__}: {error}")
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    given = parser.parse_args()
    failed = 0
    for name in given.parts or PARTS:
        begin = time.perf_counter()
        outcome = run(name, given.calls)
        seconds = time.perf_counter() - begin
        failed += bool(outcome.faults)
        print(f"{name:34}{outcome.calls:7,} calls {outcome.refused:6,} refused {seconds:7.1f} s ", end="")
        print(f"{len(outcome.faults):,} faults", *dict.fromkeys(outcome.faults[:3]), sep="; ", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
