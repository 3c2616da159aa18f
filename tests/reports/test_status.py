"""The table of `mlci status`."""

from mlci.reports.status import render


def _row(**changes):
    serving = {"version": "1.0.0", "commit": "a" * 40, "verdict": "v-0001.json"}
    return {
        "environment": "production",
        "model": "income",
        "state": "HEALTHY",
        "reason": "evidence",
        "serving": serving,
        "asked": "sha256:" + "b" * 64,
        **changes,
    }


def test_nothing_to_show():
    assert render([]) == "no releases"


def test_a_line_a_release_and_the_reasons_of_those_that_are_not_well():
    held = _row(model="churn", state="HELD", reason="it REGRESSED", serving=None, asked=None)
    assert render([_row(), held]).splitlines() == [
        "environment  model   serves   since commit  verdict      tip asks for  state",
        "production   income  1.0.0    aaaaaaaaaa    v-0001.json  bbbbbbbbbb    HEALTHY",
        "production   churn   nothing  -             -            nothing       HELD",
        "churn/production HELD: it REGRESSED",
    ]


def test_what_was_adopted_has_no_verdict():
    row = _row(state="ADOPTED", serving={"version": "1", "commit": "a" * 40, "verdict": ""})
    assert render([row]).splitlines()[1].split()[4] == "-"
