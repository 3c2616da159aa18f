"""The days of a waiver, at their edges."""

from datetime import date, timedelta
from pathlib import Path

from mlci.manifest.meaning.waivers import expired
from mlci.manifest.policy import parse_policy

PATH = "policies/production.yaml"
TEXT = (Path(__file__).parent / "cases" / "pass" / "policy-extends" / PATH).read_text("utf-8")


def test_it_has_expired_on_the_day_after_its_last():
    source, last = parse_policy(PATH, TEXT.encode()).source, date(2999, 12, 4)
    assert [*expired(source, {0: last}, last)] == []
    (problem,) = expired(source, {0: last}, last + timedelta(days=1))
    assert problem.place == "policies/production.yaml:20:7"
    assert problem.exit_code == 2


def test_it_may_hold_for_a_single_day():
    (waiver,) = parse_policy(PATH, TEXT.replace("2999-12-04", "2999-12-01").encode()).waivers
    assert waiver.granted == waiver.expires
