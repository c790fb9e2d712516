"""checkpoint.bin: where a training on a device has come to, which `linocut-runner` reads and writes.

Little-endian: the fields of `DeviceTraining` (native/runner/checkpoint.cpp is the twin), the SHA-256 of program.bin,
the state, and the SHA-256 of all before.
"""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from linocut.compile.binary import encode
from linocut.errors import MachineError, RunError, SpecError
from linocut.files import open_plain, replacing
from linocut.run.session import Session
from linocut.run.standalone import check_state_bytes
from linocut.schedules import Constant, Cosine, Plateau, Schedule, State, Step
from linocut.train.progress import MOST_EPOCHS
from linocut.train.settings import MOST_SEED

NAME = "checkpoint.bin"
MAGIC, VERSION = b"LINORUN\0", 1
HEADER = struct.Struct("<8s QQdQd dQQQQQQQdd QQdQddQ 32s")
DIGEST = 32
MEND = "copy the device's folder again"
MOST_EXAMPLES = 1 << 40
KINDS = (Constant.kind, Step.kind, Cosine.kind, Plateau.kind)


@dataclass(frozen=True)
class DeviceTraining:
    """Settings that the runner needs, and how far training has come: see Progress.

    `examples` is how many there are, 0 before any step; `classes` 0 where labels are numbers; values of examples lie
    between `low` and `high`; `own_data`: the device was given other examples than those that were packed.
    """

    schedule: Schedule
    learning_rate: float
    seed: int
    batch: int
    examples: int
    epochs: int
    save_every: int | None
    classes: int
    binary_weights: int
    low: float
    high: float
    epoch: int = 0
    step: int = 0
    past: State = field(default_factory=State)
    seconds: float = 0.0
    own_data: bool = False

    def pack(self, program: bytes) -> bytes:
        """The header, for a program in its binary form; SpecError for a schedule that the runner does not have."""
        past = self.past
        return HEADER.pack(
            *(MAGIC, VERSION, *_of_schedule(self.schedule), self.learning_rate, self.seed, self.batch, self.examples),
            *(self.epochs, self.save_every or 0, self.classes, self.binary_weights, self.low, self.high),
            *(self.epoch, self.step, math.nan if past.best is None else past.best, past.waited, past.factor),
            *(self.seconds, int(self.own_data), sha256(program).digest()),
        )

    @staticmethod
    def unpack(header: bytes) -> DeviceTraining:
        """What `pack` made; SpecError or ValueError for numbers that cannot be."""
        _, _, kind, gamma, wait, threshold, *rest = HEADER.unpack(header)
        rate, seed, batch, examples, epochs, every, classes, binary, low, high, epoch, step, best, *last = rest
        waited, factor, seconds, own, _ = last
        finite = all(map(math.isfinite, (rate, factor, seconds))) and not math.isinf(best)
        if not (finite and rate > 0 and factor >= 0 and low <= high and waited <= wait and seed <= MOST_SEED):
            raise ValueError("its numbers are out of range")
        steps = examples // batch if batch else 0
        if examples > MOST_EXAMPLES or not batch or step > steps or (not steps and (examples or epoch)):
            raise ValueError("its sizes are out of range")
        if not 1 <= epochs <= MOST_EPOCHS or epoch + (step > 0) > epochs:
            raise ValueError("its epochs are out of range")
        return DeviceTraining(
            schedule=_schedule_of(kind, gamma, wait, threshold),
            learning_rate=rate,
            seed=seed,
            batch=batch,
            examples=examples,
            epochs=epochs,
            save_every=every or None,
            classes=classes,
            binary_weights=binary,
            low=low,
            high=high,
            epoch=epoch,
            step=step,
            past=State(None if math.isnan(best) else best, waited, factor),
            seconds=seconds,
            own_data=bool(own),
        )


def _of_schedule(schedule: Schedule) -> tuple[int, float, int, float]:
    """The number of its kind, gamma, the epochs that it waits, and the threshold."""
    if isinstance(schedule, Step):
        return KINDS.index(schedule.kind), schedule.gamma, schedule.every, 0.0
    if isinstance(schedule, Plateau):
        return KINDS.index(schedule.kind), schedule.gamma, schedule.patience, schedule.threshold
    if isinstance(schedule, (Constant, Cosine)):
        return KINDS.index(schedule.kind), 0.0, 0, 0.0
    raise SpecError(f"the schedule is {schedule.kind}, linocut-runner has {', '.join(KINDS)}; take one of these")


def _schedule_of(kind: int, gamma: float, wait: int, threshold: float) -> Schedule:
    if not 0 <= kind < len(KINDS):
        raise ValueError(f"its schedule is {kind}, which is none")
    if KINDS[kind] == Step.kind:
        return Step(wait, gamma)
    if KINDS[kind] == Plateau.kind:
        return Plateau(gamma, wait, threshold)
    return Constant() if KINDS[kind] == Constant.kind else Cosine()


def write(training: DeviceTraining, session: Session, folder: Path) -> None:
    """Write it with the state of a session, whole or not at all; MachineError where the disk will not."""
    digest = sha256()
    with replacing(folder / NAME) as file:
        parts = (session.state_bytes(buffer.name).tobytes() for buffer in session.program.persistent())
        for part in (training.pack(encode(session.program)), *parts):
            file.write(part)
            digest.update(part)
        file.write(digest.digest())


def read(session: Session, folder: Path) -> DeviceTraining:
    """Fill the state of a session from it; RunError for one that is damaged or of another program.

    The session stays as it was then. MachineError where it cannot be read.
    """
    path = folder / NAME
    sizes = [buffer.nbytes for buffer in session.program.persistent()]
    wanted = HEADER.size + sum(sizes) + DIGEST
    try:
        with open(open_plain(path), "rb") as file:
            found = os.fstat(file.fileno()).st_size
            whole = file.read(wanted)
    except OSError as error:
        raise MachineError(f"{path} cannot be read: {error.strerror or error}") from None
    if found != wanted or len(whole) != wanted or whole[: len(MAGIC)] != MAGIC:
        raise RunError(f"{path} has {found:,} B, the checkpoint of this run has {wanted:,} B; it is another's; {MEND}")
    training = _checked(path, whole, session)
    place = HEADER.size
    for buffer, size in zip(session.program.persistent(), sizes, strict=True):
        session.state_bytes(buffer.name)[...] = np.frombuffer(whole, np.uint8, size, place)
        place += size
    return training


def _checked(path: Path, whole: bytes, session: Session) -> DeviceTraining:
    header, state = whole[: HEADER.size], whole[HEADER.size : -DIGEST]
    version = int.from_bytes(header[len(MAGIC) : len(MAGIC) + 8], "little")
    if version != VERSION:
        raise RunError(f"{path} has version {version}, this linocut reads {VERSION}; take a linocut-runner of its age")
    if sha256(whole[:-DIGEST]).digest() != whole[-DIGEST:]:
        raise RunError(f"{path}: its checksum is another than that of its bytes; it is damaged; {MEND}")
    if header[-DIGEST:] != sha256(encode(session.program)).digest():
        raise RunError(f"{path} is of another program than the run; {MEND}")
    check_state_bytes(session, np.frombuffer(state, np.uint8), path)
    try:
        return DeviceTraining.unpack(header)
    except (SpecError, ValueError) as error:
        raise RunError(f"{path}: {error}; it is damaged; {MEND}") from None
