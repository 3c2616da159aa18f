"""What became of each mutant, kept in a cosmic-ray session (SQLite), so that a run can go on."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from catalogue import Mutant
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult
from selection import Trace
from server import Forks, Ran

LATE = "timed out"
NO_TEST = "no test runs it"
USUAL = 3

Fate = tuple[TestOutcome, str]


class Stages(NamedTuple):
    """The tests to try on a mutant, one list after another, and the CPU seconds of some tests."""

    of: Callable[[Mutant], Sequence[Sequence[str]]]
    cost: Callable[[Sequence[str]], float]

    @classmethod
    def of_trace(cls, trace: Trace) -> "Stages":
        return cls(
            of=lambda mutant: trace.stages(trace.tests(mutant.path, mutant.lines)), cost=trace.cost
        )


class Task(NamedTuple):
    mutant: Mutant
    stages: Sequence[Sequence[str]]
    at: int = 0


class Session:
    """A mutant is known by its module's text and its own, so results of files that didn't change
    stay; survivors are tried again when asked for."""

    def __init__(self, database: WorkDB) -> None:
        self.database = database
        self.known = {each.job_id for each in database.work_items}
        self.fates: dict[str, Fate] = {
            job: (result.test_outcome, result.output or "")
            for job, result in database.results
            if result.test_outcome is not None
        }

    @classmethod
    def at(cls, path: Path) -> "Session":
        return cls(WorkDB(str(path), WorkDB.Mode.create))

    @classmethod
    def nowhere(cls) -> "Session":
        """In memory, for a sample."""
        return cls(WorkDB(":memory:", WorkDB.Mode.create))

    def add(self, mutants: Sequence[Mutant]) -> None:
        new = [each.item for each in mutants if each.item.job_id not in self.known]
        self.database.add_work_items(new)
        self.known |= {each.job_id for each in new}

    def pending(self, mutants: Sequence[Mutant], *, survivors: bool) -> list[Mutant]:
        return [
            each
            for each in mutants
            if each.item.job_id not in self.fates
            or (survivors and self.fates[each.item.job_id][0] is not TestOutcome.KILLED)
        ]

    def fate(self, mutant: Mutant) -> Fate | None:
        return self.fates.get(mutant.item.job_id)

    def record(self, mutant: Mutant, outcome: TestOutcome, by: str) -> None:
        self.fates[mutant.item.job_id] = outcome, by
        result = WorkResult(
            worker_outcome=WorkerOutcome.NORMAL,
            test_outcome=outcome,
            output=by,
            diff=f"{mutant.path}:{mutant.line}\n- {mutant.before}\n+ {mutant.after}",
        )
        self.database.set_result(mutant.item.job_id, result)


class Runner:
    """Runs the stages of each mutant until a test fails. A test counts only if it passes on the
    unmutated code under the same server."""

    def __init__(
        self, forks: Forks, session: Session, stages: Stages, say: Callable[[str], None]
    ) -> None:
        self.forks, self.session, self.stages, self.say = forks, session, stages, say
        self.sound: dict[str, bool] = {}
        self.queue: deque[Task] = deque()
        self.seen: list[Mutant] = []
        self.noticed: dict[str, Counter[str]] = defaultdict(Counter)

    def run(self, mutants: Iterable[Mutant], *, until: Callable[[], bool] = lambda: False) -> None:
        """``until`` says when no further test is to be started."""
        waiting = iter(mutants)
        while True:
            task = None if until() else self._next(waiting)
            if task is not None:
                self._start(task)
            elif self.forks.children:
                self.forks.wait()
            else:
                return

    def _next(self, waiting: Iterator[Mutant]) -> Task | None:
        if self.queue:
            return self.queue.popleft()
        mutant = next(waiting, None)
        if mutant is None:
            return None
        self.seen.append(mutant)
        self.session.add([mutant])
        stages = self.stages.of(mutant)
        # What found mistakes in this file before is likely to find this one.
        able = {test for stage in stages for test in stage}
        usual = [test for test, _ in self.noticed[mutant.path].most_common() if test in able]
        return Task(mutant, [usual[:USUAL], *stages] if usual else stages)

    def _start(self, task: Task) -> None:
        if task.at >= len(task.stages):
            self._end(task, TestOutcome.SURVIVED, "" if task.stages else NO_TEST)
            return
        tests = [each for each in task.stages[task.at] if self.sound.get(each, True)]
        if not tests:
            self.queue.append(task._replace(at=task.at + 1))
            return
        module = task.mutant.path, task.mutant.code
        self.forks.start(module, tests, self.stages.cost(tests), lambda ran: self._heard(task, ran))

    def _heard(self, task: Task, ran: Ran) -> None:
        if ran.late:
            self._end(task, TestOutcome.KILLED, LATE)
        elif ran.trouble:
            self._end(task, TestOutcome.INCOMPETENT, ran.trouble)
        elif ran.failed is None:
            self.queue.append(task._replace(at=task.at + 1))
        elif "::" not in ran.failed or self.sound.get(ran.failed):
            self._end(task, TestOutcome.KILLED, ran.failed)
        else:
            self._check(task, ran.failed)

    def _check(self, task: Task, test: str) -> None:
        """Whether the test passes without the mutant."""

        def heard(ran: Ran) -> None:
            self.sound[test] = ran.failed is None and not ran.late and not ran.trouble
            if self.sound[test]:
                self._end(task, TestOutcome.KILLED, test)
            else:
                self.say(f"{test} fails on the unmutated code and is left out")
                self.queue.append(task)

        self.forks.start(None, [test], self.stages.cost([test]), heard)

    def _end(self, task: Task, outcome: TestOutcome, by: str) -> None:
        self.session.record(task.mutant, outcome, by)
        if "::" in by:
            self.noticed[task.mutant.path][by] += 1
        if outcome is not TestOutcome.KILLED:
            each = task.mutant
            place = f"{outcome.value}: {each.path}:{each.line} [{len(self.seen)}]"
            self.say(f"{place} {each.before} -> {each.after} {by}".rstrip())
