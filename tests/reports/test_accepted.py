"""Rules, waivers and packs in a verdict's JSON and at a terminal."""

import json
from dataclasses import replace
from datetime import date

from jsonschema import Draft202012Validator

from mlci import schemas
from mlci.records.outcome import Outcome
from mlci.records.rule import Ruling
from mlci.records.waiver import Waived
from mlci.reports.json import dumps, loads
from mlci.reports.text import render

DIGEST = "sha256:" + "1" * 64
WAIVED = Waived(
    policy="staging",
    gate="accuracy",
    reason="the exam\x1b[31m is old",
    approver="Ann",
    expires=date(2026, 12, 31),
)


def ruling(name, outcome):
    return Ruling(
        id=f"staging/rules/{name}",
        policy="staging",
        control="SR 26-2",
        title="A team answers",
        outcome=Outcome(outcome),
        reason="Say who, in `governance.owner`.",
    )


def _whole(judgement, verdict):
    failed = replace(judgement("staging/accuracy/f1/minimum", "FAIL"), waived=WAIVED)
    whole = verdict(
        failed,
        judgement("staging/accuracy/recall/minimum"),
        outcome="FAIL",
        rulings=(ruling("owner", "FAIL"), ruling("tier", "PASS")),
    )
    named = replace(whole.policies[0], pack="baseline", pack_digest=DIGEST)
    return replace(whole, policies=(named,))


def test_all_of_it_comes_back(judgement, verdict):
    whole = _whole(judgement, verdict)
    document = json.loads(dumps(whole))
    assert not [*Draft202012Validator(schemas.read("verdict")).iter_errors(document)]
    again = loads(dumps(whole), "verdict.json")
    assert again.rulings == whole.rulings
    assert again.policies[0].digests == whole.policies[0].digests
    assert [each.waived for each in again.judgements] == [WAIVED, None]


def test_the_terminal_shows_what_was_accepted_and_by_whom(judgement, verdict):
    text = render(json.loads(dumps(_whole(judgement, verdict))), 80)
    assert "FAIL (waived)" in text
    assert "waived by Ann until 2026-12-31: the exam?[31m is old" in text
    assert "FAIL  staging/rules/owner" in text
    assert "A team answers (SR 26-2): Say who" in text
    assert "2 PASS, 1 FAIL required, 1 waived" in " ".join(text.split())
    assert "\x1b" not in text
