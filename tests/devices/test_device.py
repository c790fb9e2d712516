"""Devices: files of linocut's and of users, and machines that cannot be."""

import dataclasses

import pytest

import linocut as lc
from linocut.devices import Device
from linocut.devices.residual import FEATURES, Residual
from linocut.devices.table import DEVICES, described
from linocut.devices.write import write_device

MINE = """
name = "mine"
kind = "systolic"
source = "its data sheet"
clock_hz = 500e6
bandwidth = 4e9
array = [32, 32]
cache_bytes = 1e6
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    return path


def test_names():
    assert {"edgetpu-v1", "edgetpu-v2", "edgetpu-v3", "coral-usb", "coral-dev"} <= set(lc.devices.names())
    for name in lc.devices.names():
        assert lc.devices.load(name).name == name


def test_a_file_of_a_user(mine):
    device = lc.devices.load(mine)
    assert (device.array, device.cache_bytes, device.macs_per_cycle) == ((32, 32), 1_000_000, 1024)
    assert lc.devices.load(str(mine)) == device


@pytest.mark.parametrize("name", ["edgetpu-v1", "coral-usb"])
def test_what_is_written_is_read(name, tmp_path):
    device = lc.devices.load(name)
    numbers = tuple(float(n) + 1 for n in range(len(FEATURES)))
    device = dataclasses.replace(device, residual=Residual(0.1, numbers, numbers, numbers), lacks=("tanh",))
    write_device(device, tmp_path / "one.toml")
    assert lc.devices.load(tmp_path / "one.toml") == device


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("clock_hz = 500e6", "clock_hz = 0", "clock_hz of a device is 0, must be a number, 1e-09 or more"),
        ("clock_hz = 500e6", "clock_hz = inf", "clock_hz of a device is inf"),
        ("bandwidth = 4e9", "bandwidth = 5e-324", "bandwidth of a device is 5e-324, must be a number, 1e-09 or more"),
        ("bandwidth = 4e9", "bandwidth = -1", "bandwidth of a device is -1, must be a number, 1e-09 or more"),
        ("[32, 32]", "[32]", "array of a device is (32,), must be two whole numbers"),
        ("[32, 32]", "[32, 0]", "array of a device is 0, must be a whole number, 1 or more"),
        ("array = [32, 32]", "", "a device of kind systolic needs array"),
        ("array = [32, 32]", "lanes = 4\narray = [32, 32]", "a device of kind systolic has no lanes"),
        ('name = "mine"', f'name = "{"m" * 201}"', "must have 200 characters or fewer"),
        ("cache_bytes = 1e6", "lanes = 1", "a device of kind systolic has no lanes, which is of kind edge_tpu"),
        ("cache_bytes = 1e6", "rates = {int8 = 1.0}", "has no rates, which is of kind engine or microcontroller"),
        ("cache_bytes = 1e6", "", "a device of kind systolic needs cache_bytes"),
        ("[32, 32]", f"[{10**15}, {10**15}]", "has 1e+30 multipliers in all, must have 1e+15 or fewer"),
        ("[32, 32]", "[30_000_000, 30_000_000]\nxnor = 64", "multipliers, one-bit ones counted, in all"),
        ("cache_bytes = 1e6", "cache_bytes = 1\nfill_cycles = 2_000_000_000_000", "fill_cycles of a device is 20"),
        ("cache_bytes = 1e6", "cache_bytes = 1\nfixed_s = 1e14", "fixed_s of a device is 1"),
        ("cache_bytes = 1e6", "cache_bytes = 1\nxnor = 0.5", "xnor of a device is 0.5, must be 0 for none"),
        ("cache_bytes = 1e6", "cache_bytes = 1\nlacks = ['sigmiod']", "did you mean sigmoid?"),
        ("array = [32, 32]", "aray = [32, 32]", "no field of a device is called 'aray'"),
        ('kind = "systolic"', 'kind = "systolik"', "did you mean systolic?"),
        ('kind = "systolic"', "", "the device lacks kind"),
        ('source = "its data sheet"', 'source = ""', "a source that says where its numbers are from"),
        ("cache_bytes = 1e6", "cache_bytes = 1.5", "cache_bytes of a device is 1.5, must be a whole number"),
        ("cache_bytes = 1e6", "cache_bytes = 1\n[energy]\nmac = 'int9'", "no operation of the energies is called"),
        ("cache_bytes = 1e6", "cache_bytes = 1\n[energy]\ncore = 'L7'", "no memory of the energies is called 'L7'"),
        ("cache_bytes = 1e6", "cache_bytes = 1\n[energy]\nfoo = 'L7'", "no field of [energy] is called 'foo'"),
        ("cache_bytes = 1e6", "cache_bytes = 1\n[energy]\nmac = -1", "energy mac of a device is -1, must be a number"),
        ("cache_bytes = 1e6", "cache_bytes = 1\n[residual]\noffset = 1.0", "residual must be a table of"),
        ("cache_bytes = 1e6", "cache_bytes = 1\nlacks = [3]", "must be a list of kinds of layers"),
    ],
)
def test_machines_that_cannot_be(mine, old, new, says):
    assert old in MINE
    mine.write_text(MINE.replace(old, new))
    with pytest.raises(lc.SpecError) as error:
        lc.devices.load(mine)
    assert says in str(error.value) and str(mine) in str(error.value) and "\n" not in str(error.value)


GRID = MINE.replace("systolic", "edge_tpu").replace("array = [32, 32]", "grid = [4, 4]")
BOARD = """
name = "mine"
kind = "microcontroller"
source = "its data sheet"
clock_hz = 500e6
bandwidth = 4e9
rates = {words = 15.0, bytes = 5.0, floats = 6.0}
"""
ENGINE = BOARD.replace("microcontroller", "engine").replace("words = 15.0, bytes = 5.0, floats = 6.0", "xnor = 1e9")
LAW = "\n[[laws]]\nop = 'adam'\nkind = 'float'\nvariant = ''\ntimes = 1.0\npasses = 0.0\ncall_s = 0.0\n"


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        (GRID, "grid = [4, 4]", "", "a device of kind edge_tpu needs grid"),
        (GRID, "grid = [4, 4]", "grid = [4, 4]\nlanes = 0", "lanes of a device is 0, must be a whole number, 1"),
        (GRID, "grid = [4, 4]", f"grid = [{10**15}, {10**15}]", "multipliers in all, must have 1e+15 or fewer"),
        (GRID, "cache_bytes = 1e6", f"pe_bytes = {10**15}", "has 1.6e+16 B in all"),
        (GRID, "cache_bytes = 1e6", "", "a device of kind edge_tpu needs pe_bytes or cache_bytes"),
        (BOARD, "rates = {", "odd = {", "no field of a device is called 'odd'"),
        (BOARD, "rates = {words = 15.0, bytes = 5.0, floats = 6.0}", "", "kind microcontroller needs rates"),
        (BOARD, "words = 15.0, ", "", "the rates of a device of kind microcontroller lack words"),
        (BOARD, "words", "word", "no rate of kind microcontroller is called 'word'; there are"),
        (ENGINE, "rates", "rates", "a device of kind engine needs laws"),
        (ENGINE + LAW, "rates", "rates", "the rates of a device of kind engine lack int8, float"),
        (ENGINE + LAW, "xnor = ", "int9 = ", "did you mean int8?"),
        (ENGINE + LAW, "times = 1.0", "times = 0.0", "a law says that adam takes no time"),
    ],
)
def test_machines_of_other_kinds_that_cannot_be(tmp_path, text, old, new, says):
    path = tmp_path / "mine.toml"
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(lc.SpecError) as error:
        lc.devices.load(path)
    assert says in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("text", [MINE, GRID, BOARD, *((DEVICES[name]).read_text() for name in ("this", "cortex-m0"))])
def test_files_of_every_kind_are_estimated(tmp_path, text):
    """A copy of the file of this machine has no peaks: they are measured."""
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert lc.estimate(lc.models.mlp((8, 8, 1), hidden=(16,)), path).total_ms > 0


def test_an_engine_as_described_has_its_peaks_measured():
    assert lc.estimate(lc.models.mlp((8, 8, 1), hidden=(16,)), described("this")).total_ms > 0


@pytest.mark.parametrize("changed", [{"offset": -1e300}, {"weights": (1e9,) * 7}, {"deviations": (1e-300,) * 7}])
def test_residuals_that_cannot_be(changed):
    with pytest.raises(lc.SpecError, match="of a residual is"):
        Residual(**{**{"offset": 0.0, "weights": (0.0,) * 7, "means": (0.0,) * 7, "deviations": (1.0,) * 7}, **changed})


def test_unknown_names():
    with pytest.raises(lc.SpecError, match="did you mean coral-usb"):
        lc.devices.load("coral_usb")
    with pytest.raises(lc.SpecError, match="cannot be read"):
        lc.devices.load("nowhere.toml")
    for rates in (3, "words", (("words",),), [1.0], (("words", 1.0), (3, 1.0))):
        with pytest.raises(lc.SpecError, match=r"rates of a device are .*, must be numbers by name"):
            Device("a", "microcontroller", "ours", 1e9, 1e9, rates=rates)
    given = {"words": 1.0, "bytes": 2.0, "floats": 3.0}
    assert Device("a", "microcontroller", "ours", 1e9, 1e9, rates=given).rates == tuple(given.items())
    with pytest.raises(lc.SpecError, match="kind of device"):
        Device("a", "tpu", "ours", 1e9, 1e9)
