"""Which tests noticed mutants before, by file and definition: enough for a quick sample.

``known.json`` is written by a whole run. It names definitions and not lines, so that it stays of
use while the code moves.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from catalogue import Mutant, mutants
from cosmic_ray.work_item import TestOutcome
from selection import Trace
from session import Session, Stages
from workspace import ROOMS

FILE = Path(__file__).with_name("known.json")
_OF_A_FILE = 2  # mutants of one file in a sample
_OF_A_DEFINITION = 4  # tests that are remembered
_EACH = 4.0  # CPU seconds that a remembered test may take


class Known:
    """``tests``: file -> test files that run it; ``noticed``: file -> definition -> tests."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.tests: dict[str, list[str]] = {file: each["tests"] for file, each in data.items()}
        self.noticed: dict[str, dict[str, list[str]]] = {
            file: each["noticed"] for file, each in data.items()
        }

    @classmethod
    def read(cls) -> "Known":
        return cls(json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {})

    def test_files(self, files: Iterable[str], changed: Iterable[str] = ()) -> list[str]:
        """Those that run any of these files, and those that changed themselves; of a new file the
        whole folder that mirrors its room."""
        found = {
            each
            for each in changed
            if each.startswith(ROOMS) and Path(each).name.startswith("test_")
        }
        for file in files:
            room = Path(file).relative_to("mlci").parts[0].removesuffix(".py")
            new = "tests/test_verdict.py" if room == "verdict" else f"tests/{room}"
            found |= {*self.tests.get(file, [new])}
        return sorted(found)

    def sample(self, tree: Path, files: Sequence[str], seed: int) -> Iterable[Mutant]:
        """A few of each file, made when they are asked for."""
        chance = random.Random(seed)
        for file in chance.sample(list(files), len(files)):
            made = mutants(tree, file)
            yield from chance.sample(made, min(_OF_A_FILE, len(made)))

    @property
    def stages(self) -> Stages:
        return Stages(of=self._stages, cost=lambda tests: _EACH * len(tests))

    def _stages(self, mutant: Mutant) -> list[list[str]]:
        noticed = self.noticed.get(mutant.path, {})
        own = noticed.get(mutant.definition, [])
        others = {test for tests in noticed.values() for test in tests} - {*own}
        whole = [] if noticed else self.test_files([mutant.path])
        return [each for each in (own, sorted(others), whole) if each]

    @staticmethod
    def write(made: Sequence[Mutant], session: Session, trace: Trace) -> None:
        counted: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        for each in made:
            fate = session.fate(each)
            if fate and fate[0] is TestOutcome.KILLED and fate[1] in trace.costs:
                counted[each.path][each.definition][fate[1]] += 1
        data = {
            file: {
                "tests": sorted({test.split("::")[0] for test in trace.tests(file, ())}),
                "noticed": {
                    name: [test for test, _ in tests.most_common(_OF_A_DEFINITION)]
                    for name, tests in sorted(counted[file].items())
                },
            }
            for file in sorted({each.path for each in made})
        }
        FILE.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
