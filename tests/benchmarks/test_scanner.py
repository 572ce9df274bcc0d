"""What plain Presidio's slice says of a whole log."""

import json

import pytest

from benchmarks.commands import Finished
from benchmarks.scanner import plain_rows


def finished(lines, reading_s, elapsed_s):
    """Half of all time is CPU time."""
    told = {"lines": lines, "elapsed_s": reading_s, "cpu_s": reading_s / 2, "findings": 0}
    return Finished(
        exit_code=0,
        elapsed_s=elapsed_s,
        first_output_s=elapsed_s,
        cpu_s=elapsed_s / 2,
        rss_peak_bytes=1,
        output=json.dumps(told).encode(),
    )


def test_a_slice_is_projected_with_the_start_up_once():
    wall, cpu = plain_rows(finished(lines=100, reading_s=2.0, elapsed_s=5.0), lines=1_000)
    assert wall.figure == pytest.approx(1_000 / (3.0 + 20.0))
    assert cpu.figure == pytest.approx(2 * wall.figure)
    assert "projected from the first 100 lines, 23 s in all; start-up 3.0 s" in wall.note


def test_a_whole_reading_is_what_it_took():
    wall, _ = plain_rows(finished(lines=100, reading_s=2.0, elapsed_s=5.0), lines=100)
    assert wall.figure == pytest.approx(100 / 5.0)
    assert wall.note.startswith("all lines read")
