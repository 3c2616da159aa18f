"""What a release asks of the engine that is to deliver it, and whether that engine can do it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlci.errors import BadInput
from mlci.manifest.document import dig, mappings
from mlci.manifest.problems import problem, show
from mlci.manifest.yaml import Keys
from mlci.records.source import Source
from mlci.records.strategy import Strategy

if TYPE_CHECKING:
    from mlci.records.argo import Argo

ROLLOUT: Keys = ("spec", "rollout")
STEPS: Keys = (*ROLLOUT, "steps")
_DELAYS = ("scaleDownDelay", "progressDeadline")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """``asks`` are the keys to what not every engine can do, each with its word.

    None for ``image`` or ``uri``: there is none; "" where it can't be read.
    """

    asks: tuple[tuple[Keys, str], ...]
    image: str | None
    uri: str | None
    format: str | None


@dataclass(frozen=True, kw_only=True)
class EnvironmentPlace:
    """An environment and where it stands in the project file; ``engine`` is None if unread."""

    source: Source
    keys: Keys
    engine: Mapping[str, Any] | None


def asked_in(value: Any) -> Asked:
    """Of a document that may have mistakes in it."""
    asks: list[tuple[Keys, str]] = []
    said = dig(value, *ROLLOUT)
    if dig(said, "strategy") == Strategy.BLUE_GREEN:
        asks.append(((*ROLLOUT, "strategy"), str(Strategy.BLUE_GREEN)))
    asks += [((*ROLLOUT, key), key) for key in _DELAYS if dig(said, key) is not None]
    for index, step in mappings(value, *STEPS):
        asks += [
            ((*STEPS, index, key), key) for key in ("pause", "shadow", "header") if key in step
        ]
    return Asked(
        asks=tuple(asks),
        image=_text(dig(value, "spec", "serving", "image")),
        uri=_text(dig(value, "spec", "model", "uri")),
        format=_text(dig(value, "spec", "model", "format")),
    )


def check_engine(
    source: Source, name: str, asked: Asked, environment: EnvironmentPlace
) -> Iterator[BadInput]:
    """What keeps the environment's engine from delivering the release."""
    if environment.engine is None:
        return
    if "local" in environment.engine:
        yield from _local(source, asked)
    elif "argo" in environment.engine:
        yield from _argo(source, name, asked, environment)


def _local(source: Source, asked: Asked) -> Iterator[BadInput]:
    blue_green = any(word == Strategy.BLUE_GREEN for _, word in asked.asks)
    for keys, word in asked.asks:
        if word == "scaleDownDelay" and not blue_green:
            yield problem(
                source,
                keys,
                "scaleDownDelay of a canary, which the embedded engine doesn't do",
                "no scaleDownDelay: its policy's watch.keepWatching says how long the release "
                "before stays warm",
            )


def _argo(
    source: Source, name: str, asked: Asked, environment: EnvironmentPlace
) -> Iterator[BadInput]:
    from mlci.records.argo import read_argo

    argo = read_argo(environment.engine or {})
    if argo is None:
        return
    if argo.image is None:
        yield problem(
            environment.source,
            (*environment.keys, "engine", "argo"),
            "no key 'image'",
            "the image of mlci by digest, which brings and verifies models in the cluster",
        )
    blue_green = any(word == Strategy.BLUE_GREEN for _, word in asked.asks)
    yield from _judge(argo, environment, blue_green=blue_green)
    if asked.image is None:
        found = "no key 'image'"
        yield problem(source, ("spec", "serving"), found, "a server's image by digest, for Argo")
    if not name[:1].isalpha():
        found, expected = show(name), "a letter first: Services in the cluster have this name"
        yield problem(source, ("metadata", "name"), found, expected)
    if asked.uri and "://" not in asked.uri:
        yield problem(
            source,
            ("spec", "model", "uri"),
            f"{show(asked.uri)}, a path in this repository, which pods don't see",
            "a uri that pods can read, such as https://, s3:// or file://",
        )
    if asked.format == "predictions":
        expected = "a model that a server can load"
        yield problem(source, ("spec", "model", "format"), show(asked.format), expected)
    for keys, word in asked.asks:
        if word == "shadow":
            found = "shadow, which Argo Rollouts does by Istio only"
            yield problem(source, keys, found, "no shadow in this environment")
        elif word == "header" and argo.gateway is None:
            found = "header, and nothing routes by headers there"
            yield problem(source, keys, found, "engine.argo.routing in the project file")
        elif word == "scaleDownDelay" and argo.gateway is None and not blue_green:
            found = "scaleDownDelay of a canary whose traffic is split by the number of pods"
            yield problem(source, keys, found, "engine.argo.routing in the project file")


def _judge(argo: "Argo", environment: EnvironmentPlace, *, blue_green: bool) -> Iterator[BadInput]:
    """Argo's own provider needs to know where, and a canary counters that tell two releases apart;
    blue-green has no two arms at once."""
    from mlci.manifest.counted import check_counted

    keys: Keys = (*environment.keys, "engine", "argo")
    said = dig(environment.engine, "argo", "prometheus")
    if argo.judge == "prometheus" and said is None:
        found, expected = "prometheus, and no address of it", "prometheus: {address: …} beside it"
        yield problem(environment.source, (*keys, "judge"), found, expected)
    elif said is not None and not blue_green:
        yield from check_counted(environment.source, (*keys, "prometheus"), said, argo)


def _text(value: Any) -> str | None:
    return None if value is None else value if isinstance(value, str) else ""
