"""Whatever stands in a policy with a pack, rules and waivers: a policy, or Invalid."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.errors import Invalid
from mlci.manifest.examine import examine
from mlci.manifest.policy import parse_policy
from mlci.manifest.yaml import load

PATH = "policies/production.yaml"
PASS = Path(__file__).parent / "cases" / "pass"
VALUES = st.sampled_from(
    [None, True, 0, -1, 10**9, 0.5, "", "x", "baseline", "2026-02-30", [], [None], ["x"], [[1]],
     {}, {"x": 1}, {"gate": "fairness"}, [{"id": 1}], [{"name": []}]]
)  # fmt: skip


@settings(max_examples=150)
@given(st.sampled_from(["policy-extends", "policy-with-rules"]), st.data(), VALUES)
def test_any_value_in_any_place_is_read_or_refused(case, data, junk):
    document = load(PATH, (PASS / case / PATH).read_bytes())
    places = sorted((keys for keys in document.source.places if keys), key=str)
    *parents, last = data.draw(st.sampled_from(places))
    target = document.value
    for key in parents:
        target = target[key]
    target[last] = junk
    content = json.dumps(document.value).encode()
    assert _parsed(content) == _examined(content)


def _parsed(content):
    try:
        parse_policy(PATH, content)
    except Invalid as invalid:
        return [str(each) for each in invalid.problems]
    return []


def _examined(content):
    try:
        return [str(each) for each in examine(PATH, content)[1]]
    except Invalid as invalid:
        return [str(each) for each in invalid.problems]
