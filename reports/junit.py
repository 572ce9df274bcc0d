"""junit.xml: one test case for each claim on each experiment, for the CI that gates a merge.

Refuted is a failure. Inconclusive is an error: the test did not get so far as to fail or pass. A
claim that no experiment of the run tries, or that its configuration does not make, is skipped.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from compliance.verdict import Outcome
from reports.model import ClaimView, RunView, VerdictView
from reports.numbers import figure

# Everything outside XML 1.0's Char production; ElementTree would write it and no parser read it.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(view: RunView) -> str:
    """The whole document."""
    suites = ET.Element("testsuites", name=_xml(view.name))
    for experiment in view.experiments:
        properties = {"seed": experiment.seed, "scenario": experiment.scenario}
        suite = _suite(suites, experiment.name, view.started_at, properties)
        suite.set("time", f"{experiment.duration_s:.1f}")
        for verdict in experiment.verdicts:
            _case(suite, view, verdict)
    if view.elsewhere:
        suite = _suite(suites, "other experiments", view.started_at, {})
        for verdict in view.elsewhere:
            _case(suite, view, verdict)
    if view.untried:
        suite = _suite(suites, "not tried", view.started_at, {})
        for claim in view.untried:
            _skipped(suite, claim)
    for suite in suites:
        _count(suite)
    _count(suites)
    ET.indent(suites)
    # ElementTree would declare the encoding of the machine's locale; the file is written as UTF-8.
    declaration = '<?xml version="1.0" encoding="utf-8"?>\n'
    return declaration + ET.tostring(suites, encoding="unicode") + "\n"


def _suite(
    suites: ET.Element, name: str, started_at: str, properties: Mapping[str, object]
) -> ET.Element:
    suite = ET.SubElement(suites, "testsuite", name=_xml(name), timestamp=_xml(started_at))
    if properties:
        listed = ET.SubElement(suite, "properties")
        for key, value in properties.items():
            ET.SubElement(listed, "property", name=key, value=_xml(str(value)))
    return suite


def _case(suite: ET.Element, view: RunView, verdict: VerdictView) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_xml(f"queueproof.{verdict.experiment}"),
        name=_xml(verdict.claim),
    )
    match verdict.outcome:
        case Outcome.VERIFIED:
            answer = ET.SubElement(case, "system-out")
        case Outcome.REFUTED:
            answer = ET.SubElement(case, "failure", type="refuted", message=_xml(verdict.summary))
        case Outcome.INCONCLUSIVE:
            message = "; ".join(verdict.reasons) or verdict.summary
            answer = ET.SubElement(case, "error", type="inconclusive", message=_xml(message))
        case Outcome.NOT_CLAIMED:
            answer = ET.SubElement(case, "skipped", message=_xml("; ".join(verdict.reasons)))
    answer.text = _xml("\n".join(_details(view, verdict)))


def _details(view: RunView, verdict: VerdictView) -> list[str]:
    lines = [verdict.summary, *verdict.reasons]
    lines += [f"{name}: {value}" for name, value in verdict.figures]
    if verdict.offence_count:
        lines.append(
            f"{figure(verdict.offence_count)} offences, {len(verdict.offences)} of them here:"
        )
    for offence in verdict.offences:
        when = "" if offence.at_s is None else f" at {figure(offence.at_s, 3)} s"
        lines.append(f"  {offence.id}{when}: {offence.what}")
    if verdict.replay:
        lines.append(f"try it again: {verdict.replay}")
    return [*lines, f"evidence: {view.replay_folder}"]


def _skipped(suite: ET.Element, claim: ClaimView) -> None:
    case = ET.SubElement(
        suite, "testcase", classname="queueproof.not-tried", name=_xml(claim.claim)
    )
    ET.SubElement(case, "skipped", message="no experiment of this run tries it")


def _count(suite: ET.Element) -> None:
    counted = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for attribute, tag in counted.items():
        suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
