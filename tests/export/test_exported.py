"""lc.export: what is exported, where to, and what is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_training import examples, trainer

import linocut as lc
from linocut.errors import MachineError
from linocut.export import formats
from linocut.export.costs import checksum
from linocut.export.formats import Format
from linocut.files import write_text

NAMES = ("mlp.c", "mlp.h", "mlp_test.c")


@pytest.fixture(scope="module")
def trained() -> lc.Trainer:
    one = trainer()
    one.fit(examples(), 1)
    return one


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_a_run_a_file_a_predictor_a_trainer_and_a_graph_are_exported_alike(trained, tmp_path: Path) -> None:
    trained.save(tmp_path / "run")
    graph = trained.inference_graph()
    models = (tmp_path / "run", str(tmp_path / "run" / "model.safetensors"), lc.load(tmp_path / "run"), trained, graph)
    found = [lc.export(model, out=tmp_path / str(number)) for number, model in enumerate(models)]
    written = [content(tmp_path / str(number)) for number in range(len(models))]
    assert tuple(written[0]) == NAMES
    assert all(one == written[0] for one in written)
    assert [path.name for path in found[0].files] == ["mlp.h", "mlp.c", "mlp_test.c"]


def test_the_report_counts_each_node(trained, tmp_path: Path) -> None:
    found = lc.export(trained, out=tmp_path)
    nodes = {node["name"]: node for node in found.report()["nodes"]}
    assert nodes["binary_dense1"] == {
        "name": "binary_dense1",
        "kind": "real_product",
        "macs": 36 * 24,
        "words": 2 * 24,
        "bytes": 8 * 24,
    }
    assert nodes["sign1"]["bytes"] == 4 * 24
    assert found.to_json()["macs"] == 36 * 24 + 24 * 4
    assert found.to_json()["flash_bytes"] == 24 * 8 + 24 * 4 + 4 * 4 + 3 * 4 * 4


def test_the_checksum_is_that_of_the_numbers(trained) -> None:
    predictor = lc.Predictor(trained.inference_graph())
    before = checksum(predictor.graph)
    assert checksum(trained.inference_graph()) == before
    predictor.state["batch_norm2.shift"] = predictor.state["batch_norm2.shift"] + 1
    assert checksum(predictor.graph) != before


@pytest.mark.parametrize(
    "name", ["2fast", "my-net", "", "int", "string", "math", "stddef", "ä", "a b", "_x", "a" * 32, "x\n"]
)
def test_a_name_that_is_none_in_c_is_refused(name: str, trained, tmp_path: Path) -> None:
    with pytest.raises(lc.SpecError, match=r"is no C identifier .* --name"):
        lc.export(trained, out=tmp_path / "out", name=name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("own", "called"),
    [("my-lstm", "my_lstm"), ("2 fast", "net_2_fast"), ("int", "int_"), ("ä", "net__"), ("a" * 40, "a" * 31)],
)
@pytest.mark.parametrize("train", [False, True])
def test_a_name_of_its_own_becomes_one_of_c(own: str, called: str, *, train: bool, tmp_path: Path) -> None:
    made = lc.Trainer(lc.Network(own, lc.models.mlp((4, 4, 1), hidden=(8,)).layers), batch_size=2, threads=1)
    found = lc.export(made, out=tmp_path, train=train)
    assert found.name == called and (tmp_path / f"{called}_test.c").is_file()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"to": "cc"}, "no format is called 'cc'; there are c"),
        ({"weights": "float"}, "no form of weights of c is called 'float'; there are table"),
        ({"model": 7}, "a int cannot be exported; give the folder of a run"),
    ],
)
def test_what_cannot_be_is_refused(given, reason: str, trained, tmp_path: Path) -> None:
    with pytest.raises(lc.SpecError, match=reason):
        lc.export(**{"model": trained, "out": tmp_path / "out", **given})
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_replaced_when_asked_only(trained, tmp_path: Path) -> None:
    (tmp_path / "mlp.c").write_text("mine")
    with pytest.raises(lc.SpecError, match=r"mlp\.c exists already; give --force"):
        lc.export(trained, out=tmp_path)
    assert content(tmp_path) == {"mlp.c": "mine"}
    lc.export(trained, out=tmp_path, force=True)
    assert tuple(content(tmp_path)) == NAMES
    assert "mine" not in content(tmp_path)["mlp.c"]


def test_a_file_is_no_folder_and_a_folder_no_file(trained, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(lc.SpecError, match=r"file is a file, must be a folder, in which mlp\.h goes"):
        lc.export(trained, out=tmp_path / "file", force=True)
    (tmp_path / "mlp.h").mkdir()
    with pytest.raises(lc.SpecError, match=r"mlp\.h is a folder"):
        lc.export(trained, out=tmp_path, force=True)


def test_a_disk_that_fails_leaves_no_half_of_it(trained, tmp_path: Path, monkeypatch) -> None:
    def failing(path: Path, text: str) -> None:
        if path.name == "mlp_test.c":
            raise MachineError(f"{path} cannot be written")
        write_text(path, text)

    monkeypatch.setattr("linocut.export.written.write_text", failing)
    with pytest.raises(MachineError):
        lc.export(trained, out=tmp_path)
    assert content(tmp_path) == {}


def test_a_missing_extra_is_named(trained, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "needy.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(formats.FORMATS, "needy", Format("needy", "export_needy", extra="needy"))
    with pytest.raises(lc.SpecError, match=r"needs the package a_package_that_is_not_there.*'linocut\[needy\]'"):
        lc.export(trained, "needy", out=tmp_path / "out")


def test_a_format_is_a_module_and_a_line(trained, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "lines.py").write_text(
        "def export_lines(graph, path, name, weights, form):\n"
        "    path.write_text(f'{name} {weights} {len(graph.nodes)} {form}')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(formats.FORMATS, "lines", Format("lines", "export_lines", weights=("table", "float")))
    found = lc.export(trained, "lines", out=tmp_path / "out.txt", name="my-net", weights="float")
    assert found.files == (tmp_path / "out.txt",)
    assert (tmp_path / "out.txt").read_text() == f"my-net float {len(trained.inference_graph().nodes)} None"


def test_every_format_has_its_function() -> None:
    for form in formats.FORMATS.values():
        if form.extra is None:
            assert callable(form.writer())
