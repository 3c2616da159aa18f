"""All that judging the size gate needs: what each start of a server took, of both models."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Start:
    """Bytes or seconds of the candidate and, started next to it, of the champion."""

    candidate: float
    champion: float | None = None


@dataclass(frozen=True, kw_only=True)
class SizeMeasurement:
    """``starts`` by their number. ``error`` and ``champion_error`` say why the gate, or the
    champion's part of it, can't be judged."""

    starts: Mapping[int, Start]
    error: str = ""
    champion_error: str = ""

    def candidate(self) -> list[float]:
        return [start.candidate for _, start in sorted(self.starts.items())]

    def ratios(self) -> list[float]:
        """Candidate over champion, of the starts of which there are both."""
        return [
            start.candidate / start.champion
            for _, start in sorted(self.starts.items())
            if start.champion
        ]

    @property
    def shown(self) -> dict[str, list[float | None]]:
        """Candidate and champion of each start, as reports show them."""
        return {str(k): [each.candidate, each.champion] for k, each in sorted(self.starts.items())}

    def __add__(self, other: "SizeMeasurement") -> "SizeMeasurement":
        """Both measurements' starts; ValueError where one number names two that differ."""
        twice = self.starts.keys() & other.starts.keys()
        if any(self.starts[number] != other.starts[number] for number in twice):
            raise ValueError(f"two starts have the numbers {sorted(twice)}")
        return SizeMeasurement(
            starts={**self.starts, **other.starts},
            error=min(filter(None, (self.error, other.error)), default=""),
            champion_error=min(
                filter(None, (self.champion_error, other.champion_error)), default=""
            ),
        )
