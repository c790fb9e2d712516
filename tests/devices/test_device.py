"""Devices: files of linocut's and of users, and machines that cannot be."""

import dataclasses

import pytest

import linocut as lc
from linocut.devices import Device
from linocut.devices.residual import FEATURES, Residual
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
        (
            "array = [32, 32]",
            "lanes = 0\narray = [32, 32]",
            "lanes of a device is 0, must be a whole number, 1 or more",
        ),
        ("array = [32, 32]", "", "a device of kind systolic has an array (rows, columns)"),
        ("array = [32, 32]", "aray = [32, 32]", "no field of a device is called 'aray'"),
        ('kind = "systolic"', 'kind = "systolik"', "did you mean systolic?"),
        ('kind = "systolic"', "", "the device lacks kind"),
        ('source = "its data sheet"', 'source = ""', "a source that says where its numbers are from"),
        ("cache_bytes = 1e6", "cache_bytes = 1.5", "cache_bytes of a device is 1.5, must be a whole number"),
        ("cache_bytes = 1e6", "[energy]\nmac = 'int9'", "no operation of the energies is called 'int9'"),
        ("cache_bytes = 1e6", "[energy]\ncore = 'L7'", "no memory of the energies is called 'L7'"),
        ("cache_bytes = 1e6", "[energy]\nfoo = 'L7'", "no field of [energy] is called 'foo'"),
        ("cache_bytes = 1e6", "[residual]\noffset = 1.0", "residual must be a table of"),
        ("cache_bytes = 1e6", "lacks = [3]", "must be a list of kinds of layers"),
    ],
)
def test_machines_that_cannot_be(mine, old, new, says):
    assert old in MINE
    mine.write_text(MINE.replace(old, new))
    with pytest.raises(lc.SpecError) as error:
        lc.devices.load(mine)
    assert says in str(error.value) and str(mine) in str(error.value) and "\n" not in str(error.value)


def test_unknown_names():
    with pytest.raises(lc.SpecError, match="did you mean coral-usb"):
        lc.devices.load("coral_usb")
    with pytest.raises(lc.SpecError, match="cannot be read"):
        lc.devices.load("nowhere.toml")
    with pytest.raises(lc.SpecError, match="kind of device"):
        Device("a", "tpu", "ours", 1e9, 1e9)
