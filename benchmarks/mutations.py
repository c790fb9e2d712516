"""Which faults the tests notice: faults are put into a copy of the repository, one at a time, and its tests run.

    python benchmarks/mutations.py --files 'src/linocut/ops/*.py' --count 40 --seed 0 [--minutes 20] [--jobs 1]
                                   [--json] [--scratch DIR] [--only TEXT] [--list]

A fault is a comparison that takes in its bound, a sum that became a difference, a constant one off, a call or a raise
left out, two arguments swapped and the like (benchmarks/faults/). The sample depends on the seed and on the text of
the files alone, kinds of faults in turn. Each is tried against the tests of its room (benchmarks/faults/rooms.py), up
to the first that fails; they must all pass without a fault first. A run that takes five times as long is noticed too.

One line a fault: killed by which test, survived, timeout, does not compile; then the rate of each room. Faults that
change nothing that can be observed are listed with a reason in benchmarks/faults/equivalent.toml, and left out.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from queue import SimpleQueue

from faults import in_cpp, in_python
from faults.equivalent import reasons
from faults.fault import Fault, sample
from faults.rooms import room_of, stages_for
from faults.scratch import BROKEN, ROOT, SURVIVED, Outcome, Scratch

LONGER = 5.0  # times what the tests take without a fault, and half a minute
KEPT_OUT = (
    "*/fuzz/*",
    "*/emulated/*",
    "*/runner/*",
    "*neon*",
    "native/binding.cpp",
    "native/linocut.h",
    "*peak*",
)


def all_faults(patterns: Sequence[str]) -> list[Fault]:
    """Those of all files that fit a pattern, and whose room has tests."""
    found: list[Fault] = []
    for path in sorted((*(ROOT / "src").rglob("*.py"), *(ROOT / "native").rglob("*.?pp"))):
        name = path.relative_to(ROOT).as_posix()
        if any(fnmatch(name, p) for p in patterns) and not any(fnmatch(name, p) for p in KEPT_OUT) and stages_for(name):
            found += (in_python if path.suffix == ".py" else in_cpp).faults(name, path.read_bytes())
    return found


class Runner:
    """Tries faults in `scratch`."""

    def __init__(self, home: Path, native: bool) -> None:
        self.scratch, self.native = Scratch(home), native
        self.usual: dict[tuple[str, ...], float] = {}
        if not native:
            self.scratch.take_core()
        elif not self.scratch.build_core():
            raise SystemExit(f"the core does not compile without a fault: ninja -C {self.scratch.build}")
        self.scratch.check()

    def seconds_without(self, tests: tuple[str, ...]) -> float:
        """How long the tests take where there is no fault; SystemExit if one fails there."""
        if tests not in self.usual:
            if self.native:  # without the fault before, too
                self.scratch.build_core()
            outcome = self.scratch.run(tests, 1800)
            if outcome.what != SURVIVED:
                raise SystemExit(f"without a fault {outcome.by or 'the tests'} fails; mend that first")
            self.usual[tests] = outcome.seconds
        return self.usual[tests]

    def outcome_of(self, fault: Fault) -> Outcome:
        """What its tests say of a fault."""
        stages = stages_for(fault.path)
        most_seconds = LONGER * self.seconds_without(stages[-1]) + 30
        begin = time.monotonic()
        with self.scratch.with_fault(fault):
            if self.native and not self.scratch.build_core():
                return Outcome(BROKEN, "", time.monotonic() - begin)
            for tests in stages:
                outcome = self.scratch.run(tests, most_seconds)
                if outcome.what != SURVIVED:
                    break
        return replace(outcome, seconds=time.monotonic() - begin)


def outcomes(chosen: Sequence[Fault], runners: Sequence[Runner], end: float) -> Iterator[tuple[Fault, Outcome]]:
    """Each fault with what became of it, until the time is up."""
    free: SimpleQueue[Runner] = SimpleQueue()
    for runner in runners:
        free.put(runner)

    def tried(fault: Fault) -> Outcome | None:
        if time.monotonic() > end:
            return None
        runner = free.get()
        try:
            return runner.outcome_of(fault)
        finally:
            free.put(runner)

    with ThreadPoolExecutor(len(runners)) as executor:
        futures = {executor.submit(tried, fault): fault for fault in chosen}
        for future in as_completed(futures):
            if (outcome := future.result()) is not None:
                yield futures[future], outcome


def show(fault: Fault, outcome: Outcome, as_json: bool) -> None:
    """One line."""
    if as_json:
        fields = {"identity": fault.identity, "room": room_of(fault.path), "line": fault.line}
        print(
            json.dumps({**fields, "what": outcome.what, "by": outcome.by, "s": round(outcome.seconds, 1)}), flush=True
        )
        return
    by = f" by {outcome.by}" if outcome.by else ""
    print(f"{outcome.what}{by} ({outcome.seconds:.0f} s): {fault}", flush=True)


def show_rates(found: Sequence[tuple[Fault, Outcome]], as_json: bool) -> None:
    """What part of each room's faults was noticed."""
    rooms: defaultdict[str, list[bool]] = defaultdict(list)
    for fault, outcome in found:
        if outcome.what != BROKEN:
            rooms[room_of(fault.path)].append(outcome.what != SURVIVED)
            rooms["all"].append(outcome.what != SURVIVED)
    for room, noticed in sorted(rooms.items()):
        if as_json:
            print(json.dumps({"room": room, "faults": len(noticed), "noticed": sum(noticed)}))
        else:
            print(f"{room}: {sum(noticed)} of {len(noticed)} noticed, {sum(noticed) / len(noticed):.0%}")


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", action="append", help="a pattern, may be given again; default src/*")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--skip", type=int, default=0, help="so many of these, which were tried before")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=1e6)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="faults whose identity has this text")
    parser.add_argument("--list", action="store_true", help="the sample, without trying it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--scratch", type=Path, default=ROOT / "build" / "mutations")
    return parser.parse_args()


def main() -> None:
    """Parse the command line; try the sample."""
    given, end = parsed(), time.monotonic()
    end += 60 * given.minutes
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests send it; in the background it may be ignored
    known = reasons()
    faults = [fault for fault in all_faults(given.files or ["src/*"]) if given.only in fault.identity]
    chosen = sample([fault for fault in faults if fault.identity not in known], given.count, given.seed)[given.skip :]
    if given.list:
        print("\n".join(str(fault) for fault in chosen))
        return
    print(f"{len(chosen)} of {len(faults)} faults, seed {given.seed}", file=sys.stderr, flush=True)
    found: list[tuple[Fault, Outcome]] = []
    for native in (False, True):
        some = [fault for fault in chosen if fault.path.startswith("native/") == native]
        if some:
            homes = [given.scratch / f"{'native' if native else 'python'}{job}" for job in range(given.jobs)]
            for fault, outcome in outcomes(some, [Runner(home, native) for home in homes], end):
                show(fault, outcome, given.json)
                found.append((fault, outcome))
    show_rates(found, given.json)


if __name__ == "__main__":
    main()
