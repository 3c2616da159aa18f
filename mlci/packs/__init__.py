"""The policy packs that ship: what a policy may extend, each number with its reason."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_SUFFIX = ".yaml"


@cache
def names() -> tuple[str, ...]:
    """The packs there are, sorted."""
    return tuple(sorted(file.stem for file in _FOLDER.glob(f"*{_SUFFIX}")))


def read(name: str) -> bytes:
    """A pack's text. Raises KeyError when there is no such pack."""
    if name not in names():
        raise KeyError(name)
    return (_FOLDER / f"{name}{_SUFFIX}").read_bytes()
