"""Checks of a preview, in a process of their own: smoke requests, then the load gates' objectives.

    job     {"repository", "store", "record", "rules": commit, "port"}
    result  {"wrong": "", "undecided": ""}: what speaks against it, or why nothing can be said

One line of JSON in, one out. Requests go the users' way, through the proxy, with the header of a
preview: what is tried is what will serve.
"""

import json
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlci.flow.artifacts import Artifacts
from mlci.flow.case import recorded_release
from mlci.flow.clock import today
from mlci.flow.folders import fetch_data
from mlci.flow.stages import PREVIEW
from mlci.flow.truth import Rules, read_rules
from mlci.gates.load.judging import judge
from mlci.gates.load.measuring import measure_running
from mlci.gates.registry import find
from mlci.gitops.repository import Repository
from mlci.loadtest.driver import Target
from mlci.loadtest.smoke import Asking, smoke
from mlci.policy.plan import applicable, plan
from mlci.policy.waivers import waive
from mlci.records.delivery import DeliveryRecord, from_json_bytes
from mlci.records.judgement import Judgement
from mlci.records.outcome import Outcome
from mlci.records.policy import GatePolicy
from mlci.records.release import Release


def check(job: Mapping[str, Any]) -> dict[str, str]:
    """Raises Broken where record, rules or exam can't be had."""
    repository = Repository.open(job["repository"])
    record = from_json_bytes(job["record"].encode(), "the delivery under way")
    release, rules = recorded_release(repository, record), read_rules(repository, job["rules"])
    data = _exam(repository, Path(job["store"]), record, rules, release)
    asking = Asking(
        port=job["port"],
        headers={PREVIEW: release.name},
        model=release.name,
        version=release.version,
    )
    smoked = smoke(asking, release.model.inputs, data)
    if smoked.wrong:
        return {"wrong": smoked.wrong, "undecided": ""}
    policies = applicable(rules.policies, release)
    with tempfile.TemporaryDirectory(prefix="mlci-preview-") as folder:
        bodies = Path(folder) / "bodies"
        bodies.write_bytes(b"\n".join(smoked.bodies))
        url = f"http://127.0.0.1:{asking.port}/v2/models/{release.name}/infer"
        target = Target(url=url, payloads=bodies, headers=asking.headers)
        judged = waive(_loaded(policies, release, target), policies, release, today())
    return folded(judged, policies)


def folded(judgements: Sequence[Judgement], policies: Sequence[GatePolicy]) -> dict[str, str]:
    """FAIL of what is required and not waived speaks against it; what is neither shown nor allowed
    to be open by its policy leaves it undecided."""
    counting = [each for each in judgements if each.planned.required and not each.waived]
    allowed = {each.name for each in policies if each.on_inconclusive == "allow"}
    failed = [each for each in counting if each.outcome is Outcome.FAIL]
    undecided = [
        each
        for each in counting
        if each.outcome not in (Outcome.PASS, Outcome.FAIL)
        and not (each.outcome is Outcome.INCONCLUSIVE and each.planned.policy in allowed)
    ]
    return {"wrong": _words(failed), "undecided": _words(undecided)}


def _words(judgements: Sequence[Judgement]) -> str:
    return "; ".join(
        f"{each.planned.id} is {each.outcome} against the preview: {each.reason}"
        for each in judgements
    )


def _loaded(
    policies: Sequence[GatePolicy], release: Release, target: Target
) -> Iterator[Judgement]:
    planned = plan(policies, release, comparing=False, gate=find)
    for policy in policies:
        for spec in policy.gates:
            place = (policy.name, spec.index)
            own = tuple(each for each in planned if (each.policy, each.gate_index) == place)
            if spec.gate == "load" and own:
                yield from judge(spec, own, measure_running(spec, own, target, lambda _: None))


def _exam(
    repository: Repository, store: Path, record: DeliveryRecord, rules: Rules, release: Release
) -> Path:
    exam = rules.exams[release.evaluation]
    artifacts = Artifacts(
        repository=repository,
        store=store,
        sources=None,
        tree=None,
        commits=(record.commit,),
        blobs=record.artifacts,
    )
    return fetch_data(artifacts, exam.uri, exam.digest, exam.source.at("spec", "digest"))


if __name__ == "__main__":
    # In order, so that the load generator ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.stdout.write(json.dumps(check(json.loads(sys.stdin.readline()))) + "\n")
