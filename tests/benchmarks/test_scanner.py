"""What plain Presidio's slice says of a whole log."""

import json

import pytest

from benchmarks.commands import Finished
from benchmarks.scanner import plain_row


def finished(lines, reading_s, elapsed_s):
    told = {"lines": lines, "elapsed_s": reading_s, "findings": 0}
    return Finished(
        exit_code=0,
        elapsed_s=elapsed_s,
        first_output_s=elapsed_s,
        cpu_s=elapsed_s,
        rss_peak_bytes=1,
        output=json.dumps(told).encode(),
    )


def test_a_slice_is_projected_with_the_start_up_once():
    row = plain_row(finished(lines=100, reading_s=2.0, elapsed_s=5.0), lines=1_000)
    assert row.figure == pytest.approx(1_000 / (3.0 + 20.0))
    assert "projected from the first 100 lines, 23 s in all; start-up 3.0 s" in row.note


def test_a_whole_reading_is_what_it_took():
    row = plain_row(finished(lines=100, reading_s=2.0, elapsed_s=5.0), lines=100)
    assert row.figure == pytest.approx(100 / 5.0)
    assert row.note.startswith("all lines read")
