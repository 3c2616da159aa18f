"""Entry points of installed packages, by their group and name; each is imported when asked for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mlci.errors import Broken
from mlci.plugins import apart


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """What one distribution brings under one name; ``str()`` is how messages call it."""

    group: str
    name: str
    distribution: str
    version: str
    entry: EntryPoint = field(repr=False)

    def __str__(self) -> str:
        kind = self.group.removeprefix("mlci.").removesuffix("s")
        return f"{kind} {self.name!r} of {self.distribution} {self.version}"

    def load(self) -> Any:
        """What the entry point names. Raises Broken where it can't be imported, whatever it does
        instead: to leave the process must not look like success. Raises Apart in a process that
        is not to run plug-ins."""
        apart.enter(self)
        try:
            return self.entry.load()
        except (Exception, SystemExit) as error:
            raise self.broken(
                f"{self.entry.value} can't be imported: {type(error).__name__}: {error}",
                "an object that can be imported",
            ) from error

    def broken(self, found: str, expected: str) -> Broken:
        return Broken(
            place=str(self),
            found=found,
            expected=expected,
            next_step=f"mend, update or remove the package {self.distribution}",
        )


def find(group: str, name: str, built_in: Collection[str]) -> Plugin | None:
    """The plug-in of this name, or None where nobody brings it.

    Raises Broken where a distribution brings a name of the group that is ``built_in``, and where
    two of them bring ``name``: which one would be meant must not depend on their order.
    """
    brought = _index(group)
    for each in sorted(set(brought) & set(built_in)):
        raise brought[each][0].broken(f"{each!r} is built in", "a name that mlci doesn't have")
    found = brought.get(name, ())
    if len(found) > 1:
        others = " and ".join(f"{each.distribution} {each.version}" for each in found)
        raise found[0].broken(f"{others} both bring it", "one package that does")
    return found[0] if found else None


@cache
def _index(group: str) -> Mapping[str, tuple[Plugin, ...]]:
    """By name, those of a distribution that is found twice once, as it is imported."""
    found: dict[str, list[Plugin]] = {}
    for entry in entry_points(group=group):
        distribution = entry.dist
        plugin = Plugin(
            group=group,
            name=entry.name,
            distribution=distribution.name if distribution else "an unnamed distribution",
            version=distribution.version if distribution else "0",
            entry=entry,
        )
        found.setdefault(entry.name, []).append(plugin)
    return {name: tuple(each) for name, each in found.items()}
