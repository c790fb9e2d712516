"""Estimates of this machine beside measured steps and predictions of the paper's networks.

    python benchmarks/this_machine.py [--threads 2] [--rounds 3] [--write FILE.toml]

The laws of the engine `this`, what part of this machine's peaks each kind of instruction reaches, are fitted to
profiles of networks that are not the paper's: perceptrons, chains of convolutions and small residual networks, under
the policies standard, wang2021 and lean. Then the paper's networks are estimated, and measured: training steps and
predictions, sums over instructions of the least median of several rounds, since others may use the machine too.
`--write` keeps the laws, as machines/this.toml has them.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import linocut as lc
from linocut.compile.inference import compile_inference
from linocut.compile.lower import compile_network
from linocut.compile.program import Program
from linocut.devices import Device, engine
from linocut.devices.engine_fit import fit_laws
from linocut.devices.write import write_device
from linocut.layers import (
    AveragePool2D,
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    Layer,
    MaxPool2D,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.policies import find_policy
from linocut.run import profile
from linocut.run.profile import Profile
from linocut.run.session import find_isa
from linocut.tables import table

POLICIES = ("standard", "wang2021", "lean")
PAPERS = {"mlp": 100, "cnv": 50, "binarynet": 50, "resnete18": 4, "bireal18": 4}  # and the batch of each


def residual(widths: tuple[int, ...], shape: tuple[int, int, int]) -> lc.Network:
    """Like a binary residual network, of other widths and sizes."""
    layers: list[Layer] = [
        Input(shape),
        BatchNorm(),
        Conv2D(widths[0], 5, 2),
        BatchNorm(),
        ReLU(),
        MaxPool2D(3, 2, "same"),
    ]
    layers.append(BatchNorm())
    before = widths[0]
    for filters in widths:
        for _ in range(2):
            narrows = filters != before
            body = (Sign(), BinaryConv2D(filters, stride=2 if narrows else 1, scaled=True), BatchNorm())
            side = (AveragePool2D(padding="same"), Conv2D(filters, 1), BatchNorm()) if narrows else ()
            layers.append(Residual(body, side))
            before = filters
    end = (ReLU(), GlobalAveragePool(), Dense(200), BatchNorm(), SoftmaxCrossEntropy())
    return lc.Network(f"residual-{before}", (*layers, *end))


def chain(widths: tuple[int, ...], hidden: int) -> lc.Network:
    """Like BinaryNet, of other widths."""
    layers: list[Layer] = [Input((32, 32, 3))]
    for filters in widths:
        layers += [BinaryConv2D(filters), BatchNorm(), Sign(), BinaryConv2D(filters), MaxPool2D(), BatchNorm(), Sign()]
    layers += [Flatten(), BinaryDense(hidden), BatchNorm(), Sign(), BinaryDense(10), BatchNorm()]
    return lc.Network(f"chain-{widths[-1]}", (*layers, SoftmaxCrossEntropy()))


def others() -> Iterator[tuple[lc.Network, int]]:
    """Networks to fit on, and their batches."""
    yield lc.models.mlp((16, 16, 1), 10, (512, 384, 128)), 64
    yield lc.models.mlp((32, 32, 1), 20, (192,)), 160
    yield lc.models.mlp((28, 28, 1), 10, (1024, 512)), 80
    yield lc.models.convnet((48, 48, 3), 10), 24
    yield chain((48, 96), 256), 32
    yield chain((64, 192, 448), 768), 24
    yield residual((32, 96, 192), (64, 64, 3)), 16
    yield residual((64, 192, 384), (192, 192, 3)), 4


@dataclass
class Case:
    """A program, what runs its section again, and the least time of each instruction so far."""

    name: str
    batch: int
    what: str
    program: Program
    again: Callable[[], Profile]
    found: Profile | None = None

    def measure(self) -> None:
        """Run it once more; others that ran meanwhile only ever add to a time."""
        now = self.again()
        if self.found is not None:
            pairs = zip(now.instructions, self.found.instructions, strict=True)
            least = tuple(dataclasses.replace(a, seconds=min(a.seconds, b.seconds)) for a, b in pairs)
            now = dataclasses.replace(now, instructions=least, seconds=sum(one.seconds for one in least))
        self.found = now


def training(network: lc.Network, policy: str, batch: int, steps: int, threads: int) -> Case:
    """A step."""
    compiled = compile_network(network, find_policy(policy), lc.Adam(), batch)
    again = partial(profile.profile_training, compiled, steps, threads)
    return Case(network.name, batch, f"a step, {policy}", compiled.program, again)


def prediction(network: lc.Network, batch: int, steps: int, threads: int) -> Case:
    """A prediction by what lean trains."""
    graph = profile.untrained_graph(network, find_policy("lean"))
    again = partial(profile.profile_prediction, graph, batch, steps, threads)
    return Case(network.name, batch, "a prediction", compile_inference(graph, batch).program, again)


def cases(networks: Iterable[tuple[lc.Network, int]], steps: int, threads: int) -> Iterator[Case]:
    """Steps under three policies, and a prediction, of each network."""
    for network, batch in networks:
        for policy in POLICIES:
            yield training(network, policy, batch, steps, threads)
        yield prediction(network, batch, steps, threads)


def main() -> None:
    """Parse the command line, measure, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    kept = engine.measured(lc.devices.load("this"))
    fitting = [*cases(others(), given.steps, given.threads)]
    fitting += [prediction(network, 1, given.steps + 8, given.threads) for network, _ in others()]
    papers = [*cases(((lc.models.build(name), batch) for name, batch in PAPERS.items()), given.steps, given.threads)]
    for _ in range(given.rounds):
        for case in (*fitting, *papers):
            case.measure()
    fitted = dataclasses.replace(
        kept,
        laws=fit_laws(((case.program, case.found) for case in fitting if case.found is not None), kept.bandwidth),
        calibrated=f"{len(fitting)} profiles of small networks on {machine()}",
    )
    if given.write is not None:
        write_device(dataclasses.replace(fitted, rates=()), given.write)
    rows = [("network", "", "batch", "measured ms", "fitted now", "error", "laws kept", "error")]
    rows += [compared(case, (fitted, kept)) for case in papers]
    print("\n".join(table(rows, 2, (1,))))
    peaks = ", ".join(f"{kind} {rate / 1e9:,.0f}" for kind, rate in kept.rates)
    print(f"{machine()}; peaks of one thread, GMAC/s: {peaks}; copies {kept.bandwidth / 1e9:.1f} GB/s")
    print("an own analytic model, its laws fitted on other networks; not cycle accurate")


def compared(case: Case, devices: tuple[Device, ...]) -> tuple[str, ...]:
    """A row: measured, and estimated by laws fitted now and by those that linocut brings."""
    assert case.found is not None
    cells = [case.name, case.what, f"{case.batch}", f"{case.found.seconds * 1e3:.3f}"]
    for device in devices:
        if not device.laws:
            cells += ["", ""]
            continue
        ms = sum(row.ms for row in engine.rows(device, case.program, case.found.section, case.found.threads))
        cells += [f"{ms:.3f}", f"{ms / case.found.seconds / 1e3 - 1:+.1%}"]
    return tuple(cells)


def machine() -> str:
    """The processor, as far as the system says, and the instruction set in use."""
    names = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {find_isa(None)}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    main()
