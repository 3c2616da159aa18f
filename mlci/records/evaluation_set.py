"""The exam that candidate and champion sit."""

from dataclasses import dataclass, field

from mlci.records.expectations import Expectations
from mlci.records.source import Source

Scalar = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class EvaluationSet:
    """``evaluations/<name>.yaml``: labelled rows, and the columns that fairness looks at.

    ``cluster`` names the column whose equal values mean rows that belong together (a person, a
    device, a day), ``weight`` the column of what each row counts.
    """

    source: Source
    name: str
    uri: str
    digest: str
    label: str
    positive: Scalar | None = None
    sensitive: tuple[str, ...] = ()
    cluster: str | None = None
    weight: str | None = None
    expectations: Expectations = field(default_factory=Expectations)
