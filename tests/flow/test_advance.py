"""The next move of a delivery, case by case, and for every progress there can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.flow.advance import Move, advance
from mlci.flow.progress import Intent, Progress
from mlci.flow.stages import PREVIEW, stages
from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.records.rollout import Header, Pause, Rollout, Shadow, Step, Strategy

H = Health
PAUSE, ABORT = Watch(deadline=60.0), Watch(deadline=60.0, on_deadline="abort")
STEPS = (Step(weight=5, bake=2.0), Step(weight=50, bake=10.0))
PLAN = stages(Rollout(steps=STEPS), "income")


@pytest.mark.parametrize(
    ("step", "baked", "total", "health", "watch", "incident", "move"),
    [
        (0, 0.0, 0.0, H.WATCHING, PAUSE, False, Move.STAY),
        (0, 1.9, 1.9, H.HEALTHY, PAUSE, False, Move.STAY),
        (0, 2.0, 2.0, H.WATCHING, PAUSE, False, Move.STEP),
        (0, 2.0, 2.0, H.HEALTHY, PAUSE, False, Move.STEP),
        (0, 2.0, 2.0, H.UNKNOWN, PAUSE, False, Move.STAY),
        (0, 2.0, 2.0, H.WATCHING, PAUSE, True, Move.STAY),
        (0, 2.0, 2.0, H.REGRESSED, PAUSE, False, Move.TAKE_BACK),
        (1, 9.9, 12.0, H.HEALTHY, PAUSE, False, Move.STAY),
        (1, 10.0, 12.0, H.WATCHING, PAUSE, False, Move.STAY),
        (1, 10.0, 12.0, H.UNKNOWN, PAUSE, False, Move.STAY),
        (1, 10.0, 12.0, H.HEALTHY, PAUSE, False, Move.PROMOTE),
        (1, 10.0, 61.0, H.HEALTHY, PAUSE, False, Move.PROMOTE),
        (1, 10.0, 61.0, H.WATCHING, PAUSE, False, Move.PAUSE),
        (1, 10.0, 61.0, H.WATCHING, ABORT, False, Move.TAKE_BACK),
        (1, 10.0, 61.0, H.REGRESSED, PAUSE, False, Move.TAKE_BACK),
        (0, 0.0, 60.0, H.UNKNOWN, PAUSE, False, Move.PAUSE),
        (0, 0.0, 60.0, H.UNKNOWN, ABORT, False, Move.PAUSE),
        (0, 2.0, 60.0, H.WATCHING, PAUSE, False, Move.STEP),
    ],
)
def test_moves(step, baked, total, health, watch, incident, move):
    progress = Progress(delivery="d", step=step, baked=baked, total=total)
    assert advance(progress, PLAN, watch, health, incident=incident) is move


def test_a_promotion_that_was_begun_goes_on_unless_harm_is_shown():
    begun = Progress(delivery="d", intent=Intent.PROMOTE, total=61.0)
    for health in (H.UNKNOWN, H.WATCHING, H.HEALTHY):
        assert advance(begun, PLAN, ABORT, health) is Move.PROMOTE
    assert advance(begun, PLAN, PAUSE, H.REGRESSED) is Move.TAKE_BACK


def test_a_persons_yes_to_a_pause_promotes_unless_harm_is_shown():
    late = Progress(delivery="d", total=61.0)
    for health in (H.UNKNOWN, H.WATCHING, H.HEALTHY):
        assert advance(late, PLAN, PAUSE, health, approved=True) is Move.PROMOTE
    assert advance(late, PLAN, PAUSE, H.REGRESSED, approved=True) is Move.TAKE_BACK


PROGRESS = st.builds(
    Progress,
    delivery=st.just("d"),
    step=st.integers(0, 1),
    baked=st.floats(0, 100),
    total=st.floats(0, 100),
)


@given(PROGRESS, st.sampled_from(Health), st.booleans(), st.sampled_from([PAUSE, ABORT]))
def test_only_evidence_promotes_and_unknown_moves_nothing_up(progress, health, incident, watch):
    move = advance(progress, PLAN, watch, health, incident=incident)
    if move is Move.PROMOTE:
        assert health is H.HEALTHY
        assert progress.step == 1
    if move is Move.STEP:
        assert progress.step == 0
    if move in (Move.STEP, Move.PROMOTE):
        assert health is not H.UNKNOWN
        assert not incident
        assert progress.baked >= PLAN[progress.step].bake
    if move is Move.TAKE_BACK:
        assert health is H.REGRESSED or (watch is ABORT and progress.total >= watch.deadline)
    if health is H.REGRESSED:
        assert move is Move.TAKE_BACK


@given(st.floats(0.1, 5.0), st.sampled_from([PAUSE, ABORT]), st.sampled_from(Health))
def test_every_delivery_comes_to_an_end_or_to_a_pause(seconds, watch, health):
    progress = Progress(delivery="d")
    for _ in range(2000):
        move = advance(progress, PLAN, watch, health)
        if move not in (Move.STAY, Move.STEP):
            break
        unseen = health is H.UNKNOWN
        progress = (
            progress.next_step()
            if move is Move.STEP
            else progress.waited(seconds)
            if unseen
            else progress.observed(seconds)
        )
    assert move in (Move.PROMOTE, Move.TAKE_BACK, Move.PAUSE)


TESTERS = Header(name="x-tester", value="yes")
MIXED = stages(
    Rollout(
        steps=(TESTERS, Pause(), Shadow(share=0.2, bake=5.0), Step(weight=5, bake=2.0), Pause())
    ),
    "income",
)
BLUE_GREEN = Rollout(strategy=Strategy.BLUE_GREEN, approval=True)


def at(step, **how):
    return Progress(delivery="d", step=step, **how)


def test_what_is_in_force_in_each_step():
    assert [stage.weight for stage in MIXED] == [0, 0, 0, 5, 5, 5]
    assert [stage.shadow for stage in MIXED] == [0.0, 0.0, 0.2, 0.0, 0.0, 0.0]
    assert all(stage.testers == (TESTERS,) for stage in MIXED)
    first = stages(Rollout(steps=(Shadow(share=0.2, bake=5.0), *STEPS)), "income", first=True)
    assert not first[0].shadow
    assert {stage.says for stage in first[1:]} == {"has all traffic: a first release"}
    assert {stage.says for stage in PLAN} == {f"at {stage.weight} %" for stage in PLAN}
    assert advance(at(0), first, PAUSE, H.UNKNOWN) is Move.STEP


def test_blue_green_is_a_preview_a_yes_and_a_switch():
    preview, waits, switch = stages(BLUE_GREEN, "income")
    assert (preview.weight, preview.testers) == (0, (Header(name=PREVIEW, value="income"),))
    assert (waits.weight, waits.waits, waits.testers) == (0, True, preview.testers)
    assert (switch.weight, switch.alone) == (100, True)
    plan = (preview, waits, switch)
    for smoked, move in ((False, Move.STAY), (True, Move.STEP)):
        assert advance(at(0), plan, PAUSE, H.UNKNOWN, smoked=smoked) is move
    late = at(0, total=61.0)
    assert advance(late, plan, PAUSE, H.UNKNOWN, smoked=False) is Move.PAUSE


def test_only_a_persons_yes_to_it_ends_a_pause_and_no_deadline_does():
    for health in (H.UNKNOWN, H.WATCHING, H.HEALTHY):
        waiting = at(1, baked=100.0, total=1000.0)
        assert advance(waiting, MIXED, ABORT, health) is Move.WAIT
        assert advance(waiting, MIXED, ABORT, health, passed=True) is Move.STEP
    assert advance(at(1), MIXED, PAUSE, H.REGRESSED, passed=True) is Move.TAKE_BACK


def test_copies_have_to_be_seen_and_headers_have_not():
    assert advance(at(0), MIXED, PAUSE, H.UNKNOWN) is Move.STEP
    assert advance(at(2, baked=9.0), MIXED, PAUSE, H.UNKNOWN) is Move.STAY
    assert advance(at(2, baked=4.9), MIXED, PAUSE, H.HEALTHY) is Move.STAY
    assert advance(at(2, baked=5.0), MIXED, PAUSE, H.WATCHING) is Move.STEP


def test_after_a_pause_at_the_end_it_is_evidence_that_promotes():
    assert advance(at(4), MIXED, PAUSE, H.HEALTHY) is Move.WAIT
    assert advance(at(5), MIXED, PAUSE, H.WATCHING) is Move.STAY
    assert advance(at(5), MIXED, PAUSE, H.HEALTHY) is Move.PROMOTE
