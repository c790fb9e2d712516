"""Scratch: a copy of the repository to put faults into, so that the working tree is never touched."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from faults.fault import Fault

ROOT = Path(__file__).parents[2]
SITE = "mutation-site"
# linocut may be installed editable: its finder would come before the copy that is on the path.
CUSTOMIZE = """import sys
sys.meta_path[:] = [f for f in sys.meta_path if not type(f).__name__.startswith("ScikitBuild")]
"""
NO_TESTS = 5  # how pytest says so
SURVIVED, KILLED, TIMEOUT, BROKEN = "survived", "killed", "timeout", "does not compile"


@dataclass(frozen=True)
class Outcome:
    """What became of a fault: `by` names the test that noticed it, or where a run that timed out stood."""

    what: str
    by: str
    seconds: float


class Scratch:
    """The copy at `home`, with a native core of its own. Files are brought up to date with the working tree."""

    def __init__(self, home: Path) -> None:
        self.home = home = home.resolve()
        self.build = home / "build" / "core"
        self._copy()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "LINOCUT"))},
            "PYTHONPATH": os.pathsep.join((str(home / SITE), str(home / "src"))),
            "PYTHONDONTWRITEBYTECODE": "1",  # a fault may be as long as what it replaces, and made in the same second
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        }

    def _copy(self) -> None:
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        wanted = {name for name in names if name and (ROOT / name).is_file()}
        for name in sorted(wanted):
            source, to = ROOT / name, self.home / name
            if to.exists() and to.read_bytes() == source.read_bytes():
                continue
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to)
            os.utime(to)  # what was built from another one is older
        for folder in ("src", "native", "tests"):
            for path in (self.home / folder).rglob("*"):
                name = path.relative_to(self.home).as_posix()
                if path.suffix in (".py", ".hpp", ".cpp", ".h", ".def") and name not in wanted:
                    path.unlink()
        (self.home / SITE).mkdir(exist_ok=True)
        (self.home / SITE / "sitecustomize.py").write_text(CUSTOMIZE)

    def take_core(self) -> None:
        """The native core that is installed, for faults in Python alone."""
        package = Path(sysconfig.get_paths()["platlib"]) / "linocut"
        for path in (*package.glob("_native*.so"), package / "linocut-runner"):
            shutil.copy2(path, self.home / "src" / "linocut" / path.name)

    def build_core(self) -> bool:
        """Compile what has changed, into the copy's own package; whether that went well.

        With the least optimisation: a fault is in the text, and the sets compile in a third of the time.
        """
        if not (self.build / "build.ninja").exists():
            given = ("-DLINOCUT_INPLACE=ON", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1 -DNDEBUG")
            given += (f"-DPython_EXECUTABLE={sys.executable}",)
            command = ["cmake", "-S", str(self.home), "-B", str(self.build), "-G", "Ninja", *given]
            subprocess.run(command, check=True, capture_output=True, env=self.environment)
        command = ["ninja", "-C", str(self.build), "_native", "linocut-runner"]
        return subprocess.run(command, capture_output=True, env=self.environment).returncode == 0

    @contextmanager
    def with_fault(self, fault: Fault) -> Iterator[None]:
        """The fault in its file, in the block; the file as it was after it, its times too."""
        path = self.home / fault.path
        source, times = path.read_bytes(), path.stat()
        path.write_bytes(fault.apply(source))
        try:
            yield
        finally:
            path.write_bytes(source)
            if path.suffix == ".py":
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # its bytecode is that of this text again

    def check(self) -> None:
        """SystemExit unless tests import what lies in the copy, whatever is installed."""
        command = [sys.executable, "-c", "import linocut._native; print(linocut.__file__, linocut._native.__file__)"]
        done = subprocess.run(command, cwd=self.home, env=self.environment, capture_output=True, text=True)
        if any(not Path(path).is_relative_to(self.home) for path in done.stdout.split() or ["/"]):
            raise SystemExit(f"tests would import {done.stdout or done.stderr}, not the copy in {self.home}")

    def run(self, tests: Sequence[str], most_seconds: float) -> Outcome:
        """The tests over the copy, up to the first that fails; none that fits a `-k` is as good as none that fails."""
        shutil.rmtree(self.home / ".hypothesis", ignore_errors=True)  # what it remembers of another fault
        options = (
            "-x",
            "-q",
            "--no-header",
            "--tb=no",
            "-p",
            "no:cacheprovider",
            "--hypothesis-seed=0",
            "-rfE",
            *tests,
        )
        begin = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, timed_out = process.communicate(timeout=most_seconds)[0].decode(errors="replace"), False
        except subprocess.TimeoutExpired:
            output, timed_out = "", True
        finally:
            _end_group(process)
        seconds = time.monotonic() - begin
        if timed_out:
            return Outcome(TIMEOUT, "", seconds)
        if process.returncode in (0, NO_TESTS):
            return Outcome(SURVIVED, "", seconds)
        failed = re.findall(r"^(?:FAILED|ERROR) ([^\n]*)", output, re.MULTILINE)
        by = failed[0].split(" - ")[0] if failed else f"pytest ended with {process.returncode}"
        return Outcome(KILLED, by, seconds)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """What the tests started, too."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
