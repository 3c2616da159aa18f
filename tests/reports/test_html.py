"""The HTML report: one file that asks for nothing, escapes all and says every number in text."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.errors import Broken
from mlci.reports.html import render
from mlci.reports.json import to_json

VOID = {"meta", "br"}


class Page(HTMLParser):
    """Checks that elements nest, and keeps tags, attributes and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.text, self.ids = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for key, value in attrs if key == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "svg"} & set(self.open):
            self.text.append(data)

    @property
    def shown(self):
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def pages(documents):
    return {name: render(documents[name]) for name in ("fail", "first", "inconclusive")}


@pytest.mark.parametrize("name", ["fail", "first", "inconclusive"])
def test_it_is_one_file_that_asks_for_nothing(pages, name):
    text = pages[name]
    page = Page(text)
    assert "default-src 'none'" in text
    for tag, attributes in page.elements:
        assert tag not in {"script", "link", "img", "iframe", "object", "image", "base", "form"}
        for key, value in attributes.items():
            assert not key.startswith("on")
            if key in {"src", "href", "xlink:href", "action", "data"}:
                assert value.startswith("#")
    for address in re.findall(r"url\(([^)]*)\)", text):
        assert address.startswith("#")
    assert "@import" not in text
    assert not re.search(r"https?://", re.sub(r'xmlns="[^"]*"', "", text))


@pytest.mark.parametrize("name", ["fail", "inconclusive"])
def test_every_picture_has_its_words_and_every_reference_its_target(pages, name):
    text = pages[name]
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    pictures = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert pictures
    for picture in pictures:
        assert picture["role"] == "img"
        assert set(picture["aria-labelledby"].split()) <= set(page.ids)
    for reference in re.findall(r'(?:href="|url\()#([\w-]+)', text):
        assert reference in page.ids
    assert not re.search(r"#0a00\w\w", text)
    assert "DejaVu" not in text


def test_the_verdict_comes_first_and_every_judgement_is_there(pages, documents):
    page = Page(pages["fail"])
    assert page.shown.index("FAIL") < page.shown.index("income 1.2.0 for production")
    assert "8 PASS, 3 FAIL required. Not admitted." in page.shown
    for each in documents["fail"]["judgements"]:
        assert each["place"] in page.shown
        assert f"{each['n']:,}" in page.shown
    ratio = next(each for each in documents["fail"]["judgements"] if each["outcome"] == "FAIL")
    low, high = ratio["interval"]
    assert f"×0.488 ×{low:.3f} to ×{high:.3f}" in page.shown
    assert "−27.48\u00a0pp" in pages["fail"]
    for digest in re.findall(r"sha256:[0-9a-f]{64}", str(documents["fail"])):
        assert digest in page.shown


def test_curves_latency_and_lag_are_drawn_against_the_champion(pages):
    page = Page(pages["inconclusive"])
    for title in ("ROC", "Precision and recall", "Calibration", "Latency", "Lag of the generator"):
        assert title in page.shown
    for words in (
        "ROC of the candidate and the champion",
        "Calibration of the candidate and the champion",
    ):
        assert words in pages["inconclusive"]
    requests = r"\d+ requests to the candidate and \d+ requests to the champion"
    assert re.search(requests, pages["inconclusive"])
    assert page.shown.count("candidate champion") == 4


def test_a_verdict_from_before_reports_had_these_details(documents):
    page = Page(render(documents["older"]))
    assert "Latency" not in page.shown
    assert "11 PASS required. Admitted." in page.shown


