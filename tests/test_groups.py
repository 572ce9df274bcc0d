"""Tests that start a pipeline run one at a time: the test runner must honour their group."""

import subprocess
import sys

TESTS = """
import pytest

@pytest.mark.xdist_group("live")
@pytest.mark.parametrize("number", range(8))
def test_one(number, worker_id):
    print("ran on", worker_id)
"""


def test_the_runner_keeps_a_group_on_one_worker(tmp_path):
    """pytest-xdist 3.8 under pytest 9.2 does not, silently."""
    (tmp_path / "test_them.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-rP", "-q", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    workers = {line for line in done.stdout.splitlines() if line.startswith("ran on")}
    assert len(workers) == 1
