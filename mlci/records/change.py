"""What a change does to the releases of a repository."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True)
class ChangedRelease:
    """``path`` is the manifest's, from the repository's root."""

    path: str
    model: str
    environment: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Change:
    """From commit ``since`` to commit ``until``; ``releases`` by path, ``rules`` the paths of
    project file, policies and exams that differ, and ``first`` whether it brings mlci.yaml."""

    since: str
    until: str
    releases: tuple[ChangedRelease, ...]
    rules: tuple[str, ...]
    first: bool

    @property
    def to_gate(self) -> tuple[ChangedRelease, ...]:
        """What is asked for after the change; a release that is taken away needs no gate."""
        return tuple(each for each in self.releases if each.kind is not Kind.REMOVED)