def test_the_same_verdict_gives_the_same_bytes(documents, pages):
    code = "import json,sys;from mlci.reports.html import render;"
    code += "sys.stdout.write(render(json.load(sys.stdin)))"
    again = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(documents["first"]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout == pages["first"]


def test_without_an_interval_no_number_is_shown(judgement, verdict):
    bare = {"groups": [{"group": "Ann", "n": 0, "rate": None}, {"group": "Bo", "rate": 0.731}]}
    made = verdict(
        judgement("a", "ERROR", estimate=None, interval=None, n=0, details=bare), outcome="ERROR"
    )
    page = Page(render(to_json(made)))
    assert "no value" in page.shown
    assert "Groups and slices" not in page.shown
    assert "73.1" not in page.shown


def test_waivers_and_rules_stay_in_sight(judgement, verdict, ruling, waived):
    made = verdict(
        replace(judgement("a", "FAIL"), waived=waived), judgement("b"),
        outcome="FAIL", rulings=(ruling("owner", "FAIL"),),
    )  # fmt: skip
    page = Page(render(to_json(made)))
    assert page.shown.count("FAIL (waived)") == 2
    assert "waived by Ann until 2026-12-01: known and small" in page.shown
    assert "Rule owner it is false ISO 42001 A.6" in page.shown


def test_a_group_has_the_interval_that_its_rows_are_worth(judgement, verdict):
    def value(**group):
        row = {"group": "a", "n": 100, "rate": 0.5, **group}
        made = verdict(judgement("x", cut={"by": ["g"]}, details={"groups": [row]}))
        found = re.search(r"50.00 % ([\d.]+ % to [\d.]+ %)", Page(render(to_json(made))).shown)
        return found and found[1]

    assert value() == "41.36 % to 58.64 %"
    assert value(effectiveRows=25.0) == "32.31 % to 67.69 %"
    assert value(interval=[0.4, 0.7]) == "40.00 % to 70.00 %"
    assert value(rate=0.5000001) is None  # a share of weights, whose worth nobody says


def test_of_many_groups_those_beyond_the_limit_are_never_cut(judgement, verdict):
    rows = [
        {"level": f"level {at}", "n": 50, "estimate": 0.5, "interval": [0.4, 0.6],
         "beyond": at == 99, "small": False}
        for at in range(100)
    ]  # fmt: skip
    made = verdict(
        judgement("a", "FAIL", cut={"column": "zip"}, details={"slices": rows}), outcome="FAIL"
    )
    page = Page(render(to_json(made)))
    assert "level 99 beyond the limit" in page.shown
    assert "60 more in verdict.json" in page.shown


HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x>', "{{ 7*7 }}", "</style>", "$\\frac{1}{2}$", "$_$",
    "&lt;", "\x00\x1b[31m", "]]>",
]  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(bad=st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12)))
def test_any_text_stays_text(judgement, verdict, ruling, waived, bad):
    groups = [{"group": bad, "n": 10, "rate": 0.5}, {"group": "b", "n": 10, "rate": 0.4}]
    made = verdict(
        judgement(bad, "FAIL", reason=bad, cut={"by": [bad]}, details={"groups": groups}),
        replace(judgement("b", "FAIL", metric=bad), waived=replace(waived, reason=bad)),
        outcome="FAIL",
        rulings=(replace(ruling("r", "FAIL"), title=bad, reason=bad, control=bad),),
        versions={bad: bad},
    )
    page = Page(render(to_json(replace(made, release=replace(made.release, version=bad)))))
    assert not {tag for tag, _ in page.elements} & {"script", "img"}
    assert "7*7" in page.shown or "{{" not in bad


@pytest.mark.parametrize(
    "details",
    [
        {"curves": 7},
        {"curves": {"roc": {"candidate": [[0, "a"]]}}},
        {"groups": [{"group": "a", "rate": "high", "n": 3, "interval": [0, 1]}]},
        {"candidate": {"latencies": [[1, 2]], "requests": 3}},
    ],
)
def test_details_that_no_gate_writes_are_refused(judgement, verdict, details):
    with pytest.raises(Broken, match="details of another form"):
        render(to_json(verdict(judgement("a", details=details))))


def test_what_another_gate_means_by_the_same_word_is_left_out(judgement, verdict):
    details = {"groups": 3, "slices": "x", "pairs": 4, "candidate": 1}
    assert "Groups and slices" not in render(to_json(verdict(judgement("a", details=details))))


def test_without_the_extra_the_error_names_it(documents, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("mlci.reports.html.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(Broken, match=r"no matplotlib.*pip install 'mlci\[html\]'"):
        render(documents["fail"])


def test_another_document_is_refused():
    with pytest.raises(Broken, match="a verdict as mlci writes it"):
        render({"kind": "Project"})
