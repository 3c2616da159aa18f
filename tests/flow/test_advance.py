"""The next move of a delivery, case by case, and for every progress there can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.flow.advance import Move, advance
from mlci.flow.progress import Intent, Progress
from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.records.release import Model, Release, Step
from mlci.records.source import Source

H = Health
PAUSE, ABORT = Watch(deadline=60.0), Watch(deadline=60.0, on_deadline="abort")
RELEASE = Release(
    source=Source(path="releases/income/production.yaml", digest="d", content=b"", places={}),
    name="income",
    environment="production",
    version="1.1",
    task="binary-classification",
    model=Model(uri="m.onnx", digest="m", format="onnx"),
    evaluation="exam",
    replicas=1,
    steps=(Step(weight=5, bake=2.0), Step(weight=50, bake=10.0)),
)


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
    assert advance(progress, RELEASE, watch, health, incident=incident) is move


def test_a_promotion_that_was_begun_goes_on_unless_harm_is_shown():
    begun = Progress(delivery="d", intent=Intent.PROMOTE, total=61.0)
    for health in (H.UNKNOWN, H.WATCHING, H.HEALTHY):
        assert advance(begun, RELEASE, ABORT, health) is Move.PROMOTE
    assert advance(begun, RELEASE, PAUSE, H.REGRESSED) is Move.TAKE_BACK


def test_a_persons_yes_to_a_pause_promotes_unless_harm_is_shown():
    late = Progress(delivery="d", total=61.0)
    for health in (H.UNKNOWN, H.WATCHING, H.HEALTHY):
        assert advance(late, RELEASE, PAUSE, health, approved=True) is Move.PROMOTE
    assert advance(late, RELEASE, PAUSE, H.REGRESSED, approved=True) is Move.TAKE_BACK


PROGRESS = st.builds(
    Progress,
    delivery=st.just("d"),
    step=st.integers(0, 1),
    baked=st.floats(0, 100),
    total=st.floats(0, 100),
)


@given(PROGRESS, st.sampled_from(Health), st.booleans(), st.sampled_from([PAUSE, ABORT]))
def test_only_evidence_promotes_and_unknown_moves_nothing_up(progress, health, incident, watch):
    move = advance(progress, RELEASE, watch, health, incident=incident)
    if move is Move.PROMOTE:
        assert health is H.HEALTHY
        assert progress.step == 1
    if move is Move.STEP:
        assert progress.step == 0
    if move in (Move.STEP, Move.PROMOTE):
        assert health is not H.UNKNOWN
        assert not incident
        assert progress.baked >= RELEASE.steps[progress.step].bake
    if move is Move.TAKE_BACK:
        assert health is H.REGRESSED or (watch is ABORT and progress.total >= watch.deadline)
    if health is H.REGRESSED:
        assert move is Move.TAKE_BACK


@given(st.floats(0.1, 5.0), st.sampled_from([PAUSE, ABORT]), st.sampled_from(Health))
def test_every_delivery_comes_to_an_end_or_to_a_pause(seconds, watch, health):
    progress = Progress(delivery="d")
    for _ in range(2000):
        move = advance(progress, RELEASE, watch, health)
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
