"""Asks the models again, about perturbed rows, and counts the answers that are other ones."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.asking import Asked, ask
from mlci.evaluation.dataset import Dataset, open_dataset
from mlci.evaluation.examine import exam_labels
from mlci.evaluation.naming import nearest
from mlci.evaluation.perturbing import prepare
from mlci.evaluation.selection import select
from mlci.gates.protocol import Bench
from mlci.gates.robustness.measurement import (
    CELLS,
    NO_CHAMPION,
    Flips,
    RobustnessMeasurement,
    failed,
)
from mlci.gates.robustness.planning import Terms, read_terms
from mlci.records.examination import Answers, Examination
from mlci.records.judgement import LimitKind, Planned
from mlci.records.metric import REGRESSION
from mlci.records.perturbation import Perturbation, PerturbationKind
from mlci.records.policy import GateSpec
from mlci.statistics.sums import of_cells

_UNTOUCHED = CELLS


def measure(spec: GateSpec, planned: tuple[Planned, ...], bench: Bench) -> RobustnessMeasurement:
    """Reads the data once for each perturbation, in batches; both models see the same rows.

    What can't be asked under one perturbation, or of the champion, is said in the measurement.
    Raises Broken for a regression without a tolerance.
    """
    terms = read_terms(spec)
    examination = bench.examination()
    tolerance = _tolerance(terms, examination, bench)
    with open_dataset(bench.data, bench.exam.uri) as dataset:
        labels = exam_labels(dataset, bench.exam, bench.candidate, bench.champion)
        part = select(dataset, bench.exam, bench.shard)
        asked = ask(bench.candidate, dataset, bench.exam, labels)
        champion, champion_error = None, NO_CHAMPION
        if bench.champion and any(each.limit.kind is LimitKind.MARGIN for each in planned):
            try:
                champion = ask(bench.champion, dataset, bench.exam, labels)
                champion_error = ""
            except Broken as error:
                champion_error = f"the champion can't be asked: {error}"
        flips = {}
        for each in terms.perturbations:
            bench.say(f"{spec.name}: {each.kind} in {', '.join(each.columns)}")
            run = _Run(each, dataset, part, examination, tolerance, asked, champion, champion_error)
            flips[each.kind] = run.all()
    return RobustnessMeasurement(flips=flips)


def _tolerance(terms: Terms, examination: Examination, bench: Bench) -> float | None:
    """None in a classification, where another label is another answer."""
    if examination.task != REGRESSION:
        return None
    if terms.tolerance is None:
        raise Broken(
            place=bench.candidate.release.path,
            found="a regression, and a robustness gate that has no tolerance",
            expected="how far an answer may move before it is another one, in the label's unit",
            next_step="add a tolerance to the gate in the policy",
        )
    return terms.tolerance


@dataclass
class _Run:
    """One perturbation of the rows of ``part``; what it needs to know of the columns is that of
    all rows of the ``dataset``."""

    perturbation: Perturbation
    dataset: Dataset
    part: Dataset
    examination: Examination
    tolerance: float | None
    candidate: Asked
    champion: Asked | None
    champion_error: str
    cells: NDArray[np.uint8] = field(init=False)

    def all(self) -> Flips:
        self.cells = np.full(self.examination.rows, _UNTOUCHED, np.uint8)
        try:
            self._check()
            self._count()
        except Broken as error:
            return failed(str(error))
        touched = self.cells != _UNTOUCHED
        weight, cluster = self.examination.weight, self.examination.cluster
        return Flips(
            sums=of_cells(
                self.cells[touched],
                CELLS,
                weight=None if weight is None else weight[touched],
                cluster=None if cluster is None else cluster[touched],
            ),
            champion_error=self.champion_error,
        )

    def _check(self) -> None:
        for column in self.perturbation.columns:
            if column not in self.candidate.columns:
                raise Broken(
                    place=self.candidate.place,
                    found=f"no input that reads the column {column!r}",
                    expected=f"a column that the model reads "
                    f"({nearest(column, self.candidate.columns)})",
                    next_step="name columns of the model's inputs in the gate's perturbations",
                )
        if self.perturbation.kind is PerturbationKind.MISSING:
            self.candidate.require_empty(self.perturbation.columns)
            if self.champion is not None:
                try:
                    self.champion.require_empty(self.perturbation.columns)
                except Broken as error:
                    self._give_up(error)

    def _count(self) -> None:
        perturbed = prepare(self.perturbation, self.dataset)
        first = 0
        for piece in self.part.pieces(self._columns()):
            # What is done to a row depends on its number in the data, whichever shard it is in.
            changed, differs = perturbed(piece.columns, piece.first)
            chosen = np.ones_like(differs) if piece.chosen is None else piece.chosen
            rows = first + np.flatnonzero(differs[chosen])
            if rows.size:
                mask = differs & chosen
                asked = {name: column.filter(mask) for name, column in changed.items()}
                code = 2 * self._flips(self.candidate, asked, rows, self.examination.candidate)
                self.cells[rows] = code + self._champion_flips(asked, rows)
            first += int(np.count_nonzero(chosen))

    def _columns(self) -> tuple[str, ...]:
        every = self.candidate.columns + (self.champion.columns if self.champion else ())
        return tuple(dict.fromkeys(every))

    def _champion_flips(self, asked: dict[str, Any], rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        if self.champion is not None and self.examination.champion is not None:
            try:
                return self._flips(self.champion, asked, rows, self.examination.champion)
            except Broken as error:
                self._give_up(error)
        return np.zeros(rows.size, np.uint8)

    def _flips(
        self, model: Asked, asked: dict[str, Any], rows: NDArray[np.intp], before: Answers
    ) -> NDArray[np.uint8]:
        """uint8 [rows]: 1 where the answer is another one than before."""
        now, then = model.answer(asked, int(rows[0])).label, before.label[rows]
        flipped = now != then if self.tolerance is None else ~(abs(now - then) <= self.tolerance)
        return np.asarray(flipped).astype(np.uint8)

    def _give_up(self, error: Broken) -> None:
        self.champion, self.champion_error = None, f"the champion can't be asked: {error}"
