"""A share of the work of measuring: ``2/8`` is the second of eight."""

import re
from dataclasses import dataclass

MOST = 100_000
_FORM = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Shard:
    """``number`` counts from 1 up to ``of``; ``1/1`` is all there is."""

    number: int = 1
    of: int = 1

    @property
    def whole(self) -> bool:
        return self.of == 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


ALL = Shard()


def read_shard(text: str) -> Shard:
    """Raises ValueError for anything but ``I/N`` with 1 <= I <= N <= MOST.

    >>> read_shard("2/8")
    Shard(number=2, of=8)
    """
    found = _FORM.fullmatch(text)
    number, of = (int(each) for each in found.groups()) if found else (0, 0)
    if not 1 <= number <= of <= MOST:
        raise ValueError(f"{text!r} is no shard such as 2/8: the second of eight")
    return Shard(number=number, of=of)
