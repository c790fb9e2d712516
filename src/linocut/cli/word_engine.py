"""The word engine of `linocut accelerate`: a trained binary network as Verilog, and its simulation."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linocut.cli.options import load_like, quoted
from linocut.json_text import written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from linocut.devices.word_engine.accelerated import Accelerated
    from linocut.graph.inference import InferenceGraph
    from linocut.graph.network import Network
    from linocut.run.predict import Predictor

DEFAULT_IMAGES = 2


@dataclass(frozen=True)
class Wanted:
    """What was asked for of the engine: `out` for its files, `images` to simulate or None, and where data lie."""

    device: str
    clock_hz: float | None
    fps: float | None
    shape: tuple[int, int, int] | None
    out: Path | None
    name: str | None
    force: bool
    simulate: bool
    synthesise: bool
    images: int | None
    data_dir: Path | None

    @property
    def makes_files(self) -> bool:
        """Whether Verilog is needed."""
        return self.out is not None or self.simulate or self.synthesise


def shape(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int, int] | None:
    """Callback: pixels, outputs and lanes of a shape such as 8x18x20."""
    if value is None:
        return None
    parts = value.lower().split("x")
    try:
        pixels, outputs, lanes = map(int, parts)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no shape of pixels, outputs and lanes such as 8x18x20") from None
    return pixels, outputs, lanes


def accelerate(model: str, network: Network, wanted: Wanted, *, as_json: bool) -> None:
    """Find the engine, write and simulate it as far as that is asked for, and say what came of it."""
    from linocut.devices.word_engine import accelerated, simulated, synthesis
    from linocut.devices.word_engine.tiles import Shape
    from linocut.errors import MachineError, SpecError
    from linocut.report import word_engine_table

    trained = Path(model).is_dir()
    if wanted.makes_files and not trained:
        raise SpecError(f"{model} has no trained weights, which an engine is made of; give the folder of a run as RUN")
    for needed, lack in ((wanted.simulate, simulated.missing), (wanted.synthesise, synthesis.missing)):
        if needed and (lacking := lack()):
            raise MachineError(lacking)
    predictor = _trained(Path(model)) if trained else None
    asked = None if wanted.shape is None else Shape(*wanted.shape)
    graph = _untrained(network) if predictor is None else predictor.graph
    found = accelerated.accelerate(graph, wanted.device, clock_hz=wanted.clock_hz, fps=wanted.fps, shape=asked)
    paths: tuple[Path, ...] = ()
    if wanted.makes_files and predictor is not None:
        found, paths = _made(found, predictor, model, wanted)
    told = found.to_json() | {"files": [str(path) for path in paths]}
    click.echo(written(told) if as_json else "\n".join([word_engine_table.by_layer(found), *_wrote(paths)]))
    if found.simulated is not None and not found.simulated.equal:
        raise MachineError("the simulation came to other integers or cycles than linocut: this is a fault of linocut's")


def _trained(run: Path) -> Predictor:
    from linocut.export.load import load

    return load(run, batch_size=1, threads=1)


def _untrained(network: Network) -> InferenceGraph:
    from linocut.graph.blank import blank

    return blank(network.graph)


def _made(found: Accelerated, predictor: Predictor, model: str, wanted: Wanted) -> tuple[Accelerated, tuple[Path, ...]]:
    """The same with what simulation and synthesis say, and the files that were written."""
    from linocut.devices.word_engine import accelerated, bench, simulated
    from linocut.devices.word_engine.computed import computed
    from linocut.devices.word_engine.verilog import Engine, check_name
    from linocut.export.c.tables import identifier
    from linocut.export.verilog import check_folder, write_folder

    name = check_name(identifier(predictor.graph.name) if wanted.name is None else wanted.name)
    if wanted.out is not None:
        check_folder(wanted.out, wanted.force)
    files = accelerated.sources(found, name)
    if wanted.synthesise:
        found = accelerated.synthesised(found, files, name)
    if wanted.out is not None or wanted.simulate:
        examples = _examples(predictor, model, wanted)
        engine, network = Engine(found.timed, name), found.network
        values = bench.predicted(predictor.graph, bench.wanted(network), examples)
        if network.stream:
            own = computed(engine, values[network.reads], values[network.stream])
            found, values = replace(found, apart=bench.apart(network, values, own)), own
        files |= bench.files(engine, values)
    if wanted.simulate:
        found = replace(found, simulated=simulated.simulate(files, name))
    if wanted.out is None:
        return found, ()
    return found, write_folder(wanted.out, files, wanted.force)


def _examples(predictor: Predictor, model: str, wanted: Wanted) -> NDArray[Any]:
    """The first test examples (n, *shape) of the data that a run was trained on."""
    import numpy as np

    from linocut import data as datasets
    from linocut.data.dataset import DEVICE, NUMPY_DTYPES, truth_form

    name = predictor.data
    if name is None or name == DEVICE or (os.path.isabs(name) and not os.path.exists(name)):
        raise click.UsageError(f"{model} does not say where its test images are, or they are not there any more")
    resizing = predictor.resizing if predictor.resizing_known else None
    test = load_like(name, wanted.data_dir, predictor.graph.input.shape, resizing=resizing, form=predictor.form).test
    count = DEFAULT_IMAGES if wanted.images is None else wanted.images
    test = datasets.take(test, count)
    given: NDArray[np.generic] = np.empty((len(test), *test.shape), NUMPY_DTYPES[test.dtype])
    test.read(np.arange(len(test)), given, np.empty(*truth_form(test, len(test))))
    return given


def _wrote(paths: tuple[Path, ...]) -> list[str]:
    if not paths:
        return []
    folder, name = quoted(paths[0].parent), quoted(paths[0].name)
    build = f"verilator --cc --exe --build -O3 -Wno-lint --top-module bench bench.v {name} main.cpp -o simulation"
    return [
        f"wrote {len(paths)} files into {folder}",
        f"try it: cd {folder} && {build} && obj_dir/simulation",
    ]
