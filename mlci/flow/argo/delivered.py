"""A delivery's own words, from the git objects that its record names: manifest, watch, template."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from mlci.errors import Broken
from mlci.flow.case import recorded_release
from mlci.flow.truth import Rules
from mlci.flow.watched import watch_of
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord
from mlci.records.policy import Watch
from mlci.records.release import Release, bundle_path
from mlci.render.template import template_digest

_FILES = ("bundle.yaml", "values.yaml")
_NO_BUNDLE = (
    yaml.YAMLError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
    StopIteration,
)


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """``template`` is the digest of its pod template, ``strategy`` what its Rollout says of how
    traffic moves."""

    release: Release
    watch: Watch
    template: str
    strategy: Mapping[str, Any]


def delivered(repository: Repository, record: DeliveryRecord, tip: Rules) -> Delivered:
    """Raises Broken where the record doesn't name a manifest and a bundle that can be read."""
    release = recorded_release(repository, record)
    template, strategy = _rollout(repository, record)
    return Delivered(
        release=release,
        watch=watch_of(repository, record, release, tip),
        template=template,
        strategy=strategy,
    )


def _rollout(repository: Repository, record: DeliveryRecord) -> tuple[str, Mapping[str, Any]]:
    """Template's digest and strategy."""
    folder = bundle_path(record.model, record.environment)
    blob = next(
        (e for e in record.paths if e.path in [f"{folder}/{name}" for name in _FILES]), None
    )
    found = "it names no bundle"
    if blob is not None:
        try:
            spec = next(
                each["spec"]
                for each in _objects(repository.blob(blob.oid), record.model)
                if each["kind"] == "Rollout"
            )
            return template_digest(spec["template"]), dict(spec["strategy"])
        except _NO_BUNDLE as error:
            found = f"{blob.path} can't be read: {type(error).__name__}"
    raise Broken(
        place=f"mlci/records: record {record.seq} of {record.model}/{record.environment}",
        found=found,
        expected="the bundle that Argo was given, with its Rollout",
        next_step="render it with `mlci render`, and merge it with the manifest",
    )


def _objects(content: bytes, model: str) -> Iterator[Mapping[str, Any]]:
    """A plain bundle is the objects themselves; a chart's values hold them by model."""
    documents = list(yaml.load_all(content, Loader=yaml.CSafeLoader))
    if len(documents) == 1 and "models" in documents[0]:
        yield from documents[0]["models"][model]["objects"]
    else:
        yield from documents
