"""Loggers: what they write is what the log has, read by others' code, and no bit of the training is another for it."""

import csv
import json
import math
import os
import struct
import sys
from types import SimpleNamespace
from typing import ClassVar

import pytest
from small_training import examples, trainer

import linocut as lc
from linocut.train.event_file import crc32c, scalars_record, version_record
from linocut.train.events import Done, EpochEnded, to_json

KEYS = [key for key in to_json(EpochEnded(1, 2.0, 0.5, 0.5, 0.1, 1.0, 2.0)) if key not in ("event", "warnings")]


def fitted(out, *callbacks, epochs=3):
    run = lc.Trainer.resume(out, backend="reference") if os.path.isdir(out) else trainer()
    run.fit(examples(), epochs, examples(seed=1), out, callbacks)
    return run.session.state_sha256()


def logged(run):
    with open(os.path.join(run, "log.jsonl")) as file:
        return [line for line in map(json.loads, file) if line["event"] == "epoch"]


@pytest.mark.parametrize(
    ("data", "expected"),  # RFC 3720, appendix B.4, and the check value of the catalogue of CRCs
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_checksums_of_the_standard(data, expected):
    assert crc32c(data) == expected


def bitwise(data):
    """CRC-32C by its definition, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def records(data):
    """The records of an event file, their checksums looked at."""
    while data:
        length, of_length = struct.unpack("<QI", data[:12])
        content, (of_content,) = data[12 : 12 + length], struct.unpack("<I", data[12 + length : 16 + length])
        for crc, masked in ((bitwise(data[:8]), of_length), (bitwise(content), of_content)):
            assert ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF == masked & 0xFFFFFFFF
        yield content
        data = data[16 + length :]


def event_class():
    """TensorFlow's Event, as far as scalars need it, for Google's own reader of protocol buffers."""
    descriptor_pb2, descriptor_pool, message_factory = (
        pytest.importorskip(f"google.protobuf.{name}")
        for name in ("descriptor_pb2", "descriptor_pool", "message_factory")
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto3")

    def message(name, *fields):
        found = file.message_type.add(name=name)
        for field, number, kind, of in fields:
            label = kinds.LABEL_REPEATED if field == "value" else kinds.LABEL_OPTIONAL
            found.field.add(name=field, number=number, type=kind, label=label, type_name=of)

    message("Value", ("tag", 1, kinds.TYPE_STRING, None), ("simple_value", 2, kinds.TYPE_FLOAT, None))
    message("Summary", ("value", 1, kinds.TYPE_MESSAGE, ".t.Value"))
    message(
        "Event",
        ("wall_time", 1, kinds.TYPE_DOUBLE, None),
        ("step", 2, kinds.TYPE_INT64, None),
        ("file_version", 3, kinds.TYPE_STRING, None),
        ("summary", 5, kinds.TYPE_MESSAGE, ".t.Summary"),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Event"))


def read(path):
    """The scalars of an event file by step and tag."""
    events = [event_class().FromString(content) for content in records(path.read_bytes())]
    assert events[0].file_version == "brain.Event:2" and not events[0].summary.value
    times = [event.wall_time for event in events]
    assert times == sorted(times)
    return {event.step: {each.tag: each.simple_value for each in event.summary.value} for event in events[1:]}


def as_f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


TAGS = {"loss": "loss/training", "train_accuracy": "accuracy/training", "accuracy": "accuracy/test"}


def expected(run):
    return {
        epoch["epoch"]: {
            TAGS.get(key, key): as_f32(epoch[key]) for key in KEYS if key != "epoch" and epoch[key] is not None
        }
        for epoch in logged(run)
    }


def test_records_are_read_by_others(tmp_path):
    path = tmp_path / "events"
    values = {"loss/training": 0.1, "ü": -3.0, "large": 1e300, "small": -1e300, "x" * 300: 2.5}
    path.write_bytes(
        version_record(12.5)
        + scalars_record(13.25, 300, values)
        + scalars_record(14.0, 2**31, {})
        + scalars_record(15.0, 128, {})
    )
    found = read(path)
    rounded = {**values, "loss/training": as_f32(0.1), "large": math.inf, "small": -math.inf}
    assert found == {300: rounded, 2**31: {}, 128: {}}


def test_tensorboard_has_what_the_log_has(tmp_path):
    folder, out = tmp_path / "tb" / "run", tmp_path / "run"
    fitted(out, lc.loggers.TensorBoard(folder), epochs=2)
    fitted(out, lc.loggers.TensorBoard(folder), epochs=4)  # another file, for the epochs of the resumed run
    first, second = sorted(folder.iterdir())
    assert list(read(first)) == [1, 2] and list(read(second)) == [3, 4]
    assert {**read(first), **read(second)} == expected(out)


def test_tensorboard_itself_reads_it(tmp_path):
    module = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    out = tmp_path / "run"
    fitted(out, lc.loggers.TensorBoard(tmp_path / "tb"))
    found = module.EventAccumulator(str(tmp_path / "tb"))
    found.Reload()
    for step, values in expected(out).items():
        for tag, value in values.items():
            assert found.Scalars(tag)[step - 1].value == value and found.Scalars(tag)[step - 1].step == step


def test_an_epoch_is_in_the_file_before_the_next_begins(tmp_path):
    logger = lc.loggers.TensorBoard(tmp_path)
    logger(EpochEnded(1, 2.0, None, None, 0.1, 1.0, None))
    (path,) = tmp_path.iterdir()
    assert list(read(path)) == [1]
    logger(EpochEnded(2, 1.0, None, None, 0.1, 1.0, None))
    assert list(read(path)) == [1, 2] and read(path)[2]["loss/training"] == 1.0
    logger(Done(2, None, 1, 1, "", None))
    logger.close()


def test_csv_has_what_the_log_has_and_goes_on(tmp_path):
    path, out = tmp_path / "epochs.csv", tmp_path / "run"
    fitted(out, lc.loggers.CSV(path), epochs=2)
    with open(path, "a") as file:  # of a process that was killed before it saved
        file.write(f"3{',' * (len(KEYS) - 1)}\n")
    fitted(out, lc.loggers.CSV(path), epochs=4)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == KEYS
    assert rows == [{key: "" if e[key] is None else str(e[key]) for key in KEYS} for e in logged(out)]
    fitted(tmp_path / "other", lc.loggers.CSV(path), epochs=1)  # a new run's first epoch begins anew
    assert path.read_text().count("\n") == 2


def test_csv_leaves_other_tables_alone(tmp_path):
    (tmp_path / "other.csv").write_text("name,age\nx,1\n")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\0")
    for name, message in (
        ("other.csv", r"has the columns .*name.*, must have epoch, loss"),
        ("binary.csv", "is no table"),
    ):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(lc.RunError, match=message):
            fitted(tmp_path / f"run-{name}", lc.loggers.CSV(tmp_path / name), epochs=1)
        assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize("make", [lc.loggers.TensorBoard, lc.loggers.CSV], ids=["TensorBoard", "CSV"])
def test_places_that_cannot_be_written(make, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(lc.LinocutError, match="file"):
        make(tmp_path / "file" / "below")(EpochEnded(1, 2.0, None, None, 0.1, 1.0, None))


class FakeRun(SimpleNamespace):
    """What wandb.init gives: it notes what it is told."""

    def log(self, values, step):
        self.logged.append((step, values))

    def finish(self):
        self.logged.append("finished")


def fake_wandb(monkeypatch):
    run = FakeRun(logged=[], given=[])
    module = SimpleNamespace(init=lambda **given: run.given.append(given) or run)
    monkeypatch.setitem(sys.modules, "wandb", module)
    return run


class FakeClient:
    """What mlflow.MlflowClient is: it notes what it is told."""

    told: ClassVar[list[object]] = []

    def __init__(self, tracking_uri):
        self.told.append(tracking_uri)

    def get_experiment_by_name(self, name):
        return None

    def create_experiment(self, name):
        self.told.append(name)
        return "7"

    def create_run(self, experiment, run_name):
        self.told.append((experiment, run_name))
        return SimpleNamespace(info=SimpleNamespace(run_id="r"))

    def log_metric(self, run, key, value, step):
        self.told.append((run, key, value, step))

    def set_terminated(self, run):
        self.told.append("terminated")


def fake_mlflow(monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace(MlflowClient=FakeClient))
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://example.org")
    monkeypatch.setattr(FakeClient, "told", [])
    return FakeClient.told


def tagged(epoch):
    return {TAGS.get(key, key): epoch[key] for key in KEYS if key != "epoch" and epoch[key] is not None}


def test_weights_and_biases_is_offline_unless_it_is_told(tmp_path, monkeypatch):
    run = fake_wandb(monkeypatch)
    fitted(tmp_path / "run", lc.loggers.WandB("birds", name="first"), epochs=2)
    assert run.given == [{"project": "birds", "mode": "offline", "name": "first"}]
    assert run.logged == [*((e["epoch"], tagged(e)) for e in logged(tmp_path / "run")), "finished"]


def test_mlflow_writes_a_file_unless_it_is_told(tmp_path, monkeypatch):
    told = fake_mlflow(monkeypatch)
    fitted(tmp_path / "run", lc.loggers.MLflow("birds", "first"), epochs=2)
    assert told[:3] == ["sqlite:///mlflow.db", "birds", ("7", "first")] and told[-1] == "terminated"
    metrics = [("r", tag, value, e["epoch"]) for e in logged(tmp_path / "run") for tag, value in tagged(e).items()]
    assert told[3:-1] == metrics and os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


@pytest.mark.parametrize(
    ("make", "module", "message"),
    [
        (lc.loggers.WandB, "wandb", r"WandB\(\) needs wandb, which is not installed .*: pip install wandb"),
        (lc.loggers.MLflow, "mlflow", r"MLflow\(\) needs \w+, which is not installed .*: pip install mlflow"),
    ],
)
def test_what_is_not_installed(make, module, message, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(lc.SpecError, match=message):
        make()


def test_no_bit_of_the_training_is_another(tmp_path, monkeypatch):
    fake_wandb(monkeypatch)
    fake_mlflow(monkeypatch)
    loggers = lc.loggers
    plain = fitted(tmp_path / "plain")
    every = (loggers.TensorBoard(tmp_path / "tb"), loggers.CSV(tmp_path / "e.csv"), loggers.WandB(), loggers.MLflow())
    assert fitted(tmp_path / "watched", *every) == plain
    clock = {"seconds", "step_ms"}
    ours, theirs = (
        [{k: v for k, v in e.items() if k not in clock} for e in logged(tmp_path / n)] for n in ("plain", "watched")
    )
    assert ours == theirs
