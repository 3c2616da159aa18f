"""A policy that extends a pack: the pack's words and its own as one policy, which only tightens.

The pack's gates stay, each under its name; a gate of that name in the policy is laid over it. What
the policy says must be as strict as the pack, unless the pack lists it as ``overridable``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from mlci import packs
from mlci.manifest.document import Reading, dig, mappings
from mlci.manifest.problems import Problems, nearest, one_of, show
from mlci.manifest.tighten import alarms, defaults, expected, in_full, may_be_added
from mlci.manifest.yaml import Document, Keys, load
from mlci.records.source import Key

# What a pack says for all of a policy; gates and rules are laid over each other by name.
_WHOLE = ("confidence", "onInconclusive", "sources", "evaluations", "watch", "waiverRules", "exam")

Entry = Mapping[str, Any]


def extended(reading: Reading) -> Reading:
    """The reading as if the policy said itself what its pack says; what can't be is a problem."""
    keys: Keys = ("spec", "extends")
    name = dig(reading.value, *keys)
    if not isinstance(name, str) or keys in reading.refused:
        return reading
    if name not in packs.names():
        known = packs.names()
        reading.problems.add(keys, f"the pack {show(name)}", one_of(known), nearest(name, known))
        return reading
    return _Extension(reading, name).reading()


@cache
def pack(name: str) -> Document:
    """A pack that there is."""
    return load(f"mlci/packs/{name}.yaml", packs.read(name))


