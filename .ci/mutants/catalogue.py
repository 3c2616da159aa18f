"""Every mutant of the decision code, by cosmic-ray's operators and those of operators.py."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import operators
from corrections import CORRECTIONS
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec, WorkItem

ROOMS = ("mlci/statistics", "mlci/gates")
FILES = ("mlci/verdict.py",)

NEGATED = ("Lt_GtE", "GtE_Lt", "Gt_LtE", "LtE_Gt", "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is")
# Of which "is None" is left alone: it asks whether something is there, and decides nothing.
PRESENCE = ("Is_IsNot", "IsNot_Is")
# < for <= and the like, where what is compared isn't a float that hits its limit by chance only.
AT_THE_LIMIT = ("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt")
DISCRETE = (
    "mlci/verdict.py",
    "mlci/gates/decision.py",
    "mlci/gates/brought/estimates.py",
    "mlci/gates/data/expected.py",
    "mlci/gates/data/shift.py",
    "mlci/gates/fairness/champion.py",
    "mlci/gates/fairness/pairs.py",
    "mlci/gates/load/measurement.py",
    "mlci/gates/load/ratio.py",
    "mlci/gates/size/judging.py",
    "mlci/statistics/holm.py",
    "mlci/statistics/median.py",
)
# Nothing in them is a candidate or a champion; their "other" and "first" are of something else.
WITHOUT_MODELS = ("mlci/statistics/placements.py", "mlci/statistics/roots.py")


class Mutant(NamedTuple):
    """``before`` and ``after`` are the lines that differ, stripped; ``line`` is the first of them.
    ``identity`` names it in the list of survivors, wherever the line may move to."""

    item: WorkItem
    code: str
    definition: str
    line: int
    lines: tuple[int, ...]
    before: str
    after: str
    why: str

    @property
    def path(self) -> str:
        return str(self.item.mutations[0].module_path)

    @property
    def identity(self) -> tuple[str, str, str, str]:
        return self.path, self.definition, self.before, self.after


def decision_files(root: Path) -> list[str]:
    found = [*FILES]
    for room in ROOMS:
        found += [str(each.relative_to(root)) for each in (root / room).rglob("*.py")]
    return sorted(found)


def mutants(root: Path, path: str) -> list[Mutant]:
    """Of one file, in the order of its lines. SystemExit for a correction that isn't there."""
    source = (root / path).read_text(encoding="utf-8")
    tree = get_ast(source)
    found = [
        each
        for name, arguments, why in _operators(path)
        for each in _made(path, source, tree, name, arguments, why)
    ]
    unique = {each.code: each for each in reversed(found)}
    return sorted(unique.values(), key=lambda each: (each.line, each.after))


def _operators(path: str) -> Iterator[tuple[str, dict[str, str], str]]:
    for name in NEGATED + (AT_THE_LIMIT if path in DISCRETE else ()):
        yield f"core/ReplaceComparisonOperator_{name}", {}, "comparison"
    yield "core/ReplaceAndWithOr", {}, "or for and"
    yield "core/ReplaceOrWithAnd", {}, "and for or"
    if path not in WITHOUT_MODELS:
        yield "own/SwapPair", {}, "candidate for champion"
        yield "own/SwapDifference", {}, "sign of a difference"
        yield "own/OtherModel", {}, "candidate for champion"
    for each in CORRECTIONS:
        if each.file == path:
            arguments = {"found": each.found, "instead": each.instead}
            yield "own/DropCorrection", arguments, f"without: {each.why}"


def operator(name: str, arguments: dict[str, str]) -> Any:
    room, kind = name.split("/")
    made = getattr(operators, kind) if room == "own" else get_operator(name)
    return made(**arguments)


def _made(
    path: str, source: str, tree: Any, name: str, arguments: dict[str, str], why: str
) -> Iterator[Mutant]:
    applied = operator(name, arguments)
    positions = [
        (node, start, end)
        for node in ast_nodes(tree)
        for start, end in applied.mutation_positions(node)
    ]
    if name == "own/DropCorrection" and not positions:
        raise SystemExit(f"{path}: no correction {arguments['found']!r} (corrections.py)")
    lines = source.split("\n")
    for occurrence, (node, start, end) in enumerate(positions):
        if name.endswith(PRESENCE) and lines[end[0] - 1][end[1] :].startswith(" None"):
            continue
        code = mutate_code(source, applied, occurrence)
        if code is None or code == source:
            continue
        at = tree.get_leaf_for_position(start, include_prefixes=True) or node
        definition = _definition(at)
        mutation = MutationSpec(
            module_path=Path(path),
            operator_name=name,
            occurrence=occurrence,
            start_pos=start,
            end_pos=end,
            operator_args=arguments,
        )
        before, after, changed = _difference(lines, code.split("\n"))
        key = hashlib.sha256("\0".join([path, source, code]).encode()).hexdigest()
        yield Mutant(
            item=WorkItem.single(key[:32], mutation),
            code=code,
            definition=definition,
            line=changed[0],
            lines=changed,
            before=before,
            after=after,
            why=why,
        )


def _definition(node: Any) -> str:
    """The function that holds it, with the names of those that hold that."""
    names = []
    while node is not None:
        if node.type in ("funcdef", "classdef"):
            names.append(node.name.value)
        node = node.parent
    return ".".join(reversed(names))


def _difference(old: list[str], new: list[str]) -> tuple[str, str, tuple[int, ...]]:
    """The lines from the first that differs to the last, of both."""
    same = list(zip(old, new, strict=False))
    head = next((at for at, (one, other) in enumerate(same) if one != other), len(same))
    ends = zip(reversed(old[head:]), reversed(new[head:]), strict=False)
    tail = next((at for at, (one, other) in enumerate(ends) if one != other), 0)
    last = len(old) - tail
    before, after = (
        " ".join(line.strip() for line in lines[head : len(lines) - tail]) for lines in (old, new)
    )
    return before, after, tuple(range(head + 1, last + 1))
