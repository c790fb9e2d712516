"""The bar of a training, on terminals of any width."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios

import pytest

import linocut as lc
from linocut.train.events import EpochEnded, Stepped


def events(accuracy):
    """What a trainer tells in a long run: names and numbers as wide as they come."""
    for step in range(1, 31):
        yield Stepped(epoch=99, epochs=100, step=step, steps=30, batch_size=100, loss=12.3456, train_accuracy=accuracy)
    yield EpochEnded(
        epoch=99, loss=12.3456, train_accuracy=accuracy, accuracy=0.9, flip_ratio=0.1, seconds=1.0, step_ms=1.0
    )


def read(terminal):
    """What was written since, of which a terminal holds little."""
    try:
        return os.read(terminal, 2**16).decode()
    except BlockingIOError:
        return ""


def shown(columns, monkeypatch, accuracy=0.9876):
    """The lines that the bar draws, one over the other, in a terminal of so many columns."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    text = ""
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with lc.ProgressBar() as bar:
            for event in events(accuracy):
                bar(event)
                if isinstance(event, Stepped) and bar._bar is not None:
                    bar._bar.refresh()
                terminal.flush()
                text += read(master)
        terminal.flush()
        text += read(master)
    os.close(master)
    return [line for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[\w", "", text)) if line.strip()]


@pytest.mark.parametrize("columns", [200, 100, 91, 80, 60])
def test_loss_and_accuracy_stay(columns, monkeypatch, capsys):
    lines = shown(columns, monkeypatch)
    assert len(lines) > 10
    assert all("epoch 99/100 loss 12.346 accuracy 98.8% |" in line for line in lines[1:])
    assert all(len(line) < columns for line in lines)
    assert all("images/s]" in line for line in lines[2:]) == (columns > 90)
    assert "epoch  99/100  loss 12.3456" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [1, 2, 20, 40])
def test_a_narrow_terminal_gets_the_beginning_of_one_line(columns, monkeypatch):
    lines = shown(columns, monkeypatch)
    assert all(len(line) < max(2, columns) for line in lines)
    if columns == 40:
        assert "epoch 99/100 loss 12.346 accuracy 98.8%" in lines[-1]


def test_a_terminal_that_does_not_know_its_size_is_taken_for_a_usual_one(monkeypatch):
    assert {len(line) < 80 for line in shown(0, monkeypatch)} == {True}


def test_of_numbers_there_is_no_accuracy(monkeypatch):
    assert all("loss 12.346 |" in line for line in shown(60, monkeypatch, accuracy=None)[1:])
