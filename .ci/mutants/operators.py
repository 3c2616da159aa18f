"""Ways to be wrong that cosmic-ray doesn't know: champion for candidate, a missing correction.

Its own operators flip comparisons and swap ``and`` with ``or``; catalogue.py says which are used.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import parso
from cosmic_ray.operators.operator import Argument, Example, Operator

Position = tuple[tuple[int, int], tuple[int, int]]

OURS = {"candidate", "own", "mine", "ahead", "first", "canary", "over"}
THEIRS = {"champion", "other", "theirs", "behind", "second", "stable", "under"}
SHORT = ("b", "c")  # the discordant counts, by the field's usual names
OPPOSITE = {
    "candidate": "champion",
    "champion": "candidate",
    "CANDIDATE": "CHAMPION",
    "CHAMPION": "CANDIDATE",
    "_CANDIDATE": "_CHAMPION",
    "_CHAMPION": "_CANDIDATE",
}
# Of these either order means the same.
SYMMETRIC = {"min", "max", "check_counts", "_check"}
_LISTS = ("arglist", "testlist_comp", "testlist_star_expr", "exprlist", "testlist", "subscriptlist")


class SwapPair(Operator):
    """What belongs to the candidate and what belongs to the champion, side by side: the other way
    round. Keyword arguments keep their names and exchange their values."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        for one, other in _neighbours(node):
            yield one.start_pos, other.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        one, other = list(_neighbours(node))[index]
        _exchange(_value(one), _value(other))
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("f(candidate, champion)", "f(champion, candidate)"),
            Example("f(a=own.x, b=other.y)", "f(a=other.y, b=own.x)"),
            Example("own, other = pair", "other, own = pair"),
            Example("bound(b, c, n)", "bound(c, b, n)"),
        )


class SwapDifference(Operator):
    """The sign of candidate minus champion."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        for one, other in _differences(node):
            yield one.start_pos, other.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        _exchange(*list(_differences(node))[index])
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("x = own.area - other.area", "x = other.area - own.area"),
            Example("(b - c) / n", "(c - b) / n"),
        )


class OtherModel(Operator):
    """One mention of the candidate where it is read: the champion instead, or the reverse."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        if node.type == "name" and node.value in OPPOSITE and _read(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, _index: int) -> Any:
        node.value = OPPOSITE[node.value]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("n = len(rows.candidate)", "n = len(rows.champion)"),
            Example("f(candidate=champion)", "f(candidate=candidate)"),
        )


class DropCorrection(Operator):
    """``found`` is replaced by ``instead``, what the code would say without the correction."""

    def __init__(self, found: str, instead: str) -> None:
        self.found, self.instead = found, instead

    @classmethod
    def arguments(cls) -> tuple[Argument, ...]:
        return (
            Argument("found", "the code with the correction"),
            Argument("instead", "the code without it"),
        )

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        if node.type != "file_input":
            return
        code = node.get_code()
        for at in self._places(code):
            yield _place(code, at), _place(code, at + len(self.found))

    def mutate(self, node: Any, index: int) -> Any:
        code = node.get_code()
        at = self._places(code)[index]
        return parso.parse(code[:at] + self.instead + code[at + len(self.found) :])

    def _places(self, code: str) -> list[int]:
        return [each.start() for each in re.finditer(re.escape(self.found), code)]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        arguments = {"found": "holm(p)", "instead": "p"}
        return (Example("q = holm(p)", "q = p", operator_args=arguments),)


def _neighbours(node: Any) -> Iterator[tuple[Any, Any]]:
    if node.type not in _LISTS or _called(node) in SYMMETRIC:
        return
    elements = [each for each in node.children if each.type != "operator"]
    for one, other in pairwise(elements):
        if _opposed(one, other):
            yield one, other


def _differences(node: Any) -> Iterator[tuple[Any, Any]]:
    if node.type != "arith_expr":
        return
    parts = node.children
    for at in range(1, len(parts), 2):
        # Of a - b - c the sign of b alone can't be turned by exchanging neighbours.
        if parts[at].value == "-" and at == 1 and _opposed(parts[0], parts[2]):
            yield parts[0], parts[2]


def _opposed(one: Any, other: Any) -> bool:
    texts = [each.get_code(include_prefix=False) for each in (one, other)]
    if sorted(texts) == sorted(SHORT):
        return True
    words = [set(re.findall(r"[a-z]+", text.lower())) for text in texts]
    sides = [(bool(each & OURS), bool(each & THEIRS)) for each in words]
    return sides in ([(True, False), (False, True)], [(False, True), (True, False)])


def _called(elements: Any) -> str:
    """The function whose arguments these are, in a list of their own or not."""
    whole = elements.parent if elements.parent.type == "atom" else elements
    if whole is not elements and whole.parent.type == "arglist":
        whole = whole.parent
    before = whole.parent.get_previous_sibling() if whole.type == "arglist" else None
    return before.value if before is not None and before.type == "name" else ""


def _value(element: Any) -> Any:
    return element.children[-1] if element.type == "argument" else element


def _exchange(one: Any, other: Any) -> None:
    """In the tree, each keeping the white space before its place."""
    places = [(each.parent, each.parent.children.index(each)) for each in (one, other)]
    prefixes = [each.get_first_leaf().prefix for each in (one, other)]
    for (parent, at), new, prefix in zip(places, (other, one), prefixes, strict=True):
        parent.children[at] = new
        new.get_first_leaf().prefix = prefix


def _read(name: Any) -> bool:
    """Not a parameter, a keyword or a target; nor asked whether it is there, or where from."""
    parent = name.parent
    if parent.type in ("param", "annassign", "funcdef", "import_from", "import_as_names"):
        return False
    if parent.type == "argument":
        return parent.children[-1] is name
    whole = parent.parent if parent.type == "trailer" else name
    if whole.type == "atom_expr" and ".release" in whole.get_code():
        return False
    if "is" in [each.get_code().split()[0] for each in _siblings(whole) if each.get_code().split()]:
        return False
    return not name.is_definition()


def _siblings(node: Any) -> list[Any]:
    return node.parent.children if node.parent.type == "comparison" else []


def _place(code: str, at: int) -> tuple[int, int]:
    line = code.count("\n", 0, at)
    return line + 1, at - (code.rfind("\n", 0, at) + 1)
