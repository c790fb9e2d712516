"""The command line as a process: signals, and standard streams that are closed, full or left by their reader."""

import os
import pty
import shlex
import signal
import subprocess
import sys
import time

import pytest
from small_command import REFERENCE, SMALL, objects

import linocut as lc

pytestmark = pytest.mark.usefixtures("elsewhere")


def started(*arguments):
    """The command line as a process of its own, which has shown its first epoch."""
    command = [sys.executable, "-m", "linocut", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = []
    while not any('"epoch"' in line for line in lines):
        lines.append(process.stdout.readline())
        assert lines[-1], process.stderr.read()
    return process


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_real_signal_and_resume(linocut, number, status):
    _, out, _ = linocut("train", *SMALL, "--epochs", 60, "--out", "whole", "--json", "--schedule", "cosine")
    whole = objects(out)
    options = ["--epochs", 60, "--out", "run", "--json", "--schedule", "cosine"]
    process = started("train", *SMALL, *options, "--save-every", 6)
    time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert err == f"interrupted by {number.name}; go on with: linocut train --resume --out run\n"
    _, out, _ = linocut("train", "--resume", "--out", "run", *REFERENCE, "--json")
    assert objects(out)[-1]["weights_sha256"] == whole[-1]["weights_sha256"]
    with open("run/log.jsonl") as log:
        kept = objects(log.read())
    timeless = [[{k: v for k, v in e.items() if k not in ("seconds", "step_ms")} for e in log] for log in (kept, whole)]
    assert timeless[0][:-1] == timeless[1][:-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_that_are_ignored_stay_ignored(number):
    """As of nohup, and of what a shell runs in the background."""
    command = [sys.executable, "-m", "linocut", "train", *SMALL, "--epochs", "30", "--out", "run", "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(number, signal.SIG_IGN)
    )
    for line in process.stdout:
        if '"epoch"' in line:
            process.send_signal(number)
    assert process.wait(timeout=60) == 0
    assert lc.Trainer.resume("run", backend="reference").progress.epoch == 30


def test_a_terminal_that_closes():
    """The step at hand is kept, though neither bar nor message can be written any more."""
    child, terminal = pty.fork()
    if not child:
        os.execv(sys.executable, [sys.executable, "-m", "linocut", "train", *SMALL, "--epochs", "500", "--out", "run"])
    seen = b""
    while b"epoch  1" not in seen and b"epoch   1" not in seen:
        seen += os.read(terminal, 4096)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 129
    assert lc.Trainer.resume("run", backend="reference").progress.epoch >= 1


def in_shell(redirected, *arguments):
    """Status and standard error of the command line as a shell runs it, `redirected` as said."""
    words = " ".join(shlex.quote(str(word)) for word in (sys.executable, "-m", "linocut", *arguments))
    return subprocess.run(["bash", "-c", f"{words} {redirected}"], capture_output=True, text=True)


@pytest.mark.parametrize("redirected", [">&-", ">&- 2>&-", "<&- >&- 2>&-", "2>&-", "> /dev/null 2> /dev/full"])
@pytest.mark.parametrize("how", [["--json"], []])
def test_streams_that_are_closed_or_full_of_what_nobody_reads(redirected, how):
    done = in_shell(redirected, "train", *SMALL, "--epochs", 2, "--out", "run", *how)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(os.listdir("run")) == ["checkpoint.safetensors", "config.toml", "log.jsonl", "model.safetensors"]
    assert lc.load("run", backend="reference").classes
    assert lc.Trainer.resume("run", backend="reference").progress.epoch == 2


@pytest.mark.parametrize("redirected", [">&-", "2>&-", ">&- 2>&-", "> /dev/full", "2> /dev/full", "> /dev/full 2>&1"])
def test_the_status_of_a_mistake_does_not_depend_on_the_streams(redirected):
    assert in_shell(redirected, "train", "--data", "nowhere").returncode == 2
    assert in_shell(redirected, "trian").returncode == 2


@pytest.mark.parametrize("how", [["--json"], []])
def test_training_whose_reader_goes_keeps_its_state(how):
    done = in_shell("| sed /ep.*loss/q; exit ${PIPESTATUS[0]}", "train", *SMALL, "--epochs", 50, "--out", "run", *how)
    assert (done.returncode, done.stderr) == (1, "")
    assert lc.Trainer.resume("run", backend="reference").settings.batch_size == 20
    assert ".lock" not in os.listdir("run")


def test_an_interrupted_run_whose_output_is_full_ends_in_the_status_of_the_signal():
    process = started("train", *SMALL, "--epochs", 500, "--out", "run", "--json", "--save-every", 6)
    process.stdout.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) in (143, 1)  # 1 where an epoch ended first, and told so
    assert lc.Trainer.resume("run", backend="reference").progress.begun


def test_characters_that_the_output_cannot_show(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "linocut", "train", *SMALL, "--epochs", "1", "--out", b"r\xff\xc3\xa9"]
    done = subprocess.run(command, capture_output=True, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")


EARLY = """
import os, signal, sys
os.kill(os.getpid(), signal.SIGINT)
sys.path.remove(os.path.dirname(__file__))
del sys.modules[__name__]
__import__(__name__)  # the module that is meant
"""


@pytest.mark.parametrize("module", ["click", "numpy"])
def test_ctrl_c_while_modules_are_imported(tmp_path, module):
    """The first that is imported, and the last: any moment before the command line is there."""
    (tmp_path / f"{module}.py").write_text(EARLY)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "linocut", "train", *SMALL, "--epochs", "500", "--out", "run"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr.count("\n")) == (130, 1), done.stderr
    assert done.stderr == "error: interrupted\n" or done.stderr.startswith("interrupted by SIGINT; go on with: ")


LOSES = """
import os, signal, weakref
class Lock: pass
lock = Lock()
called = weakref.ref(lock, lambda _: os.kill(os.getpid(), signal.SIGINT))
del lock
"""

IMPORTS = """
import signal, time
from linocut import __main__ as front
signal.signal(signal.SIGINT, front._interrupt)
try:
    import loses
    time.sleep(10)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_in_what_an_import_calls_back(tmp_path):
    """Python forgets what is raised there."""
    (tmp_path / "loses.py").write_text(LOSES)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")


IN_A_LOCK = """
import fcntl, os, signal, sys
from linocut import __main__ as front
module, name = sys.argv.pop(1).split(".")
called = getattr(sys.modules[module], name)
class Call:  # no function: Python 3.10's paths would make a method of it
    def __call__(self, *given, **named):
        got = called(*given, **named)
        if sys._getframe(1).f_code.co_filename.endswith("lock.py") and os.path.exists("run/.lock"):
            os.kill(os.getpid(), signal.SIGINT)
        return got
setattr(sys.modules[module], name, Call())
sys.exit(front.run())
"""


@pytest.mark.parametrize("called", ["os.open", "os.stat"])
def test_ctrl_c_while_a_folder_is_locked_or_let_go_of(called):
    """Where an exception would leave the lock's file behind."""
    command = [sys.executable, "-c", IN_A_LOCK, called, "train", *SMALL, "--epochs", "500", "--out", "run"]
    if called == "os.stat":  # as the run ends, which may be over before the interrupt comes
        command[command.index("500")] = "1"
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 130 or (called, done.returncode) == ("os.stat", 0), (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    assert not os.path.exists("run/.lock")


def test_ctrl_c_at_any_moment_of_the_beginning():
    ends = set()
    for delay in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", BEGINNING, *SMALL, "--epochs", "500", "--out", f"run{delay}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        process.stdout.readline()
        time.sleep(0.04 * delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err.count("\n")) == (130, 1), err
        assert err == "error: interrupted\n" or err.startswith("interrupted by SIGINT; go on with: "), err
        ends.add(err.partition(" by")[0])
        assert not os.path.exists(f"run{delay}/.lock")
    assert "error: interrupted\n" in ends


# It says so from inside, where linocut answers for signals: before that Python does.
BEGINNING = """
import sys
from linocut import __main__ as front
opened = front._open_streams
def tell():
    opened()
    print("here", flush=True)
front._open_streams = tell
sys.argv[1:1] = ["train"]
sys.exit(front.run())
"""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["data", "list"], ["plan", "--json"], ["train", *SMALL, "--json"]])
def test_a_full_standard_output(arguments):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "linocut", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "error: cannot write to standard output: No space left on device\n")


@pytest.mark.parametrize("arguments", [["--help"], ["info"], ["eval", "run", *REFERENCE], ["plan", "--json"]])
def test_a_reader_that_has_gone(run, arguments):
    """Nothing is said, as nobody is there to hear it, but the status tells; a mistake has its own all the same."""
    reading, writing = os.pipe()
    os.close(reading)
    for words, status, lines in ((arguments, 1, 0), (["plan", "--nothing"], 2, 1)):
        command = [sys.executable, "-m", "linocut", *words]
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
        assert (done.returncode, done.stderr.count("\n")) == (status, lines), done.stderr
    os.close(writing)
