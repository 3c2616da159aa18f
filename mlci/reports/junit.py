"""A verdict as JUnit XML, as GitLab and Jenkins read it: a suite a gate, a case a judgement.

failure: shown not to hold. error: could not be decided or measured. skipped: decides nothing
(waived, advice, tolerated by the policy), with its own outcome in the message. Only what was
shown to hold passes.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from mlci.records.outcome import Outcome
from mlci.records.rule import Ruling
from mlci.reports import numbers
from mlci.reports.contents import Contents, Item, read, waiver

# What XML 1.0 admits: https://www.w3.org/TR/xml/#charsets
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(document: Mapping[str, Any]) -> str:
    """Times of single judgements aren't measured: the run's stands on the root alone."""
    contents = read(document)
    verdict = contents.verdict
    suites: dict[str, list[ET.Element]] = {}
    for item in contents.items:
        suites.setdefault(f"{item.planned.policy}/{item.planned.gate}", []).append(
            _case(item, tolerated=contents.tolerated)
        )
    for ruling in verdict.rulings:
        suites.setdefault(f"{ruling.policy}/rules", []).append(_rule(ruling))
    if not suites:
        suites["verdict"] = [_whole(contents)]
    root = ET.Element("testsuites", name=_text(f"mlci: {contents.headline}"))
    root.set("time", f"{_seconds(verdict.started, verdict.finished):.3f}")
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    for name, cases in suites.items():
        suite = ET.SubElement(root, "testsuite", name=_text(name), timestamp=verdict.started)
        counts = {
            "tests": len(cases),
            "failures": _with(cases, "failure"),
            "errors": _with(cases, "error"),
            "skipped": _with(cases, "skipped"),
        }
        for key, count in counts.items():
            suite.set(key, str(count))
        for key in totals:
            totals[key] += counts[key]
        suite.extend(cases)
    for key, total in totals.items():
        root.set(key, str(total))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(item: Item, *, tolerated: bool) -> ET.Element:
    judgement, planned = item.judgement, item.planned
    case = ET.Element("testcase", name=_text(planned.id), classname=_text(_dotted(planned.id)))
    said = judgement.reason
    if item.waived is not None:
        said = f"{said} ({waiver(item.waived)})"
    tag = _tag(item, tolerated=tolerated)
    if tag:
        child = ET.SubElement(case, tag, type=item.outcome.value)
        child.set("message", _text(f"{item.label}: {said}"))
        child.text = _text(_numbers(item))
    else:
        ET.SubElement(case, "system-out").text = _text(f"{said}\n{_numbers(item)}")
    return case


def _tag(item: Item, *, tolerated: bool) -> str:
    if item.outcome is Outcome.PASS:
        return ""
    undecided = item.outcome is Outcome.INCONCLUSIVE
    if not item.decides or (undecided and tolerated):
        return "skipped"
    return "failure" if item.outcome is Outcome.FAIL else "error"


def _numbers(item: Item) -> str:
    judgement = item.judgement
    lines = [f"limit: {item.asked} {numbers.limit(item.planned)}", f"n: {judgement.n:,}"]
    if judgement.interval is not None:
        value = f"{numbers.estimate(judgement)} [{numbers.interval(judgement)}]"
        lines.insert(0, f"estimate: {value} at confidence {item.planned.confidence:g}")
    if judgement.detectable is not None:
        lines.append(f"this size shows: {numbers.shows(judgement)}")
    if judgement.needed is not None:
        lines.append(f"n that would do: {numbers.needed(judgement)}")
    if item.planned.place:
        lines.append(f"asked at: {item.planned.place}")
    return "\n".join(lines)


def _rule(ruling: Ruling) -> ET.Element:
    case = ET.Element("testcase", name=_text(ruling.id), classname=_text(_dotted(ruling.id)))
    if ruling.outcome is Outcome.PASS:
        ET.SubElement(case, "system-out").text = _text(f"{ruling.title} ({ruling.control})")
    else:
        tag = "failure" if ruling.outcome is Outcome.FAIL else "error"
        child = ET.SubElement(case, tag, type=ruling.outcome.value)
        child.set("message", _text(f"{ruling.title}: {ruling.reason}"))
        asked = f"\nasked at: {ruling.place}" if ruling.place else ""
        child.text = _text(f"control: {ruling.control}{asked}")
    return case


def _whole(contents: Contents) -> ET.Element:
    """A report without a case would be taken for a broken one."""
    case = ET.Element("testcase", name="verdict", classname="verdict")
    said = _text(f"{contents.verdict.outcome.value}: {contents.summary}")
    if contents.verdict.outcome is Outcome.PASS:
        ET.SubElement(case, "system-out").text = said
    else:
        ET.SubElement(case, "error", type=contents.verdict.outcome.value, message=said)
    return case


def _with(cases: list[ET.Element], tag: str) -> int:
    return sum(case.find(tag) is not None for case in cases)


def _dotted(name: str) -> str:
    """Jenkins groups cases by the dots of a class name."""
    return name.rpartition("/")[0].replace(".", "_").replace("/", ".")


def _seconds(started: str, finished: str) -> float:
    begin, end = (datetime.fromisoformat(each) for each in (started, finished))
    return max((end - begin).total_seconds(), 0.0)


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
