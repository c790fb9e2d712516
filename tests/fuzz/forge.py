"""Forges files by the thousand, and has linocut read each in bounded time and memory. A script: KIND COUNT [SEED].

KIND is checkpoint, model or toml. What is read is written again and read again, and, if it is small, steps of it run.
Each file is read in a process that a crash, too much time or too much memory ends; what did that is kept in
build/forged, and the script fails. Prints how many were read, how many refused and why, the slowest and the largest.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import numpy as np
from forging import agreeing, forged_tensor_file, forged_toml, toml_text
from peak import highest, peak_from_now
from sound_files import FRESH, checkpoints, models, networks

from linocut.errors import LinocutError
from linocut.export import packed
from linocut.networks.toml_file import read_network
from linocut.run import open_session
from linocut.run.predict import Predictor
from linocut.train import checkpoint
from linocut.train.settings import Settings

FOUND = Path(__file__).parents[2] / "build" / "forged"
MOST_SECONDS = 2.0  # of a processor, for a file
MOST_STUCK = 20.0  # after which it is ended whatever it does
MOST_MESSAGE = 1000  # characters
MOST_TIMES = 24  # bytes of memory for each of the file
MOST_BESIDE = {"checkpoint": 8 << 20, "model": 8 << 20, "toml": 48 << 20}  # for running steps, and for tables of TOML
MOST_ADDED = 2 << 30  # bytes that a process may take at all: what asks for more must be refused, not tried
MOST_ARENA = 1 << 20  # bytes of what is run
MOST_REASONS = 40  # that are printed


class TooSlow(BaseException):
    """A file took more than its time."""


class NotReadAgain(AssertionError):
    """What was read and written again is refused."""


# --- what reads a file, writes it again, and runs it ---


def again(read, path):
    try:
        return read(path)
    except LinocutError as error:
        raise NotReadAgain(str(error)) from error


def try_checkpoint(path):
    kept, file = checkpoint.read(path)
    program = kept.settings.compile().program
    if program.arena_bytes > MOST_ARENA:
        return
    session = open_session(program, threads=1)
    checkpoint.restore(file, session)
    kept.save(path.with_name("again"), session)
    again(checkpoint.read, path.with_name("again"))
    for section in ("train", "predict"):
        session.run(section)


def try_model(path):
    model = packed.read(path)
    packed.save(path.with_name("again"), model)
    again(packed.read, path.with_name("again"))
    predictor = Predictor(model.graph, batch_size=2, threads=1)
    if predictor.arena_bytes < MOST_ARENA:
        shape, low = model.graph.input.shape, model.graph.input.low
        given = np.zeros((3, *shape), np.uint8) if model.graph.input.dtype == "u8" else np.full((3, *shape), low, "f4")
        predictor.predict(given)


def try_toml(path):
    given = () if b"input" in path.read_bytes() else ((8, 8, 1), 10)  # where the file leaves them open
    network = read_network(path, *given)
    path.with_name("again").write_text(toml_text(network.to_dict()))
    shape = network.input.shape
    if again(lambda there: read_network(there, shape), path.with_name("again")) != network:
        raise NotReadAgain("another network is read")


# --- what is forged ---


def state_of(description):
    """Bytes of each tensor that a checkpoint of this description has; none where it describes no run."""
    try:
        program = Settings.from_dict(description["settings"]).compile().program
    except (LinocutError, KeyError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError):
        return {}
    return {} if program.arena_bytes > MOST_ARENA else {b.name: b.nbytes for b in program.persistent()}


def forged_checkpoint(chance):
    sound = chance.choice(checkpoints())
    if chance.random() < FRESH:
        return agreeing(sound, state_of, chance)
    return forged_tensor_file(sound, chance.choice(checkpoints()), chance)


def forged_model(chance):
    return forged_tensor_file(chance.choice(models()), chance.choice(models()), chance)


def forged_network(chance):
    return forged_toml(chance.choice(networks()), chance.choice(networks()), chance)


KINDS = {
    "checkpoint": (forged_checkpoint, try_checkpoint),
    "model": (forged_model, try_model),
    "toml": (forged_network, try_toml),
}


def forged(kind, seed, number):
    return KINDS[kind][0](random.Random(f"{kind} {seed} {number}"))


# --- one after the other, within limits ---


def reason_of(message, folder):
    """A message without what differs from file to file."""
    short = re.sub(r"'[^']*'|\"[^\"]*\"|\([^)]*\)|\[[^]]*\]|[-\d.,]*\d[\w.]*", "*", message.replace(str(folder), ""))
    return " ".join(short.split())[:90]


def outcome(kind, data, path):
    """Read a file: seconds, bytes of memory, and why it was refused, None where it was not. Raises for all else."""
    path.write_bytes(data)
    before, began, message = peak_from_now(), time.process_time(), None
    try:
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
        with np.errstate(all="ignore"):  # weights may be any
            KINDS[kind][1](path)
    except LinocutError as error:
        message = str(error)
        assert error.exit_status == 2, f"not the file's fault: {message[:500]}"
        assert message.isprintable() and message.strip(), f"not a line: {message[:500]!r}"
        assert len(message) < MOST_MESSAGE + 2 * len(str(path)), f"{len(message)} characters: {message[:500]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds, taken = time.process_time() - began, highest() - before
    assert seconds < MOST_SECONDS, f"took {seconds:.1f} s"
    most = MOST_TIMES * len(data) + MOST_BESIDE[kind]
    assert taken < most, f"took {taken:,} bytes of memory for a file of {len(data):,}"
    return seconds, taken, message


def work(kind, seed, numbers, path, tell):
    """Try file after file; tell what came of each."""

    def too_slow(number, frame):
        raise TooSlow

    signal.signal(signal.SIGPROF, too_slow)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MOST_ADDED, held + MOST_ADDED))
    for number in numbers:
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_STUCK)  # its signal ends the process
        data = forged(kind, seed, number)
        try:
            seconds, taken, message = outcome(kind, data, path)
        except BaseException:
            tell({"failed": traceback.format_exc()[-3000:]})
            continue
        reason = None if message is None else reason_of(message, path.parent)
        tell({"bytes": len(data), "seconds": seconds, "memory": taken, "reason": reason})


def tried(kind, seed, numbers, folder):
    """What came of each file of these numbers, from a process that begins again after one that ended it."""
    left = list(numbers)
    while left:
        ready, told = os.pipe()
        child = os.fork()
        if not child:
            os.close(ready)
            in_child(kind, seed, left, folder / "file", told)
        os.close(told)
        done = 0
        with open(ready) as pipe:
            for line in pipe:
                yield left[done], json.loads(line)
                done += 1
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if done < len(left):
            yield left[done], {"failed": f"the process ended with status {status}"}
        left = left[done + 1 :]


def in_child(kind, seed, numbers, path, told):
    try:
        with open(told, "w", buffering=1) as pipe:
            work(kind, seed, numbers, path, lambda one: print(json.dumps(one), file=pipe))
    finally:
        os._exit(0)


def keep(kind, seed, number, why):
    """What was wrong, and the file."""
    FOUND.mkdir(parents=True, exist_ok=True)
    (FOUND / f"{kind}-{seed}-{number}").write_bytes(forged(kind, seed, number))
    (FOUND / f"{kind}-{seed}-{number}.txt").write_text(why)


def main(kind, count, seed=0):
    """Print what became of so many files; how many became what must not be."""
    found, slowest, largest = Counter(), (0.0, -1), (0, -1)
    failures, size = 0, 0
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        for number, one in tried(kind, seed, range(count), Path(folder)):
            if "failed" in one:
                failures += 1
                keep(kind, seed, number, one["failed"])
                found[f"FAILED {one['failed'].strip().splitlines()[-1][:150]}"] += 1
                continue
            found[one["reason"] or "read"] += 1
            size += one["bytes"]
            slowest, largest = max(slowest, (one["seconds"], number)), max(largest, (one["memory"], number))
    print(f"{count:,} of {kind}, seed {seed}, {size:,} B: {found['read']:,} read, {failures} failures")
    print(f"slowest {slowest[0]:.2f} s (number {slowest[1]}), most memory {largest[0]:,} B (number {largest[1]})")
    for reason, times in found.most_common(MOST_REASONS):
        print(f"{times:8,}  {reason}")
    print(f"{len(found):,} reasons in all")
    return failures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), *map(int, sys.argv[3:])) > 0)
