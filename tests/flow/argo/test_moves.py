"""The whole table of moves, and what may never follow from what."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.flow.argo.answers import Circumstances
from mlci.flow.argo.fate import Fate, Stage
from mlci.flow.argo.moves import Move, move
from mlci.records.delivery import State
from mlci.records.outcome import Health
from mlci.watch.judge import Assessment

FREE = Circumstances()
HELD = Circumstances(held="frozen")
YES = Circumstances(approved=True)
LATE = Circumstances(late=True)
A, P = State.ADMITTED, State.PAUSED
W, H, R, U = Health.WATCHING, Health.HEALTHY, Health.REGRESSED, Health.UNKNOWN


def made(stage, state, health, around, certified=False):
    seen = Assessment(health=health, reason="")
    return move(Fate(stage=stage), state, seen, around, certified=certified)


@pytest.mark.parametrize(
    ("stage", "state", "health", "around", "certified", "expected"),
    [
        # Harm, whatever else holds.
        (Stage.FAILED, A, U, FREE, False, Move.HARM),
        (Stage.FAILED, P, H, HELD, True, Move.HARM),
        (Stage.MOVING, A, R, FREE, False, Move.HARM),
        (Stage.MOVING, A, R, HELD, False, Move.HARM),
        (Stage.PROMOTED, A, R, YES, True, Move.HARM),
        # Promoted by evidence, ours or another agent's; never by Argo's word alone.
        (Stage.PROMOTED, A, H, FREE, False, Move.HEALTHY),
        (Stage.PROMOTED, P, U, FREE, True, Move.HEALTHY),
        (Stage.PROMOTED, A, W, HELD, True, Move.HEALTHY),
        (Stage.PROMOTED, A, W, FREE, False, Move.STAY),
        (Stage.PROMOTED, A, U, YES, False, Move.STAY),
        (Stage.PROMOTED, A, W, LATE, False, Move.LATE),
        # A person's abort is a person's word, until another says to try again.
        (Stage.ABORTED, A, W, FREE, False, Move.ABORTED),
        (Stage.ABORTED, A, W, HELD, False, Move.ABORTED),
        (Stage.ABORTED, P, W, FREE, False, Move.STAY),
        (Stage.ABORTED, P, W, YES, False, Move.RETRY),
        (Stage.ABORTED, P, W, Circumstances(held="x", approved=True), False, Move.STAY),
        # A step that waits.
        (Stage.STOPPED, A, W, FREE, False, Move.PAUSE),
        (Stage.STOPPED, A, H, HELD, False, Move.PAUSE),
        (Stage.STOPPED, P, H, FREE, False, Move.STAY),
        (Stage.STOPPED, P, W, YES, False, Move.GO_ON),
        (Stage.STOPPED, P, W, Circumstances(held="x", approved=True), False, Move.STAY),
        # Nobody answered: the same delivery once more.
        (Stage.SILENT, A, U, FREE, False, Move.RETRY),
        (Stage.SILENT, P, U, FREE, False, Move.RETRY),
        (Stage.SILENT, A, U, HELD, False, Move.STAY),
        # On its way.
        (Stage.MOVING, A, W, FREE, False, Move.STAY),
        (Stage.MOVING, A, H, FREE, True, Move.STAY),
        (Stage.MOVING, A, U, LATE, False, Move.LATE),
        (Stage.MOVING, A, W, Circumstances(held="x", late=True), False, Move.STAY),
        (Stage.MOVING, P, W, YES, False, Move.RESUMED),
        (Stage.MOVING, P, W, FREE, False, Move.STAY),
        (Stage.MOVING, P, W, Circumstances(held="x", approved=True), False, Move.STAY),
        (Stage.MOVING, A, W, YES, False, Move.STAY),
        # Nothing of it is there.
        (Stage.ABSENT, A, U, FREE, False, Move.STAY),
        (Stage.ABSENT, P, U, YES, False, Move.STAY),
        (Stage.EDITED, A, H, FREE, True, Move.STAY),
        (Stage.INVALID, A, U, FREE, False, Move.STAY),
    ],
)
def test_the_table(stage, state, health, around, certified, expected):
    assert made(stage, state, health, around, certified) is expected


@settings(max_examples=300)
@given(
    st.sampled_from(Stage),
    st.sampled_from([A, P]),
    st.sampled_from(Health),
    st.builds(
        Circumstances, held=st.sampled_from(["", "x"]), late=st.booleans(), approved=st.booleans()
    ),
    st.booleans(),
)
def test_what_holds_of_every_move(stage, state, health, around, certified):
    found = made(stage, state, health, around, certified)
    assert (found is Move.HARM) == (stage is Stage.FAILED or health is R)
    if around.held:
        assert found not in (Move.RETRY, Move.GO_ON, Move.LATE, Move.RESUMED)
    if found is Move.HEALTHY:
        assert stage is Stage.PROMOTED
        assert certified or health is H
    if found in (Move.GO_ON, Move.RESUMED):
        assert state is P
        assert around.approved
    if found in (Move.PAUSE, Move.ABORTED):
        assert state is A
