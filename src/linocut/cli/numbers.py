"""What `linocut eval` and `linocut predict` say of networks of numbers, and of the rows of files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linocut.errors import DataError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from linocut.data.dataset import Dataset
    from linocut.run.number_scores import LabelScore, NumberScore
    from linocut.run.predict import Predictor
    from linocut.run.predictions import Predictions


def scores_of(predictor: Predictor, dataset: Dataset) -> tuple[dict[str, Any], list[str]]:
    """Figures of a regression or a multi-label task, for programs and for people; nothing of other networks."""
    from linocut.data.tasks import LABELS
    from linocut.networks.classifier import CLASSIFICATION
    from linocut.run.label_errors import label_errors
    from linocut.run.number_scores import NumberScore, number_scores

    form = predictor.form
    if form is None or form.task == CLASSIFICATION:
        return {}, []
    if form.task == LABELS:
        errors = label_errors(predictor, dataset)
        line = f"error rate {errors.rate:.2%}: {errors.distance:,} of {errors.labels:,} labels"
        whole = f"{errors.right:,} of {errors.sequences:,} sequences without an error"
        return {"error_rate": errors.rate, **dataclasses.asdict(errors)}, [f"{line}; {whole}"]
    scores = number_scores(predictor, dataset, form)
    what = "targets" if isinstance(scores[0], NumberScore) else "labels"
    return {what: [dataclasses.asdict(score) for score in scores]}, list(_table(scores))


def conditions_of(predictor: Predictor, dataset: Dataset) -> tuple[dict[str, Any], list[str]]:
    """Accuracy under each condition of the examples, for programs and for people; nothing where there are none."""
    from linocut.run.conditions import by_condition
    from linocut.tables import percent, table

    what, scores = by_condition(predictor, dataset)
    if not scores:
        return {}, []
    cells = [(what, "accuracy", "examples")]
    cells += [(f"{score.value:g}", percent(score.accuracy), f"{score.examples:,}") for score in scores]
    rows = [dataclasses.asdict(score) for score in scores]
    return {"by_condition": {"condition": what, "scores": rows}}, ["", *table(cells, left=0, rules=(1,))]


def _table(scores: list[NumberScore] | list[LabelScore]) -> Iterator[str]:
    """A line for each score, under their names."""
    names = [field.name for field in dataclasses.fields(scores[0])]
    rows = [names, *([_shown(getattr(score, name)) for name in names] for score in scores)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(names))]
    for row in rows:
        first, *others = (f"{cell:{'<' if at == 0 else '>'}{widths[at]}}" for at, cell in enumerate(row))
        yield "  ".join((first, *others)).rstrip()


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else one_line(value)


def predict_files(
    predictor: Predictor, paths: Sequence[Path], as_json: bool, bad: int = 0, top: int | None = None
) -> None:
    """A line for each example of each file; one that cannot be read costs a line and the exit status.

    So did as many others as are `bad`. Of classes the `top` likeliest are named.
    """
    from linocut.data.form import SOUND
    from linocut.run.best_path import labels_of, reads_labels

    rows = predictor.form is not None and predictor.form.kind != SOUND
    for path in paths:
        try:
            examples = predictor.read(path)
            found = predictor.predict(examples)
        except DataError as error:
            click.echo(f"error: {one_line(error)}", err=True)
            bad += 1
            continue
        _tell_of_cut(predictor, path)
        read = labels_of(found.outputs, examples) if reads_labels(predictor.graph) else None
        for row in range(len(found.classes)):
            answer, text = _answer(predictor, found, row, top) if read is None else labels_named(predictor, read[row])
            at, place = ({"row": row + 1}, f":{row + 1}") if rows else ({}, "")
            if as_json:
                click.echo(json.dumps({"file": str(path), **at, **answer}))
            else:
                click.echo(f"{one_line(path)}{place}  {text}")
    if bad:
        click.get_current_context().exit(DataError.exit_status)


def _tell_of_cut(predictor: Predictor, path: Path) -> None:
    """A line on standard error about a recording of which the network hears the beginning only."""
    if predictor.form is None or predictor.form.speech is None:
        return
    from linocut.data.speech import cut_of

    if line := cut_of(path, predictor.form):
        click.echo(one_line(line), err=True)


def _answer(predictor: Predictor, found: Predictions, row: int, top: int | None) -> tuple[dict[str, object], str]:
    """That of `answer_of`, or of classes the likeliest."""
    if top is None:
        return answer_of(predictor, found, row)
    return likeliest_of(predictor, found.outputs[row], top)


def likeliest_of(predictor: Predictor, outputs: NDArray[np.float32], top: int | None) -> tuple[dict[str, object], str]:
    """For programs and for people: the class of outputs (outputs,), and the `top` likeliest where these are wanted."""
    from linocut.run.predictions import Predictions

    best = Predictions.of(outputs[None], predictor.graph.logits.function).top(top or 1)
    likeliest = [
        {"class": predictor.class_name(label), "confidence": confidence}
        for label, confidence in zip(best.classes[0].tolist(), best.confidences[0].tolist(), strict=True)
    ]
    text = "  ".join(f"{one_line(one['class'])}  {one['confidence']:.1%}" for one in likeliest)
    return {**likeliest[0], **({} if top is None else {"top": likeliest})}, text


def labels_named(predictor: Predictor, labels: Sequence[int]) -> tuple[dict[str, object], str]:
    """For programs and for people: the labels of a sequence, in order."""
    names = [predictor.class_name(label) for label in labels]
    return {"labels": names}, "  ".join(map(one_line, names)) or "no label"


def answer_of(predictor: Predictor, found: Predictions, row: int) -> tuple[dict[str, object], str]:
    """For programs and for people: the class, the labels, or the outputs of a network of numbers."""
    from linocut.networks.classifier import MULTILABEL

    outputs, confidence, form = found.outputs[row], float(found.confidences[row]), predictor.form
    if form is not None and form.task == MULTILABEL:
        given = [name for name, output in zip(form.labels, outputs.tolist(), strict=True) if output >= 0]
        text = ", ".join(one_line(name) for name in given) or "none"
        return {"labels": given, "outputs": outputs.tolist()}, text
    if not predictor.graph.classes:
        names = form.labels if form is not None and len(outputs) > 1 else ()
        shown = [f"{value:g}" for value in outputs]
        if names:
            shown = [f"{one_line(name)} {value}" for name, value in zip(names, shown, strict=True)]
        return {"outputs": outputs.tolist()}, "  ".join(shown)
    name = predictor.class_name(int(found.classes[row]))
    return {"class": name, "confidence": confidence}, f"{one_line(name)}  {confidence:.1%}"
