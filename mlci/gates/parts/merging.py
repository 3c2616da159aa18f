"""Adding up what shards kept: of what only some of them have, of mappings, of many."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Key = TypeVar("Key")
Kept = TypeVar("Kept")


def plus(one: Any, other: Any) -> Any:
    """The sum; where one is None, the other: a shard that has nothing adds nothing."""
    if one is None or other is None:
        return other if one is None else one
    return one + other


def both(one: Any, other: Any) -> Any:
    """The sum of what both shards have or both have not. Raises ValueError otherwise."""
    if (one is None) is not (other is None):
        raise ValueError("only one of two measurements has a part that both or none have")
    return None if one is None else one + other


def each(one: Mapping[Key, Any], other: Mapping[Key, Any]) -> dict[Key, Any]:
    """By keys, which must be the same ones. Raises ValueError otherwise."""
    if one.keys() != other.keys():
        raise ValueError("measurements of other things don't add up")
    return {key: plus(value, other[key]) for key, value in one.items()}


def total(measurements: Sequence[Kept]) -> Kept:
    """The sum of at least one, in pairs of pairs: what is put end to end is copied a few times
    only. Raises ValueError for measurements that don't add up."""
    left = list(measurements)
    while len(left) > 1:
        pairs = zip(left[::2], [*left[1::2], None], strict=False)
        left = [plus(one, other) for one, other in pairs]
    return left[0]
