"""Estimates beside Coral's published latencies: what the constants were fitted on, what they miss, what they predict.

    python benchmarks/coral.py [--fit]

Published are milliseconds a frame with the USB Accelerator at USB 3 on a desktop, and with the Dev Board (Coral's
benchmark page). The constants of coral-usb and coral-dev are fitted on six rows of each, from nominal ones; `--fit`
does that again, with the errors of rows left out. The other rows are networks that the law misses. The last are
networks whose published times were looked up after their estimates had been written down.
"""

from __future__ import annotations

import argparse
import dataclasses

import linocut as lc
from linocut.devices.calibrate import CONSTANTS, Calibration, calibrate
from linocut.devices.times import Time
from linocut.tables import table

DEVICES = ("coral-usb", "coral-dev")
FITTED = {
    "vgg16": (296.0, 343.0),
    "vgg19": (308.0, 357.0),
    "resnet50": (49.0, 56.0),
    "resnet152_v2": (128.0, 151.0),
    "inception_v1": (3.4, 4.1),
    "mobilenet_v2": (2.6, 2.6),
}
MISSED = {
    "mobilenet_v1": (2.4, 2.4),
    "squeezenet": (2.1, 2.0),  # the page does not say which version
    "squeezenet11": (2.1, 2.0),
    "densenet121": (20.0, 25.0),
}
PREDICTED = {
    "inception_v4": (85.0, 102.0),
    "efficientnet_edgetpu_s": (5.1, 5.5),
}
# What a fit begins with: the clock as published, all of the memory, a link and overheads as they are likely to be.
NOMINAL = {"clock_hz": 500e6, "cache_bytes": 8 * 2**20, "bandwidth": 400e6, "overhead_s": 1e-5, "fixed_s": 0.0}


def fit(device: str) -> Calibration:
    """The fit of a device's constants on its six rows."""
    nominal = dataclasses.replace(lc.devices.load(device), **NOMINAL)
    column = DEVICES.index(device)
    times = [Time(name, lc.models.build(name), ms[column] / 1e3) for name, ms in FITTED.items()]
    return calibrate(nominal, times, "Coral's published benchmarks")


def compared(rows: dict[str, tuple[float, float]], how: str) -> list[tuple[str, ...]]:
    """Published and estimated milliseconds of each network on both devices."""
    lines = []
    for name, published in rows.items():
        cells = [name, how]
        for device, ms in zip(DEVICES, published, strict=True):
            found = lc.estimate(lc.models.build(name), device).total_ms
            cells += [f"{ms:g}", f"{found:.4g}", f"{found / ms - 1:+.1%}"]
        lines.append(tuple(cells))
    return lines


def main() -> None:
    """Parse the command line, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="fit the constants again, and show how")
    if parser.parse_args().fit:
        for device in DEVICES:
            found = fit(device)
            print(found)
            kept = lc.devices.load(device)
            print("in its file: ", ", ".join(f"{name} {getattr(kept, name):g}" for name in CONSTANTS), "\n")
    head = ("network", "", *(cell for device in DEVICES for cell in ("published ms", device, "error")))
    print(
        "\n".join(
            table(
                [head, *compared(FITTED, "fitted"), *compared(MISSED, "not fitted"), *compared(PREDICTED, "predicted")],
                2,
                (1,),
            )
        )
    )
    print("an own analytic model, its constants fitted on the rows that say so; not cycle accurate")


if __name__ == "__main__":
    main()
