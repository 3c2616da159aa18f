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
        "delivering": None,
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


def test_what_is_under_way_beside_the_champion_and_as_a_first_release():
    delivering = {"version": "2.0.0", "state": "ADMITTED", "stages": [], "pausedAt": None}
    canary = _row(state="ADMITTED", delivering=delivering)
    assert render([canary]).splitlines()[2] == (
        "income/production: 2.0.0 is under way beside 1.0.0; it waits for live traffic to decide"
    )
    first = render([{**canary, "serving": None}])
    assert "nothing" not in first
    assert "2.0.0, not HEALTHY" in first
    assert "2.0.0 is under way with all traffic: a first release" in first
    taken = {**delivering, "state": "REGRESSED"}
    regressed = render([_row(state="HELD", serving=None, delivering=taken)])
    assert "it keeps its traffic unless the policy says `firstReleaseRegressed: stop`" in regressed
