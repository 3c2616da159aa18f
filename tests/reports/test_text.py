"""The table at the end of `mlci gate`."""

from dataclasses import replace

import pytest

from mlci.errors import Broken
from mlci.reports.json import to_json
from mlci.reports.text import render


def shown(verdict, **options):
    return render(to_json(verdict), **options)


def test_a_table_with_units_reasons_and_the_verdict(judgement, verdict):
    made = verdict(
        judgement("s/accuracy/accuracy/minimum"),
        judgement("s/accuracy/roc_auc/margin", "INCONCLUSIVE", metric="roc_auc", kind="margin",
                  limit=0.01, estimate=-0.0021, interval=(-0.012, 0.008), reason="too few rows"),
        judgement("s/fairness/selection_rate/maximumDifference/sex", "FAIL",
                  metric="selection_rate", kind="maximumDifference", limit=0.1, estimate=0.2,
                  interval=(0.15, 0.25), reason="shown beyond the limit: Male over Female"),
        judgement("s/load/p95/objective", metric="p95", kind="objective", limit=0.05,
                  estimate=0.0312, interval=(0.03, 0.033), n=1200),
        judgement("s/load/p95/maximumRatio", metric="p95", kind="maximumRatio", limit=1.1,
                  estimate=1.02, interval=(0.99, 1.05), n=12),
        judgement("s/load/errorRate/objective", "ERROR", metric="errorRate", kind="objective",
                  limit=0.001, estimate=None, interval=None, n=0, required=False, reason="down"),
        outcome="FAIL",
    )  # fmt: skip
    made = replace(made, champion=replace(made.release, version="1.4.0"))
    lines = shown(made, width=140).splitlines()
    assert lines[0].split() == ["judgement", "outcome", "estimate", "interval", "limit", "n"]
    text = "\n".join(lines)
    assert "86.12 %  85.65 % .. 86.57 %" in text
    assert ">= 85.00 %" in text
    assert "-0.0021  -0.0120 .. +0.0080" in text
    assert "> -0.0100" in text
    assert "+20.00 pp  +15.00 pp .. +25.00 pp  <= +10.00 pp" in text
    assert "31.2 ms  30.0 ms .. 33.0 ms" in text
    assert "<= 50.0 ms" in text
    assert "x1.020  x0.990 .. x1.050" in text
    assert "16,281" in text
    assert "ERROR (advice)" in text
    assert "    shown beyond the limit: Male over Female; this size shows +0.68 pp or more" in text
    assert "FAIL: income 1.5.0 for staging, against 1.4.0; 3 PASS, 1 FAIL, 1 INCONCLUSIVE" in text
    assert "Next: mend the model" in text
    assert "\x1b" not in text


def test_columns_are_aligned_whatever_the_width_of_names(judgement, verdict):
    made = verdict(judgement("短い/名前"), judgement("a-much-longer-name/than/the/other"))
    header, _, first, _, second, *_ = shown(made).splitlines()
    at = header.index("outcome")
    assert second[at : at + 4] == "PASS"
    assert first.index("PASS") == at - 4  # four characters that are two cells wide


def test_reasons_are_wrapped_to_the_width(judgement, verdict):
    made = verdict(judgement("a", reason="word " * 60))
    reasons = [line for line in shown(made, width=60).splitlines() if line.startswith("    ")]
    assert len(reasons) > 4
    assert max(map(len, reasons)) <= 60


def test_colour_only_when_asked_and_never_from_names(judgement, verdict):
    hostile = "p/\x1b[31mred\x1b[0m\n\r\x07"
    made = verdict(judgement(hostile, reason=hostile))
    plain = shown(made)
    assert "\x1b" not in plain
    assert "\x07" not in plain
    assert "p/?[31mred?[0m???" in plain
    coloured = shown(made, colour=True)
    assert coloured.count("\x1b[32mPASS\x1b[0m") == 2
    assert coloured.replace("\x1b[32m", "").replace("\x1b[0m", "") == plain


@pytest.mark.parametrize(
    ("outcome", "admits", "words"),
    [
        ("PASS", True, "Next: merge;"),
        ("FAIL", False, "mend the model"),
        ("ERROR", False, "gate again"),
        ("INCONCLUSIVE", False, "wider margin"),
        ("INCONCLUSIVE", True, "admitted, since the policy allows INCONCLUSIVE"),
    ],
)
def test_each_outcome_has_its_next_step(judgement, verdict, outcome, admits, words):
    text = shown(verdict(judgement("a", outcome), outcome=outcome, admits=admits), width=160)
    assert words in text
    assert f"{outcome}: income 1.5.0 for staging, a first release; 1 {outcome} required" in text


def test_a_way_back_has_no_table(verdict):
    text = shown(verdict(reason="admitted on its record: delivery abc"))
    assert text.startswith(
        "PASS: income 1.5.0 for staging, a first release; admitted on its record"
    )
    assert "judgement" not in text


def test_another_document_is_refused():
    with pytest.raises(Broken):
        render({"kind": "Project"})


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_no_line_is_wider_than_asked(real, width):
    lines = render(real, width).splitlines()
    assert max(map(len, lines)) <= width
    for each in real["judgements"]:
        assert each["id"] in "".join(line.strip() for line in lines)


def test_where_the_table_does_not_fit_each_judgement_is_a_paragraph(judgement, verdict):
    made = verdict(
        judgement("staging/accuracy/accuracy/minimum"),
        judgement("staging/load/p95/objective", "ERROR", estimate=None, interval=None, n=0,
                  metric="p95", kind="objective", limit=0.05, reason="it can't be served",
                  detectable=None, needed=None),
    )  # fmt: skip
    lines = shown(made, width=80, colour=True).splitlines()
    assert lines[0] == "\x1b[32mPASS\x1b[0m  staging/accuracy/accuracy/minimum"
    assert lines[1] == "    86.12 % [85.65 % .. 86.57 %]; limit >= 85.00 %; n=16,281"
    assert lines[2] == "    shown; this size shows 85.68 % or more; n=4,321 would do"
    assert lines[4] == "    no value; limit <= 50.0 ms; n=0"


@pytest.mark.parametrize(
    ("kind", "limit", "detectable", "words"),
    [
        ("minimum", 0.8, 0.01, "81.00 % or more"),
        ("maximum", 0.8, 0.01, "79.00 % or less"),
        ("margin", 0.02, 0.01, "-1.00 pp or more"),
        ("maximumDifference", 0.1, 0.15, "+15.00 pp or more"),
        ("minimumRatio", 0.8, 0.7, "x0.700 or less"),
        ("maximumRatio", 2.0, 1.6, "x1.600 or less"),
        ("objective", 0.02, 0.001, "0.10 % or less"),
    ],
)
def test_what_a_size_shows_is_in_the_limits_own_unit(
    judgement, verdict, kind, limit, detectable, words
):
    made = verdict(judgement("a", kind=kind, limit=limit, detectable=detectable))
    assert f"this size shows {words}" in shown(made)
