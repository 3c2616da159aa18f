"""What Argo is answered: harm first, then what holds, then the evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.flow.argo.answers import (
    UNKNOWN,
    Both,
    Circumstances,
    Said,
    Table,
    held_all,
    judged,
    recorded,
)
from mlci.records.answer import Answer
from mlci.records.delivery import State
from mlci.records.outcome import Health
from mlci.watch.judge import Assessment

ANOTHER = "sha256:" + "e" * 64


def said(health, *, incident=False, **around):
    seen = Assessment(health=health, reason="as seen", incident=incident)
    found = judged(seen, Circumstances(**around))
    return found.answer, found.reason


@pytest.mark.parametrize(
    ("health", "around", "answer", "reason"),
    [
        (Health.REGRESSED, {}, Answer.REGRESSED, "as seen"),
        (Health.REGRESSED, {"held": "frozen"}, Answer.REGRESSED, "as seen"),
        (Health.REGRESSED, {"late": True, "approved": True}, Answer.REGRESSED, "as seen"),
        (Health.HEALTHY, {"held": "frozen"}, Answer.HELD, "frozen"),
        (Health.HEALTHY, {"held": "x", "late": True, "approved": True}, Answer.HELD, "x"),
        (Health.UNKNOWN, {"held": "frozen"}, Answer.HELD, "frozen"),
        (Health.HEALTHY, {}, Answer.HEALTHY, "as seen"),
        (Health.HEALTHY, {"late": True}, Answer.HEALTHY, "as seen"),
        (Health.WATCHING, {}, Answer.WATCHING, "as seen"),
        (Health.WATCHING, {"approved": True}, Answer.WATCHING, "as seen"),
        (Health.WATCHING, {"incident": True}, Answer.HELD, "as seen"),
        (Health.WATCHING, {"incident": True, "approved": True}, Answer.HELD, "as seen"),
        (Health.WATCHING, {"late": True}, Answer.HELD, "undecided at the deadline: as seen"),
        (Health.WATCHING, {"late": True, "approved": True}, Answer.HEALTHY, "approved; as seen"),
        (Health.UNKNOWN, {}, Answer.UNKNOWN, "as seen"),
        (Health.UNKNOWN, {"late": True}, Answer.UNKNOWN, "as seen"),
    ],
)
def test_the_table(health, around, answer, reason):
    assert said(health, **around) == (answer, reason)


@given(st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["", "frozen"]))
def test_what_can_not_be_seen_is_never_watched(incident, late, approved, held):
    found, _ = said(Health.UNKNOWN, incident=incident, late=late, approved=approved, held=held)
    assert found is not Answer.WATCHING


def test_the_kill_switch_holds_every_answer_harm_among_them():
    harm = Said(answer=Answer.REGRESSED, reason="slow")
    well = Said(answer=Answer.HEALTHY, reason="fine")
    answers = {"a": Both(admission=well, analysis=harm), "b": Both(admission=well, analysis=well)}
    held = Said(answer=Answer.HELD, reason="hold: true")
    assert held_all(answers, "hold: true") == dict.fromkeys(
        "ab", Both(admission=held, analysis=held)
    )


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        *((state, Answer.HELD) for state in State if state not in (State.GATING, State.REGRESSED)),
        (State.GATING, Answer.GATING),
        (State.REGRESSED, Answer.REGRESSED),
    ],
)
def test_what_is_not_being_delivered_is_answered_by_its_record(says, state, answer):
    if state is State.APPROVED:
        assert recorded([says.record(state)], says.manifest) == UNKNOWN
        return
    found = recorded([says.record(state), says.record(State.APPROVED)], says.manifest)
    assert found.admission == found.analysis == Said(answer=answer, reason=f"{state}: for a reason")
    assert not answer.admits


def test_the_newest_record_of_that_manifest_counts(says):
    history = [
        says.record(State.REGRESSED),
        says.record(State.HELD, reason="frozen"),
        says.record(State.REGRESSED, manifest_digest=ANOTHER),
    ]
    assert recorded(history, says.manifest).analysis.reason == "HELD: frozen"
    assert recorded(history, "sha256:" + "f" * 64) == UNKNOWN
    assert UNKNOWN.admission.answer is Answer.HELD


def test_a_table_knows_what_is_under_way_before_what_is_recorded(says):
    well = Said(answer=Answer.WATCHING, reason="it goes well")
    table = Table(
        at=0.0,
        answers={("income", says.manifest): Both(admission=well, analysis=well)},
        histories={"income": [says.record(State.GATING, manifest_digest=ANOTHER)]},
    )
    assert table.of("income", says.manifest).analysis == well
    assert table.of("income", ANOTHER).analysis.answer is Answer.GATING
    assert table.of("credit", says.manifest) == UNKNOWN
