"""What the README shows of the pytest plugin works as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import queueproof.pytest_plugin

ROOT = Path(__file__).parent.parent.parent
SERVICE = ROOT / "tests" / "system" / "flask_service"
SECTION = "## In your own test-suite"
EXAMPLE_LINES_MAX = 20


def block(language):
    """The section's only block in a language."""
    section = (ROOT / "README.md").read_text().partition(SECTION)[2].partition("\n## ")[0]
    (found,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return found


@pytest.mark.xdist_group("live")
def test_the_example_passes_as_it_is_written(tmp_path):
    example = block("python")
    assert len(example.splitlines()) <= EXAMPLE_LINES_MAX
    (tmp_path / "test_example.py").write_text(example)
    (tmp_path / "pyproject.toml").write_text(block("toml"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "queueproof.pytest_plugin.fixtures", "-q"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, SERVICE)))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_every_public_name_can_be_imported_and_says_what_it_is():
    for name in queueproof.pytest_plugin.__all__:
        assert getattr(queueproof.pytest_plugin, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = queueproof.pytest_plugin.Nothing
