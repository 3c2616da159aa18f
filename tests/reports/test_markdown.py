"""Markdown for a merge request: the verdict first, and nothing in it that acts."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mlci.reports import markdown
from mlci.reports.json import to_json
from mlci.reports.markdown import inert, render

# What a forge finds in a rendered text: people, issues, merge requests, labels, milestones,
# snippets, epics, bare addresses.
ACTS = re.compile(r"[@#!~$&%](?=\w)|://|\bwww\.|\[\[")
OURS = {
    "h2", "h3", "p", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td",
    "details", "summary",
}  # fmt: skip


class Tags(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert {key for key, _ in attrs} <= {"style"}

    def handle_data(self, data):
        self.text.append(data)


def rendered(text):
    """By CommonMark with tables and bare links, as a forge does."""
    seen = Tags()
    seen.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    return seen


def check_inert(text):
    assert not any(line.lstrip(" \t>").startswith("/") for line in text.splitlines())
    seen = rendered(text)
    assert seen.tags <= OURS
    for part in seen.text:
        assert not ACTS.search(part), part
    return "".join(seen.text)


def test_the_verdict_comes_first_then_what_stands_against_it(documents):
    text = render(documents["fail"])
    lines = text.splitlines()
    assert lines[0] == "## ❌ FAIL: income 1.2.0 for production, against 1.1.0"
    assert lines[2] == "8 PASS, 3 FAIL required."
    assert lines[4].startswith("- **true positive rate by sex** (FAIL): x0.488")
    assert "| ✅ | accuracy, at least | 86.55 % |" in text
    assert text.count("<details>") == text.count("</details>") == 2
    shown = check_inert(text)
    accuracy = documents["fail"]["judgements"][0]
    assert f"this size shows 82.70 % or more; n {accuracy['needed']} would do" in shown
    assert "asked at policies/production.yaml:19:7" in shown


def test_real_verdicts_are_inert(real):
    check_inert(render(real))


HOSTILE = [
    "@root", "/approve", "\n/merge", "<img src=x onerror=1>", "<details>", "</details>", "|", "`",
    "![x](http://evil.example/x.png)", "[x](javascript:alert)", "#1", "!2", "~bug", "&3", "%1",
    "$4", "www.evil.example", "https://evil.example", "[[wiki]]", "<!--", "```", "\\", "*b*",
    "\u202e", "\x1b[31m", "\x00", "&amp;", "&#64;root", ":tada:", "\u2028/close", "- [ ] x",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=6)), max_size=8),
    between=st.sampled_from(["", " ", "\n", "\r\n", "\t"]),
)
def test_hostile_names_and_reasons_stay_text(judgement, verdict, ruling, waived, parts, between):
    bad = between.join(parts)
    cut = {"by": [bad]}
    made = verdict(
        judgement(bad, "FAIL", reason=bad, cut=cut),
        replace(judgement(f"{bad}2", "FAIL", reason=bad), waived=replace(waived, reason=bad)),
        outcome="FAIL",
        rulings=(replace(ruling("r", "FAIL"), title=bad, reason=bad, control=bad),),
        versions={"mlci": bad},
    )
    made = replace(made, release=replace(made.release, version=bad, path=bad))
    before = to_json(verdict(judgement(bad)))
    check_inert(render(to_json(made), before))


@given(text=st.text(max_size=60))
def test_a_text_is_read_as_it_was(text):
    """But for line breaks, invisible characters and the joiners that part signs from names."""
    shown = html.unescape(inert(text)).replace("\u2060", "")
    flat = " ".join(text.split()).replace("\u2060", "")
    assert shown == "".join(char if char.isprintable() else "\ufffd" for char in flat)


def test_a_waived_failure_is_no_pass(judgement, verdict, waived):
    made = verdict(replace(judgement("a", "FAIL"), waived=waived), judgement("b"))
    text = render(to_json(made))
    assert "| ❌ | accuracy, at least **FAIL (waived)** |" in text
    assert "(FAIL (waived)): waived by Ann until 2026-12-01: known and small" in text
    assert "1 PASS required, 1 waived." in text


def test_rules_have_a_table(judgement, verdict, ruling):
    made = verdict(judgement("a"), outcome="FAIL", rulings=(ruling("owner", "FAIL"),))
    text = render(to_json(made))
    assert "| ❌ | Rule owner **FAIL** | ISO 42001 A.6 |" in text
    assert "- **Rule owner** (FAIL): it is false" in text


def test_what_changed_since_the_last_run(documents, judgement, verdict):
    text = render(documents["fail"], documents["older"])
    assert "### Since the last run (PASS, 2026-11-23T12:20:06.030Z)" in text
    assert "- another model: 1.3.0 then, 1.2.0 now" in text
    assert "⬇️ true positive rate by sex, smallest ratio between groups: PASS → FAIL" in text
    assert text.count("⬇️") == 3
    same = render(documents["fail"], documents["fail"])
    assert "No judgement came out otherwise." in same
    other = render(
        to_json(verdict(judgement("new"), judgement("b"))),
        to_json(verdict(judgement("gone"), judgement("b", "FAIL"), outcome="FAIL")),
    )
    assert "- ⬆️ accuracy, at least: FAIL → PASS" in other
    assert "- new: new (PASS)" in other
    assert "- no longer judged: gone" in other


def test_a_long_report_ends_at_a_line_with_its_folds_closed(judgement, verdict):
    names = [judgement(f"a/{number}", reason="word " * 100) for number in range(2000)]
    text = render(to_json(verdict(*names)))
    assert len(text) < 1_000_000
    assert text.count("<details>") == text.count("</details>") == 1
    assert text.endswith("verdict.json holds the rest.**\n")
    check_inert(text)


def test_one_endless_name_hides_nothing(judgement, verdict):
    text = render(to_json(verdict(judgement("@" * 2_000_000))))
    assert text.startswith("## ✅ PASS")
    assert len(text) < markdown.LONGEST


@pytest.mark.parametrize(("admits", "word"), [(True, "Admitted, since"), (False, "required.\n\n")])
def test_what_is_tolerated_is_said(judgement, verdict, admits, word):
    made = verdict(judgement("a", "INCONCLUSIVE"), outcome="INCONCLUSIVE", admits=admits)
    assert word in render(to_json(made))


def test_a_worn_exam_is_said(judgement, verdict):
    made = replace(verdict(judgement("a")), exam_runs=3, exam_runs_permitted=20)
    assert "- exam adult-2026, sat 3 times before of at most 20 sha256" in render(to_json(made))
    assert "before" not in render(to_json(verdict(judgement("a"))))
