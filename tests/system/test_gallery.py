"""The gallery as a user types it, and as a user stops it."""

import os
import signal
import time

import psutil
import pytest

pytestmark = pytest.mark.xdist_group("live")


@pytest.fixture
def open_gallery(start, tmp_path):
    """A gallery at work: one trial offers its load. Returns it and all its descendants."""
    gallery = start("gallery", "early-202", "--runs-dir", "runs")
    deadline_s = time.monotonic() + 60
    while not any("offering" in log.read_text() for log in tmp_path.glob("runs/*/*/*/trial.log")):
        assert gallery.process.poll() is None, gallery.log.read_text()
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    descendants = psutil.Process(gallery.process.pid).children(recursive=True)
    assert len(descendants) >= 6  # the trial, and what it tries
    return gallery, descendants


def test_ctrl_c_leaves_no_process(open_gallery):
    gallery, descendants = open_gallery
    gallery.process.send_signal(signal.SIGINT)
    assert gallery.finish() == 3
    assert "stopped after 0 of 1 runs" in gallery.log.read_text()
    assert not [process for process in descendants if process.is_running()]


def test_a_gallery_that_is_killed_leaves_no_process(open_gallery):
    gallery, descendants = open_gallery
    os.kill(gallery.process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(descendants, timeout=30)
    assert not alive


def test_an_unknown_twin_is_named(queueproof, tmp_path):
    done = queueproof("gallery", "nobody", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown twin 'nobody'; the gallery has: constant-group" in done.stderr
