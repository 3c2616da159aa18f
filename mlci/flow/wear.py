"""An exam wears out: each recorded run on the same rows tells something about them."""

import json

from mlci.errors import Undecided
from mlci.gitops.records_snapshot import RecordsSnapshot
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.policy import GatePolicy


def recorded_runs(records: RecordsSnapshot, exam: EvaluationSet) -> int:
    """How many recorded verdicts were measured on these rows, whichever release was judged, and
    whatever the evaluation set was called. Verdicts that only restate a record measured nothing."""
    return sum(
        _sat(document, exam)
        for content in records.all_verdicts().values()
        # Few of many verdicts are on this exam; the others need not be read as JSON.
        if exam.digest.encode() in content or exam.source.digest.encode() in content
        for document in [json.loads(content)]
    )


def _sat(document: dict[str, object], exam: EvaluationSet) -> bool:
    evaluation = document.get("evaluation")
    if not isinstance(evaluation, dict) or not document.get("judgements"):
        return False
    return exam.digest == evaluation.get("dataDigest") or exam.source.digest == evaluation["digest"]


def refuse_worn(exam: EvaluationSet, policies: tuple[GatePolicy, ...], runs: int) -> None:
    """Raises Undecided where a policy permits no further run: its passes no longer show much."""
    for policy in policies:
        most = policy.exam.maximum_runs
        if most is not None and runs >= most:
            raise Undecided(
                place=policy.source.at("spec", "exam", "maximumRuns"),
                found=f"{runs} recorded runs on the exam {exam.name!r}",
                expected=f"fewer than {most}: what was tuned on its answers passes it too easily",
                next_step="release with a fresh evaluation set of other rows",
            )
