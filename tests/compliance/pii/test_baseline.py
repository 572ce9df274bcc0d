"""A baseline knows places, not lines."""

import json
from dataclasses import replace
from datetime import date

import pytest

from compliance.pii.baseline import BaselineError, known, load_baseline, write_baseline
from compliance.pii.gate import gate
from compliance.pii.policy import Policy
from compliance.pii.report import Finding, Place, ScanReport

FINDING = Finding(
    rule="canary/email",
    kind="email",
    level="error",
    confidence=1.0,
    source="api.log",
    line=7,
    column=1,
    json_path="$.to",
    template="{event: sent}",
    logger=None,
    message_id=None,
    masked="j***@e***",
    hash="00",
    form="raw",
)
PLACE = Place("canary/email", "email", "error", "{event: sent}", "$.to", 3, (FINDING,))
OTHER = replace(PLACE, template="{event: lost}")


def report(*places):
    return ScanReport(places, 9, 99, 1, ("api.log",), (), (), 0.1, {}, 0, 0, ())


def gated(baseline, *places):
    return gate(report(*places), Policy(), baseline, date(2026, 11, 24))


def test_what_was_written_is_read_again(tmp_path):
    path = tmp_path / "baseline.json"
    assert write_baseline(path, [PLACE, OTHER, PLACE]) == 2
    assert load_baseline(path) == {known(PLACE), known(OTHER)}


def test_the_file_is_the_same_whatever_lines_files_and_order_were(tmp_path):
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    moved = replace(PLACE, lines=99, findings=(replace(FINDING, line=1, source="b.log"),))
    write_baseline(first, [PLACE, OTHER])
    write_baseline(second, [OTHER, moved])
    assert first.read_text() == second.read_text()


def test_known_places_pass_and_new_ones_fail():
    done = gated(frozenset({known(PLACE)}), PLACE, OTHER)
    assert (done.failing, done.passed) == (1, {"baseline": 1})
    assert done.report.places[0].template == OTHER.template


def test_another_type_at_a_known_place_is_new():
    phone = replace(PLACE, rule="canary/phone", kind="phone")
    assert gated(frozenset({known(PLACE)}), phone).failing == 1


def test_places_that_are_gone_are_told():
    [remark] = gated(frozenset({known(PLACE)})).remarks
    assert "1 places are no longer found" in remark


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "version: wanted 1"),
        ('{"version": 2}', "version: wanted 1"),
        ('{"version": 1}', "places: wanted a list"),
        ('{"version": 1, "places": [3]}', r"places\[0\]: wanted an object"),
        ('{"version": 1, "places": [{"kind": "x"}]}', r"places\[0\].json_path: wanted text"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(tmp_path, text, said):
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(BaselineError, match=said):
        load_baseline(path)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(BaselineError, match="--write-baseline makes one"):
        load_baseline(tmp_path / "none.json")


def test_the_file_holds_nothing_but_keys(tmp_path):
    path = tmp_path / "baseline.json"
    write_baseline(path, [PLACE])
    [row] = json.loads(path.read_text())["places"]
    assert row == {"kind": "email", "json_path": "$.to", "template": "{event: sent}"}
