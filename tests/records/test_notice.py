"""What the agent leaves in the cluster, and reads again."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.records.answer import Answer
from mlci.records.notice import LONGEST, Notice, from_text, to_text

MOMENTS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
NOTICES = st.builds(
    Notice,
    outcome=st.sampled_from(Answer),
    reason=st.text(max_size=2 * LONGEST),
    delivery=st.text(max_size=64),
    since=MOMENTS,
    started=MOMENTS,
)
GOOD = {"outcome": "HELD", "reason": "r", "delivery": "d", "since": 1.5, "started": None}


@settings(max_examples=50)
@given(NOTICES)
def test_what_is_left_is_what_is_read_again(notice):
    assert from_text(to_text(notice)) == notice
    assert len(notice.reason) <= LONGEST


def test_the_same_notice_gives_the_same_text():
    notice = from_text(json.dumps(GOOD))
    assert notice == Notice(outcome=Answer.HELD, reason="r", delivery="d", since=1.5)
    assert to_text(notice) == json.dumps(dict(sorted(GOOD.items())))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HEALTHY",
        "[]",
        "null",
        "{}",
        "[" * 10_000,
        *(json.dumps({k: v for k, v in GOOD.items() if k != key}) for key in GOOD),
        *(
            json.dumps({**GOOD, **wrong})
            for wrong in (
                {"outcome": "FINE"},
                {"outcome": ["HELD"]},
                {"since": "soon"},
                {"since": True},
                {"started": [1]},
                {"since": float("nan")},
                {"started": float("inf")},
                {"since": 10**400},
            )
        ),
    ],
)
def test_what_the_agent_did_not_write_is_none(text):
    assert from_text(text) is None


@settings(max_examples=50)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=4))
def test_no_value_of_a_key_is_a_traceback(value):
    for key in GOOD:
        found = from_text(json.dumps({**GOOD, key: value}))
        assert found is None or from_text(to_text(found)) == found