class _Extension:
    def __init__(self, reading: Reading, name: str) -> None:
        self._reading = reading
        self._name = name
        self._pack: Entry = pack(name).value["spec"]
        self._own: Entry = reading.value["spec"]
        self._overridable = frozenset(self._pack.get("overridable", ()))
        self._places = dict(reading.source.places)
        self._silent = reading.refused | reading.unknown

    def reading(self) -> Reading:
        spec = {**self._own, **self._whole(), "gates": self._gates(), "rules": self._rules()}
        source = replace(self._reading.source, places=self._places)
        problems = Problems(source, self._reading.problems.found)
        self._check_said(spec["gates"], problems)
        value = {**self._reading.value, "spec": spec}
        return replace(self._reading, value=value, source=source, problems=problems)

    def _whole(self) -> dict[str, Any]:
        merged = {}
        for key in _WHOLE:
            if key in self._pack:
                own, packs_own = self._own.get(key), self._pack[key]
                if key in self._own and key not in self._overridable:
                    self._compare(("spec", key), (key,), own, packs_own)
                merged[key] = packs_own if key not in self._own else _over(packs_own, own)
        return merged

    def _gates(self) -> list[Any]:
        """The policy's own gates at their places, each over the pack's of its name; then those of
        the pack that it doesn't name, at the place of `extends`."""
        listed = self._own.get("gates")
        gates = list(listed) if isinstance(listed, list) else []
        at: dict[str, int] = {}
        for index, entry in mappings(self._reading.value, "spec", "gates"):
            name = str(entry.get("name", entry.get("gate")))
            of_pack = next((each for each in self._pack["gates"] if each["name"] == name), None)
            if of_pack is None:
                continue
            keys: Keys = ("spec", "gates", index)
            if at.setdefault(name, index) != index:
                found = f"the gate {show(name)} of pack {self._name} a second time"
                self._reading.problems.add(keys, found, "it once, or another `name`")
                continue
            gates[index] = {**self._kept(of_pack, entry), **_over(of_pack, entry)}
            self._check_gate(keys, entry, of_pack)
        inherited = self._inherited("gates", len(gates), at, self._pack["gates"], "name")
        return [*gates, *({**self._kept(each, {}), **each} for each in inherited)]

    def _kept(self, of_pack: Entry, own: Entry) -> Entry:
        """An alarm keeps the pack's confidence, whatever the policy asks of all its gates."""
        free = of_pack["name"] in self._overridable
        return {} if free or not alarms(of_pack, own) else self._floor()

    def _check_gate(self, keys: Keys, own: Entry, of_pack: Entry) -> None:
        floor = {**defaults(of_pack["gate"]), **self._floor(), **of_pack}
        if of_pack["name"] in self._overridable or own.get("gate") != of_pack["gate"]:
            self._compare((*keys, "gate"), ("gate",), own.get("gate"), of_pack["gate"])
            return
        own = {key: value for key, value in own.items() if key != "name"}
        if "confidence" in own and alarms(of_pack, own):
            packs_own = floor.get("confidence")
            self._compare((*keys, "confidence"), ("alarm",), own.pop("confidence"), packs_own)
        left_open = {key for key, value in floor.items() if value is None}
        said = {key: value for key, value in own.items() if key not in left_open}
        self._compare_each(keys, (), said, floor)

    def _floor(self) -> dict[str, Any]:
        return {"confidence": self._pack["confidence"]} if "confidence" in self._pack else {}

    def _rules(self) -> list[Any]:
        listed, of_pack = self._own.get("rules"), self._pack.get("rules", [])
        rules = list(listed) if isinstance(listed, list) else []
        at: dict[str, int] = {}
        for index, entry in mappings(self._reading.value, "spec", "rules"):
            rule = str(entry.get("id"))
            if rule in {each["id"] for each in of_pack}:
                at[rule] = index
                keys: Keys = ("spec", "rules", index, "id")
                found = f"the rule {show(rule)}, which pack {self._name} has"
                self._reading.problems.add(keys, found, "another id; the pack's rule stays")
        return [*rules, *self._inherited("rules", len(rules), at, of_pack, "id")]

    def _inherited(
        self, kind: str, first: int, taken: Mapping[str, int], entries: Any, name: str
    ) -> Iterator[Any]:
        rest = [each for each in entries if each[name] not in taken]
        for index, entry in enumerate(rest, start=first):
            self._places["spec", kind, index] = self._places["spec", "extends"]
            yield entry

    def _compare(self, place: Keys, keys: tuple[Key, ...], own: Any, packs_own: Any) -> None:
        if place in self._reading.refused:
            return
        whole = in_full(keys[-1], own) if own is True else own
        floor = in_full(keys[-1], packs_own)
        if isinstance(whole, Mapping) and isinstance(floor, Mapping):
            self._compare_each(place, keys, whole, floor)
        elif wanted := expected(keys, own, packs_own):
            found = f"{_shown(own)}, where pack {self._name} says {_shown(packs_own)}"
            self._reading.problems.add(place, found, wanted)

    def _compare_each(
        self, place: Keys, keys: tuple[Key, ...], own: Entry, packs_own: Entry
    ) -> None:
        for key, value in own.items():
            at, path = (*place, key), (*keys, key)
            if key in packs_own:
                self._compare(at, path, value, packs_own[key])
            elif not may_be_added(path) and at not in self._silent:
                found = f"{show(key)}, of which pack {self._name} says nothing"
                wanted = "nothing either; a gate of another name may say it"
                self._reading.problems.add(at, found, wanted)

    def _check_said(self, gates: list[Any], problems: Problems) -> None:
        """What a pack leaves open (as null), the policy says."""
        left_open = {
            each["name"]: [key for key in each if each[key] is None] for each in self._pack["gates"]
        }
        for index, entry in mappings({"gates": gates}, "gates"):
            for key in left_open.get(str(entry.get("name", entry.get("gate"))), ()):
                if entry.get(key) is None:
                    found = (
                        f"gate {show(entry.get('name'))} of pack {self._name} without {show(key)}"
                    )
                    wanted = f"a gate of that name with {show(key)}, which the pack leaves open"
                    problems.add(("spec", "gates", index), found, wanted)


def _over(below: Any, above: Any) -> Any:
    """Mappings key by key; of all else what is above."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        both = {key: _over(below[key], above[key]) for key in below.keys() & above.keys()}
        return {**below, **above, **both}
    return above


def _shown(value: Any) -> str:
    return f"[{', '.join(map(_shown, value))}]" if isinstance(value, list) else show(value)
