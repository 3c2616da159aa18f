"""The exam that candidate and champion sit."""

from dataclasses import dataclass

from mlci.records.source import Source

Scalar = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class EvaluationSet:
    """``evaluations/<name>.yaml``: labelled rows, and the columns that fairness looks at."""

    source: Source
    name: str
    uri: str
    digest: str
    label: str
    positive: Scalar | None = None
    sensitive: tuple[str, ...] = ()
