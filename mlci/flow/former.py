"""The champion's exam and verdict, as the records and the history still have them."""

from dataclasses import replace

from mlci.errors import BadInput, Broken, Invalid
from mlci.flow.case import Case, artifacts_of
from mlci.flow.folders import fetch_data
from mlci.gates.forecast_recorded import Recorded
from mlci.gates.protocol import FormerExam
from mlci.manifest.evaluation_set import parse_evaluation_set
from mlci.records.delivery import DeliveryRecord
from mlci.records.digest import digest_of
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.verdict import Verdict
from mlci.reports.json import loads


def former_exam(case: Case) -> FormerExam:
    """By the champion's recorded verdict; where its exam isn't today's, from the commit that the
    champion was delivered from. Raises Broken where that is not at hand, or holds another exam.
    """
    record, champion = case.standing.champion, case.champion
    if record is None or champion is None:
        raise Broken(
            place=case.name,
            found="no champion",
            expected="a champion, whose exam is compared with",
        )
    sat = _sat(case, record)
    if sat == case.exam.source.digest:
        return FormerExam(exam=case.exam, data=None)
    exam = _at(case, record, f"evaluations/{champion.evaluation}.yaml", sat)
    if exam.digest == case.exam.digest:
        return FormerExam(exam=exam, data=None)
    artifacts = artifacts_of(case, record)
    data = fetch_data(
        replace(artifacts, commits=(record.commit, *artifacts.commits)),
        exam.uri,
        exam.digest,
        f"the exam of champion {record.version} (mlci/records)",
    )
    return FormerExam(exam=exam, data=data)


def champions_verdict(case: Case) -> Recorded:
    """The verdict that admitted the champion, where it sat today's exam under today's words."""
    record = case.standing.champion
    if record is None:
        return Recorded(verdict=None, why="there is no champion, whose verdict would tell")
    verdict = _admitted_by(case, record)
    if verdict is None:
        return Recorded(verdict=None, why=f"no verdict on champion {record.version} is recorded")
    if verdict.evaluation[1] != case.exam.source.digest:
        return Recorded(verdict=None, why=f"champion {record.version} sat another exam")
    digests = {policy.digests for policy in case.policies}
    same = frozenset(each.name for each in verdict.policies if each.digests in digests)
    return Recorded(verdict=verdict, same_policies=same)


def _sat(case: Case, record: DeliveryRecord) -> str:
    """The digest of the evaluation set under which the champion was admitted; empty where it was
    adopted without a verdict."""
    verdict = _admitted_by(case, record)
    return "" if verdict is None else verdict.evaluation[1]


def _admitted_by(case: Case, record: DeliveryRecord) -> Verdict | None:
    content = case.truth.records.verdicts(record.manifest_digest).get(record.verdict)
    return None if content is None else loads(content, f"mlci/records: verdict {record.verdict}")


def _at(case: Case, record: DeliveryRecord, path: str, sat: str) -> EvaluationSet:
    """The evaluation set at the champion's commit, which must be the one of its verdict."""
    repository = case.repository
    try:
        blob = repository.find(repository.resolve(record.commit), path)
    except BadInput:
        found = f"no commit {record.commit[:12]} in this copy of the repository"
        raise _gone(record, found) from None
    if blob is None:
        raise _gone(record, f"no {path} at commit {record.commit[:12]}")
    content = repository.blob(blob.oid)
    if sat and digest_of(content) != sat:
        raise _gone(record, f"another {path} at commit {record.commit[:12]}")
    try:
        return parse_evaluation_set(path, content)
    except Invalid as invalid:
        raise _gone(record, f"an exam that can't be read: {invalid.problems[0]}") from invalid


def _gone(record: DeliveryRecord, found: str) -> Broken:
    return Broken(
        place=f"the exam of champion {record.version} (mlci/records)",
        found=found,
        expected="the exam that the champion sat, to compare the inputs with",
        next_step="fetch the whole history, or say `drift: false` in the policy",
    )
