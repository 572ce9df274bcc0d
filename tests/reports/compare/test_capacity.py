"""Capacities that a search wrote down, read again: shown as they are, and never half."""

import json

import pytest

from reports.compare.capacity import FILE, read_capacities
from scenarios.evidence import EvidenceError

FOUND = {
    "configuration": "fifo",
    "work": "emails",
    "kind": "found",
    "held_per_s": 298.5,
    "low_per_s": 297.0,
    "high_per_s": 303.0,
    "limit_text": "quota of emails.fifo send calls",
}


@pytest.fixture
def written(tmp_path):
    def write(text):
        (tmp_path / FILE).parent.mkdir()
        (tmp_path / FILE).write_text(text)
        return tmp_path

    return write


def test_what_was_found_is_read_by_configuration(written):
    found = read_capacities(written(json.dumps([FOUND])))
    assert found["fifo"].held_per_s == 298.5
    assert found["fifo"].interval == "between 297 and 303"


def test_a_capacity_that_nothing_bounds_says_so(written):
    found = read_capacities(written(json.dumps([FOUND | {"high_per_s": None}])))
    assert found["fifo"].interval == "between 297 and ?"


def test_without_a_search_there_is_none(tmp_path):
    assert read_capacities(tmp_path) == {}


@pytest.mark.parametrize("text", ["", "{}", '[{"configuration": "fifo"}]'])
def test_what_is_damaged_is_refused(written, text):
    with pytest.raises(EvidenceError, match=r"capacity\.json: not what a search"):
        read_capacities(written(text))
