"""take: foreign weights become a trainer's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from linocut.graph.state import Place
from linocut.importing.fitted import fitted
from linocut.importing.foreign import Foreign
from linocut.ops.bits import Array

if TYPE_CHECKING:
    from linocut.train import Trainer


def take(trainer: Trainer, foreign: Foreign, names: Mapping[str, str] | None) -> tuple[str, ...]:
    """Store foreign weights in a trainer's state, all or none; what an optimizer keeps of them starts anew.

    Returns the parameters that were set. SpecError as of `fitted`.
    """
    compiled = trainer.compiled
    values = fitted(compiled.graph, compiled.policy, foreign, names or {})
    places = compiled.layout.parameters
    trainer.state.update({name: _with_signs(value, places[name]) for name, value in values.items()})
    moments = trainer.state.moments
    moments.update({name: np.zeros(moments.shape(name)) for name in moments})
    return tuple(values)


def _with_signs(values: Array, place: Place) -> Array:
    """No negative number so small that the place's format rounds it to 0, which counts as +1."""
    form = place.form
    if form.one:
        step = place.scale / form.one
    elif form.is_float:
        step = float(np.finfo(form.dtype).smallest_subnormal)
    else:
        return values
    return np.where((values < 0) & (values > -step), -step, values)
