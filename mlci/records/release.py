"""The declaration of a release: which model, judged on what, delivered how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlci.records.paths import bundle_path as bundle_path
from mlci.records.paths import release_path as release_path
from mlci.records.rollout import Rollout
from mlci.records.rollout import Step as Step
from mlci.records.serving import Serving
from mlci.records.source import Source


@dataclass(frozen=True, kw_only=True)
class Model:
    """The artifact. ``inputs`` maps a graph input to the columns stacked into it."""

    uri: str
    digest: str
    format: str
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str | int | float | bool, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Release:
    """``releases/<model>/<environment>.yaml``, parsed and checked.

    ``steps`` are those that move traffic; ``rollout`` has all of them.
    """

    source: Source
    name: str
    environment: str
    version: str
    task: str
    model: Model
    evaluation: str
    replicas: int
    steps: tuple[Step, ...]
    lineage: Mapping[str, Any] = field(default_factory=dict)
    governance: Mapping[str, Any] = field(default_factory=dict)
    rollout: Rollout = field(default_factory=Rollout)
    serving: Serving = field(default_factory=Serving)

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def digest(self) -> str:
        """The digest of the manifest's bytes: the release's identity."""
        return self.source.digest

    @property
    def training_data(self) -> tuple[str, str] | None:
        """The uri and the digest of what it was trained on, where its lineage names them."""
        dataset = self.lineage.get("training", {}).get("dataset")
        return (dataset["uri"], dataset["digest"]) if dataset else None
