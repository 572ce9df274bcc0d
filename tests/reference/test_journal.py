"""Journals survive the death of their writer and a disk that is full for a while."""

import json
import os
import resource
import signal
import threading

import pytest

from reference.journal import TORN, FileJournal, LossyJournal


def rows(path):
    """What a reader of evidence takes from a journal."""
    *lines, _unfinished = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines if not line.endswith(TORN)]


def test_rows_are_appended_to_earlier_ones(tmp_path):
    for number in range(2):
        with FileJournal(tmp_path / "journal") as journal:
            journal.write(n=number)
    assert rows(tmp_path / "journal") == [{"n": 0}, {"n": 1}]


@pytest.mark.parametrize("cut_bytes", range(1, 8))
def test_a_line_torn_by_a_kill_is_ended_before_the_next(tmp_path, cut_bytes):
    path = tmp_path / "journal"
    with FileJournal(path) as journal:
        journal.write(n=0)
        journal.write(n=1)
    os.truncate(path, path.stat().st_size - cut_bytes)
    with FileJournal(path) as journal:
        journal.write(n=2)
        journal.write(n=3)
    assert rows(path) == [{"n": 0}, {"n": 2}, {"n": 3}]


def test_a_line_torn_by_a_full_disk_is_ended_before_the_next(tmp_path):
    path = tmp_path / "journal"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with FileJournal(path) as journal:
        journal.write(n=0)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 3, hard))
            for number in (1, 2):
                with pytest.raises(OSError, match="File too large"):
                    journal.write(n=number)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, handler)
        assert path.read_bytes().endswith(b'\n{"n')
        journal.write(n=3)
    assert rows(path) == [{"n": 0}, {"n": 3}]


def test_rows_of_many_threads_are_whole(tmp_path):
    with FileJournal(tmp_path / "journal") as journal:
        threads = [
            threading.Thread(target=lambda k=k: [journal.write(n=k) for _ in range(50)])
            for k in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(row["n"] for row in rows(tmp_path / "journal")) == sorted([0, 1, 2, 3] * 50)


def test_a_lossy_journal_tells_what_it_could_not_write_and_goes_on(tmp_path):
    lost = []
    with FileJournal(tmp_path / "journal") as file:
        journal = LossyJournal(file, lost.append)
        journal.write(n=1)
    journal.write(n=2)  # to a file that is closed
    assert rows(tmp_path / "journal") == [{"n": 1}]
    assert [type(error) for error in lost] == [OSError]
