"""Stream: a recurrent network in 16 bits over a live stream of frames; its state is kept from frame to frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from linocut.compile.inference import INPUT, LOGITS, compile_stream
from linocut.compile.lower import PREDICT
from linocut.compile.recurrent_q10 import FRAMES
from linocut.errors import DataError, SpecError
from linocut.graph.inference import InferenceGraph
from linocut.ops.q10_frames import MOST_FRAMES
from linocut.run.constants import put_constants
from linocut.run.session import NATIVE, open_session


class Stream:
    """Frames in, outputs after each: of the frame, or of the mean of all so far where the network takes that.

    The integers are those of a Predictor over the whole sequence. SpecError for a graph that is not in Q5.10
    (`sixteen_bits` makes one), or that goes backwards.
    """

    def __init__(self, graph: InferenceGraph, *, backend: str = NATIVE) -> None:
        """Compile the program of one frame; nothing has been heard yet."""
        prediction = compile_stream(graph)
        self.graph, self.frames = graph, 0
        self._session = open_session(prediction.program, backend=backend, threads=1)
        put_constants(self._session, prediction)
        self._input: NDArray[np.float32] = self._session.array(INPUT)[0, 0]
        self._outputs: NDArray[np.float32] = self._session.array(LOGITS)[0]
        self._constants = set(prediction.constants)
        self._counts = FRAMES in prediction.program.index

    @property
    def arena_bytes(self) -> int:
        """All the memory, in bytes, that it takes, weights too."""
        return self._session.program.arena_bytes

    def reset(self) -> None:
        """Forget what was heard: the next frame is the first."""
        self.frames = 0
        for buffer in self._session.program.persistent():
            if buffer.name not in self._constants:
                self._session.state_bytes(buffer.name)[...] = 0

    def push(self, frame: NDArray[Any]) -> NDArray[np.float32]:
        """Outputs (outputs,) after one more frame (features,), a copy.

        DataError for a frame of another shape, or with what is not a number; SpecError after 65,535 frames of a mean.
        """
        given = np.asarray(frame)
        if given.shape != self._input.shape or not np.issubdtype(given.dtype, np.number):
            raise DataError(f"a frame has shape {given.shape} of {given.dtype}, must be {self._input.shape} numbers")
        if not np.isfinite(given).all():
            raise DataError("a frame holds NaN or infinite numbers; leave it out, or give zeros")
        if self._counts:
            if self.frames >= MOST_FRAMES:
                raise SpecError(f"the stream has {self.frames:,} frames, whose sum is full; call reset")
            self._session.array(FRAMES)[...] = self.frames + 1
        self._input[...] = given
        self._session.run(PREDICT)
        self.frames += 1
        return self._outputs.reshape(-1).copy()
