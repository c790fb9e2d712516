"""Findings: what went wrong in an epoch so far that training can go on with."""

from __future__ import annotations

from dataclasses import dataclass, field

from linocut import fields

MOST_NAMED = 5  # channels, in a warning


@dataclass
class Findings:
    """How many mantissas saturated, gradients that do and for how many runs by now, channels that never varied."""

    saturated: int = 0
    saturating: dict[str, int] = field(default_factory=dict)
    still: dict[str, list[int]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def dead_channels(self) -> int:
        """How many channels never varied."""
        return sum(map(len, self.still.values()))

    def all_warnings(self, steps: int) -> tuple[str, ...]:
        """The warnings of an epoch of so many steps, those of channels that never varied with them."""
        return (*self.warnings, *(_dead(name, channels, steps) for name, channels in self.still.items()))

    @staticmethod
    def from_dict(data: object) -> Findings:
        """What was written of them; SpecError for anything else."""
        found = fields.described(data, Findings, "findings")
        saturating = fields.mapping(found["saturating"], "saturating")
        for name, runs in saturating.items():
            fields.whole(runs, f"saturating {name}")
        still = {
            name: [fields.whole(channel, "a channel") for channel in fields.entries(channels, "channels")]
            for name, channels in fields.mapping(found["still"], "still channels").items()
        }
        warnings = [fields.text(text, "a warning") for text in fields.entries(found["warnings"], "warnings")]
        return Findings(fields.whole(found["saturated"], "saturated"), saturating, still, warnings)


def _dead(name: str, channels: list[int], steps: int) -> str:
    named = ", ".join(map(str, channels[:MOST_NAMED]))
    more = f" and {len(channels) - MOST_NAMED} more" if len(channels) > MOST_NAMED else ""
    return f"step {steps}: norm statistics of {name}: no variation since step 1 in channels {named}{more}"
