"""Several threads, and processes that came of one, use a Predictor as if each were alone."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from forked import in_child
from numpy.testing import assert_array_equal  # np.testing is imported late: a fork in that hangs
from small_training import examples, trainer

import linocut as lc

CALLS = 1_000
THREADS = 8
IMAGES, LABELS = examples(count=53)


def made(backend: str = "native", threads: int = 2, batch: int = 8) -> lc.Predictor:
    return lc.Predictor(GRAPH, batch_size=batch, threads=threads, backend=backend)


def _graph():
    one = trainer()
    one.fit((IMAGES, LABELS), 2)
    return one.inference_graph()


GRAPH = _graph()
EXPECTED = made(threads=1).predict(IMAGES).outputs
SCORE = made(threads=1).evaluate((IMAGES, LABELS))


def use(predictor: lc.Predictor, number: int) -> None:
    """One of the ways to use it; each must give what one thread alone is given."""
    match number % 4:
        case 0:
            assert_array_equal(predictor.predict(IMAGES).outputs, EXPECTED)
        case 1:
            assert predictor.evaluate((IMAGES, LABELS)) == SCORE
        case 2:
            row = number % len(IMAGES)
            assert_array_equal(predictor(IMAGES[row]), EXPECTED[row])
        case _:
            name = next(iter(predictor.state))
            assert_array_equal(predictor.state[name], made().state[name])


@pytest.mark.parametrize("first", range(4))
def test_a_thousand_calls_of_all_kinds_from_the_first_on(first: int) -> None:
    predictor, barrier = made(), threading.Barrier(THREADS)

    def work(thread: int) -> None:
        barrier.wait()
        use(predictor, first)
        for number in range(CALLS // THREADS):
            use(predictor, thread + number)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))


def test_each_call_is_of_one_state() -> None:
    """Two networks are swapped by `update` the whole time: no answer is a mixture of them."""
    predictor, other = made(), made()
    other.state.update({name: -array for name, array in other.state.items()})
    states = [dict(made().state), dict(other.state)]
    answers = [EXPECTED, other.predict(IMAGES).outputs]
    assert not np.array_equal(*answers)
    ended = threading.Event()

    def change() -> None:
        number = 0
        while not ended.is_set():
            predictor.state.update(states[(number := number + 1) % 2])

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for row in range(CALLS // 5):
            found = predictor.predict(IMAGES).outputs
            assert any(np.array_equal(found, answer) for answer in answers)
            one, at = predictor(IMAGES[row % 53]), row % 53
            assert any(np.array_equal(one, answer[at]) for answer in answers)
    finally:
        ended.set()
        changing.join()


def test_changes_from_several_threads_are_all_kept() -> None:
    predictor = made()
    names = [name for name, array in predictor.state.items() if array.dtype == np.float32 and ".weight" not in name]
    names = names or list(predictor.state)
    kept = predictor.state

    def write(name: str) -> None:
        for _ in range(20):
            kept[name] = np.full_like(kept[name], 1)

    with ThreadPoolExecutor(len(names)) as threads:
        list(threads.map(write, names))
    for name in names:
        assert (predictor.state[name] == 1).all(), name


class Asking(lc.data.Dataset):
    """A data set that asks the predictor for its labels, as one that is distilled does."""

    def __init__(self, predictor: lc.Predictor) -> None:
        self._predictor = predictor
        self._inner = lc.data.ArrayDataset(IMAGES, LABELS)
        self.name, self.shape, self.classes = "asking", self._inner.shape, self._inner.classes
        self.dtype, self.targets = self._inner.dtype, self._inner.targets

    def __len__(self) -> int:
        return len(self._inner)

    def read(self, indices, images, labels) -> None:
        self._inner.read(indices, images, labels)
        labels[...] = self._predictor.predict(images).classes


@pytest.mark.timeout(60)
def test_a_data_set_may_ask_the_predictor_that_reads_it() -> None:
    predictor = made()
    assert predictor.evaluate(Asking(predictor)).accuracy == 1.0


@pytest.mark.parametrize("again", [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy, copy.copy])
def test_pickled_and_copied(again) -> None:
    predictor = made(batch=8)
    for name in list(predictor.state)[:1]:
        predictor.state[name] = -predictor.state[name]
    expected = predictor.predict(IMAGES).outputs
    other = again(predictor)
    assert_array_equal(other.predict(IMAGES).outputs, expected)
    assert (other.classes, other.arena_bytes) == (predictor.classes, predictor.arena_bytes)
    for name in list(other.state)[:1]:  # the two go their own ways
        other.state[name] = -other.state[name]
    assert_array_equal(predictor.predict(IMAGES).outputs, expected)


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_a_child_uses_what_its_parent_had_opened(backend: str) -> None:
    predictor = made(backend)
    for number in range(4):
        use(predictor, number)

    def work() -> None:
        for number in range(20):
            use(predictor, number)
        grandchild = in_child(lambda: use(predictor, 0))
        assert grandchild == 0
        del grandchild

    assert in_child(work) == 0
    for number in range(4):
        use(predictor, number)


def test_children_that_were_forked_while_threads_predicted() -> None:
    predictor, ended = made(threads=3), threading.Event()

    def work(thread: int) -> None:
        while not ended.is_set():
            use(predictor, thread)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            assert in_child(lambda: [use(predictor, number) for number in range(8)]) == 0
            time.sleep(0.001)
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_a_session_that_ran_in_the_fork_is_refused_and_no_process_aborts() -> None:
    from linocut.compile.lower import compile_network
    from linocut.run import initialise, open_session

    compiled = compile_network(lc.models.mlp((28, 28, 1), 10, (512, 512)), lc.lean, lc.Adam(), 200)
    session = open_session(compiled.program, threads=3)
    initialise(session, compiled.initial, 0)
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            session.run("train")

    def run() -> None:
        nonlocal session
        try:
            session.run("train")
        except lc.RunError as error:
            assert "forked while this session ran" in str(error)
            assert "open another session" in str(error)
        session = None  # and is closed

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(10):
            time.sleep(0.005)
            assert in_child(run) == 0
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_a_pool(method: str) -> None:
    predictor = made()
    predictor.predict(IMAGES)
    with multiprocessing.get_context(method).Pool(2) as pool:
        for found in pool.map(predictor.predict, [IMAGES] * 4):
            assert_array_equal(found.outputs, EXPECTED)
