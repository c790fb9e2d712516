"""Calibration: constants that are known come back, whatever a few bad rows say; files that are wrong are told."""

import dataclasses
import math

import numpy as np
import pytest

import linocut as lc
from linocut.devices.calibrate import CONSTANTS, calibrate
from linocut.devices.residual import FEATURES, Residual
from linocut.devices.times import Time, read_times
from linocut.layers import BatchNorm, Flatten, Input, MaxPool2D, SoftmaxCrossEntropy

COUNTED = ("vgg16", "vgg19", "resnet50", "resnet152_v2", "inception_v1", "mobilenet_v1", "mobilenet_v2", "densenet121")


def known(device):
    """A device unlike the one that a fit begins with."""
    return dataclasses.replace(
        device, overhead_s=4e-5, clock_hz=450e6, cache_bytes=5_000_000, bandwidth=0.2e9, fixed_s=3e-4
    )


def times_on(device, networks):
    return [Time(one.name, one, lc.estimate(one, device).total_ms / 1e3) for one in networks]


@pytest.fixture(scope="module")
def counted():
    return [lc.models.build(name) for name in COUNTED]


def test_constants_come_back(counted):
    start = lc.devices.load("coral-usb")
    few = [lc.models.mlp((8, 8, 1), hidden=(64,) * layers) for layers in (0, 2, 5)]  # of which a run's overhead is most
    found = calibrate(start, times_on(known(start), [*counted, *few]))
    within = dict.fromkeys(CONSTANTS, 0.1) | {"overhead_s": 0.2, "fixed_s": 0.2}
    for name in CONSTANTS:
        assert getattr(found.device, name) == pytest.approx(getattr(known(start), name), rel=within[name]), name
    assert max(abs(row.error) for row in found.rows) < 0.02
    assert found.device.calibrated == "11 rows of measured times" and "fitted" in str(found)


def test_one_bad_row_does_not_bend_the_others(counted):
    start = lc.devices.load("coral-usb")
    times = times_on(known(start), counted)
    times[7] = dataclasses.replace(times[7], seconds=times[7].seconds * 2.5)
    found = calibrate(start, times)
    errors = [abs(row.error) for row in found.rows]
    assert max(errors[:7]) < 0.08 and errors[7] > 0.5
    assert abs(found.rows[7].left_out_error) > 0.5


def test_a_residual_model_from_thirty_rows_on():
    """What times have beyond the law is learned, and lessens the errors of rows left out."""
    start = lc.devices.load("coral-usb")
    random = np.random.default_rng(0)
    networks = [
        lc.models.mlp((8, 8, 1), hidden=tuple(int(n) for n in random.integers(64, 3000, 1 + number % 4)))
        for number in range(32)
    ]
    zeros, ones = (0.0,) * len(FEATURES), (1.0,) * len(FEATURES)
    slope = tuple(0.25 * (name == "log_layers") for name in FEATURES)
    truth = dataclasses.replace(start, residual=Residual(-0.25 * math.log(3), slope, zeros, ones))
    times = times_on(truth, networks)
    found = calibrate(start, times)
    assert found.device.residual is not None and found.left_out_error < found.left_out_law_error
    assert found.left_out_error < 0.05
    assert lc.estimate(networks[0], found.device).total_ms == pytest.approx(found.rows[0].fitted_ms)
    assert calibrate(start, times[:29]).device.residual is None


