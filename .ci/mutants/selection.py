"""Which tests run a line, those that find a mistake soonest first."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

# CPU seconds of the tests that are tried together before the next ones are.
STAGES = (1.0, 6.0, 15.0)
# No more than this is spent on a mutant that survives everything.
MOST = 20.0


class Trace:
    """What tracing.py wrote in one or more folders."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.costs: dict[str, float] = {}
        for folder in folders:
            costs = json.loads((folder / "costs.json").read_text(encoding="utf-8"))
            self.costs |= costs
            lines = json.loads((folder / "lines.json").read_text(encoding="utf-8"))
            for file, by_line in lines.items():
                for line, contexts in by_line.items():
                    self.lines[file][int(line)] |= set(contexts)

    def tests(self, file: str, lines: Sequence[int]) -> list[str]:
        """In the order to try them. Of lines that run at import, and of none, those that run any
        of the file's."""
        known = self.lines.get(file, {})
        contexts = set().union(*(known.get(line, set()) for line in lines))
        if not contexts:
            contexts = set().union(*known.values())
        return sorted(self._named(contexts), key=lambda test: self._order(file, test))

    def stages(self, tests: Sequence[str]) -> list[list[str]]:
        stages: list[list[str]] = [[]]
        spent, total = 0.0, 0.0
        for test in tests:
            cost = self.costs[test]
            total += cost
            if stages[-1] and total > MOST:
                break
            at = min(len(stages), len(STAGES)) - 1
            if stages[-1] and spent + cost > STAGES[at]:
                stages.append([])
                spent = 0.0
            stages[-1].append(test)
            spent += cost
        return [each for each in stages if each]

    def cost(self, tests: Sequence[str]) -> float:
        return sum(self.costs[each] for each in tests)

    def _named(self, contexts: set[str]) -> set[str]:
        whole = tuple(each for each in contexts if each not in self.costs)
        inside = tuple(f"{each}{end}" for each in whole for end in ("::", "/"))
        return {each for each in contexts if each in self.costs} | {
            each for each in self.costs if inside and each.startswith(inside)
        }

    def _order(self, file: str, test: str) -> tuple[float, str]:
        """Cheap ones first; a test of the module itself is worth more than its time."""
        own = Path(file).stem in Path(test.split("::")[0]).stem
        return self.costs[test] * (0.2 if own else 1.0), test
