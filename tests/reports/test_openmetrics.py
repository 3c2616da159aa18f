"""OpenMetrics text, by the parser of Prometheus' own client."""

import shlex

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from mlci.reports.json import to_json
from mlci.reports.openmetrics import render


def families(text):
    return {each.name: each for each in text_string_to_metric_families(text)}


def samples(text, name):
    return {each.labels["judgement"]: each.value for each in families(text)[name].samples}


def test_real_verdicts_parse_and_hold_the_numbers(real):
    text = render(real)
    wanted = {each["id"]: each for each in real["judgements"]}
    n = samples(text, "mlci_judgement_n")
    assert n == {name: each["n"] for name, each in wanted.items()}
    shown = samples(text, "mlci_judgement_estimate")
    assert shown == {
        name: each["estimate"] for name, each in wanted.items() if each["estimate"] is not None
    }
    assert set(samples(text, "mlci_judgement_lower")) == set(shown)
    states = families(text)["mlci_verdict_outcome"].samples
    assert [each.labels["mlci_verdict_outcome"] for each in states if each.value] == [
        real["outcome"]
    ]


def test_gitlabs_parser_reads_each_line(real):
    """It splits a line as a shell would, after cutting comments: a name, then a value."""
    for line in render(real).splitlines():
        if not line.startswith("#"):
            name, value = shlex.split(line)
            assert "#" not in name
            float(value)


@settings(max_examples=30)
@given(name=st.text(min_size=1, max_size=20).filter(lambda text: "\r" not in text))
def test_any_name_comes_back(judgement, verdict, name):
    found = samples(render(to_json(verdict(judgement(name)))), "mlci_judgement_n")
    assert found == {name: 16281}


def test_rules_are_states_too(judgement, verdict, ruling):
    made = verdict(judgement("a"), outcome="FAIL", rulings=(ruling("owner", "FAIL"),))
    states = families(render(to_json(made)))["mlci_rule_outcome"].samples
    assert [each.labels["mlci_rule_outcome"] for each in states if each.value] == ["FAIL"]
