"""Programs run to their end, or ended."""

import sys

import psutil
import pytest

from benchmarks import commands
from benchmarks.figures import BenchError


def python(code):
    return [sys.executable, "-c", code]


def test_a_program_is_told_with_what_it_took(tmp_path):
    code = "import time; print('first', flush=True); b = bytearray(50_000_000); time.sleep(0.3)"
    finished = commands.run(python(code), log=tmp_path / "log.txt", timeout_s=30)
    assert finished.output == b"first\n"
    assert 0 < finished.first_output_s < finished.elapsed_s
    assert finished.elapsed_s >= 0.3
    assert finished.cpu_s > 0
    assert finished.rss_peak_bytes > 50_000_000


def test_its_memory_is_its_own_and_not_that_of_the_bench(tmp_path):
    ours = bytearray(300_000_000)
    finished = commands.run(
        python("import time; time.sleep(0.2)"), log=tmp_path / "log.txt", timeout_s=30
    )
    assert finished.rss_peak_bytes < len(ours)


def test_an_exit_code_that_was_not_expected_is_told_with_its_last_words(tmp_path):
    code = "import sys; print('a', file=sys.stderr); sys.exit('no such queue')"
    with pytest.raises(BenchError, match="exit code 1: no such queue"):
        commands.run(python(code), log=tmp_path / "log.txt", timeout_s=30)


def test_an_expected_exit_code_is_no_error(tmp_path):
    finished = commands.run(
        python("raise SystemExit(3)"), log=tmp_path / "log.txt", timeout_s=30, exit_codes=(0, 3)
    )
    assert finished.exit_code == 3


def test_one_that_does_not_end_in_time_is_stopped(tmp_path):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(BenchError, match="did not end within 1 s"):
        commands.run(python(code), log=tmp_path / "log.txt", timeout_s=1)
    assert not psutil.pid_exists(int((tmp_path / "log.out").read_text()))


def test_what_cannot_be_started_is_said(tmp_path):
    with pytest.raises(BenchError, match="cannot be started"):
        commands.run([str(tmp_path / "absent")], log=tmp_path / "log.txt", timeout_s=1)
