"""Where a value stood in the text it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Key = str | int


@dataclass(frozen=True, kw_only=True)
class Source:
    """One document's file, its bytes' digest, and the place of each of its values.

    ``path`` is relative to the repository's root; ``digest`` is ``sha256:<64 hex>`` of the
    bytes; ``places`` maps the keys that lead to a value to its (line, column), from 1.
    """

    path: str
    digest: str
    content: bytes = field(repr=False)
    places: Mapping[tuple[Key, ...], tuple[int, int]] = field(repr=False)

    def at(self, *keys: Key) -> str:
        """``path:line:column`` of the value, or of the nearest thing around it that exists."""
        while keys and keys not in self.places:
            keys = keys[:-1]
        line, column = self.places.get(keys, (1, 1))
        return f"{self.path}:{line}:{column}"
