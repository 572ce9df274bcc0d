"""JUnit XML: one failed test case a result, an error for what was not read, a pass when clean."""

import xml.etree.ElementTree as ET

from compliance.pii.outputs.result import Report, Result, worst_first


def render_junit(report: Report) -> str:
    """Notes pass, and are told in the case's output. A clean report has one passing case, because
    CI systems take a file without cases for a broken one.
    """
    failures = sum(result.level != "note" for result in report.results)
    cases = len(report.results) + len(report.unread)
    counts = {
        "tests": str(max(cases, 1)),
        "failures": str(failures),
        "errors": str(len(report.unread)),
    }
    root = ET.Element("testsuites", {"name": report.tool, **counts})
    suite = ET.SubElement(root, "testsuite", {"name": report.tool, "skipped": "0", **counts})
    for result in worst_first(report.results):
        _result(suite, result)
    for unread in report.unread:
        case = ET.SubElement(suite, "testcase", classname="unread", name=unread.path)
        ET.SubElement(case, "error", type="unread", message=unread.why)
    if not cases:
        ET.SubElement(suite, "testcase", classname=report.tool, name="no personal data found")
    ET.SubElement(suite, "system-out").text = "\n".join([report.summary, *report.notes])
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _result(suite: ET.Element, result: Result) -> None:
    case = ET.SubElement(suite, "testcase", classname=result.rule_id, name=result.place)
    told = "\n".join(
        [
            result.message,
            *(f"{place.path}:{place.line}: {place.message}" for place in result.related),
        ]
    )
    if result.level == "note":
        ET.SubElement(case, "system-out").text = told
    else:
        ET.SubElement(case, "failure", type=result.level, message=result.message).text = told