GOOD = "model,ms,input,classes,precision,batch\n" + "".join(f"mlp,{n},28x28x1,10,1,{n}\n" for n in range(1, 8))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("model,ms", "model,minutes", "must have model and one of ms, us, s"),
        ("model,ms", "name,ms", "must have model and one of"),
        ("precision", "us", "must have model and one of ms, us, s"),
        ("precision", "bits", "has a column 'bits'"),
        ("mlp,1,", "mlp,-1,", "line 2: ms is '-1', must be a number above 0"),
        ("mlp,2,", "mlp,fast,", "line 3: ms is 'fast'"),
        ("mlp,2,", "mlp,1e308,", "line 3: ms is '1e308', must be a number above 0, from 1e-06 to 1e+09, in ms"),
        ("mlp,2,", "mlp,5e-324,", "line 3: ms is '5e-324'"),
        ("mlp,2,", "mlp,nan,", "line 3: ms is 'nan'"),
        ("mlp,2,", "mlq,2,", "did you mean mlp?"),
        ("mlp,2,", "mine.toml,2,", "mine.toml cannot be read"),
        ("mlp,2,28x28x1", "open.toml,2,", "add one, or fill the column input"),
        ("mlp,2,28x28x1,10", "open.toml,2,28x28x1,", "write a number, or fill the column classes"),
        ("mlp,3,28x28x1", "mlp,3,28x28xa", "line 4: input is 'a', must be a whole number, 1 or more, as in 32x32x3"),
        ("10,1,4", "10,int4,4", "line 5: precision is 'int4'"),
        ("10,1,4", "10,1,0", "line 5: batch is '0', must be a whole number, 1 or more"),
        ("10,1,4", "10,1,1048577", "line 5: batch is 1,048,577, must be at most 1,048,576"),
        ("10,1,4", "10,1,4,9", "line 5: has 7 values, the head has 6 columns"),
    ],
)
def test_files_that_are_wrong(tmp_path, old, new, says):
    path = tmp_path / "times.csv"
    (tmp_path / "open.toml").write_text(
        '[[layers]]\nlayer = "flatten"\n[[layers]]\nlayer = "dense"\nunits = "classes"\n'
    )
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(lc.DataError) as error:
        read_times(path)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_units_and_settings(tmp_path):
    path = tmp_path / "times.csv"
    path.write_text(GOOD)
    first = read_times(path)[0]
    assert (first.seconds, first.precision, first.batch, first.network.input.shape) == (1e-3, "1", 1, (28, 28, 1))
    path.write_text(GOOD.replace("ms", "us", 1))
    assert read_times(path)[0].seconds == 1e-6


def test_too_few_rows_and_other_devices(counted):
    start = lc.devices.load("coral-usb")
    times = times_on(start, counted)
    with pytest.raises(lc.DataError, match="there are 5 measured times, 6 or more are needed"):
        calibrate(start, times[:5])


def test_networks_that_the_device_cannot_have_run(counted):
    start = lc.devices.load("coral-usb")
    times = times_on(start, counted)
    with pytest.raises(lc.DataError, match=r"the row of vgg16: coral-usb cannot run max_pool2d1 \(max_pool2d\),"):
        calibrate(dataclasses.replace(start, lacks=("max_pool2d",)), times)
    pools = lc.Network("pools", (Input((8, 8, 3)), BatchNorm(), MaxPool2D(), Flatten(), SoftmaxCrossEntropy()))
    with pytest.raises(lc.DataError, match="the row of pools: pools has no layer that multiplies"):
        calibrate(start, [*times, Time("pools", pools, 1e-3)])


@pytest.mark.parametrize("factor", [1.5e3, 0.7e-3, 0.7e3, 1.5e-3])
def test_times_in_another_unit(counted, factor):
    """Also of a device that is half as fast again as the one that the fit begins with, or by so much slower."""
    start = lc.devices.load("coral-usb")
    times = [dataclasses.replace(time, seconds=time.seconds * factor) for time in times_on(start, counted)]
    with pytest.raises(lc.DataError, match=r"the measured times are .* times those of coral-usb"):
        calibrate(start, times)


def test_constants_far_from_where_they_began_are_remarked_on(counted):
    """A standard deviation is no bound: where the times ask for it a constant goes further, and is named."""
    start = lc.devices.load("coral-usb")
    slow = dataclasses.replace(start, clock_hz=start.clock_hz / 5)
    found = calibrate(start, times_on(slow, counted))
    assert found.device.clock_hz == pytest.approx(slow.clock_hz, rel=0.3)
    assert "(a factor of 1.5 was likely: see whether the times are right)" in str(found)
    assert "likely" not in str(calibrate(start, times_on(start, counted)))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("changed", [{"overhead_s": 3600.0}, {"bandwidth": 1e-9}, {"clock_hz": 1e15, "cache_bytes": 0}])
def test_fits_that_begin_far_away_end_in_numbers_or_in_a_line(counted, changed):
    """Of a device that is nothing like what was measured."""
    start = lc.devices.load("coral-usb")
    times = times_on(start, counted)
    try:
        found = calibrate(dataclasses.replace(start, **changed), times)
    except lc.DataError as error:
        assert "times those of coral-usb" in str(error)
    else:
        assert all(math.isfinite(getattr(found.device, name)) for name in CONSTANTS)
