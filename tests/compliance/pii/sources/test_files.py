"""Whatever lies in a log folder is read within bounds, or said to be skipped."""

import os
import random

import pytest

from compliance.pii.sources import Intake, Reading, printable
from compliance.pii.sources.files import rotation_order

SMALL = Reading(line_bytes_max=4096)


def read(*targets, reading=SMALL):
    intake = Intake(reading)
    lines = [line.data for line in intake.lines(targets)]
    return intake.tally, lines


def reasons(tally):
    return [note.what for note in tally.skipped]


def test_files_are_read_once_in_order_with_numbers_from_one(tmp_path):
    (tmp_path / "b.log").write_bytes(b"three\n")
    (tmp_path / "a.log").write_bytes(b"one\r\ntwo")
    intake = Intake(SMALL)
    lines = list(intake.lines([tmp_path, tmp_path / "a.log"]))
    assert [(line.number, line.data) for line in lines] == [(1, b"one"), (2, b"two"), (1, b"three")]
    assert intake.tally.lines_read == 3
    assert intake.tally.bytes_read == 14
    assert intake.tally.skipped == intake.tally.notes == []


def test_globs_name_files_at_any_depth_and_a_glob_without_a_match_is_said(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x.log").write_text("deep\n")
    (tmp_path / "y.log").write_text("here\n")
    (tmp_path / "z.txt").write_text("no\n")
    tally, lines = read(f"{tmp_path}/**/*.log", f"{tmp_path}/*.none")
    assert sorted(lines) == [b"deep", b"here"]
    assert reasons(tally) == ["no file matches"]


def test_a_file_whose_name_looks_like_a_glob_is_read(tmp_path):
    (tmp_path / "odd[1].log").write_text("one\n")
    assert read(tmp_path / "odd[1].log")[1] == [b"one"]


def test_rotated_logs_are_read_oldest_first():
    names = [
        "api.log",
        "api.log.1",
        "api.log.2.gz",
        "api.log.10.gz",
        "api.log-20251101.gz",
        "api.log-20251030.gz",
        "worker.1.log",
        "worker.log",
    ]
    assert sorted(names, key=rotation_order) == [
        "api.log-20251030.gz",
        "api.log-20251101.gz",
        "api.log.10.gz",
        "api.log.2.gz",
        "api.log.1",
        "api.log",
        "worker.1.log",
        "worker.log",
    ]


def test_of_a_run_only_the_logs_are_read(tmp_path):
    run = tmp_path / "run" / "baseline"
    (run / "logs").mkdir(parents=True)
    (tmp_path / "run" / "manifest.json").write_text("{}")
    (tmp_path / "run" / "report.html").write_text("<html>")
    (run / "experiment.json").write_text("{}")
    (run / "canaries.jsonl").write_text('{"kind":"email","value":"jane@example.com"}\n')
    (run / "logs" / "api.log").write_text("one\n")
    for target in (tmp_path / "run", run):
        tally, lines = read(target)
        assert lines == [b"one"]
        assert tally.skipped == []
        assert "its ledgers are not" in tally.notes[0].what


def test_symlink_loops_end(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("one\n")
    (tmp_path / "logs" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "logs" / "self").symlink_to("self")
    tally, lines = read(tmp_path)
    assert lines == [b"one"]
    assert len(tally.skipped) == 1  # a link to itself leads nowhere, and that is said


def test_links_that_multiply_do_not_hold_up_a_glob(tmp_path):
    (tmp_path / "a.log").write_text("one\n")
    for name in ("x", "y", "z"):
        (tmp_path / name).symlink_to(tmp_path, target_is_directory=True)
    assert read(f"{tmp_path}/**/*.log")[1] == [b"one"]


def test_folders_may_nest_deeper_than_python_recurses(tmp_path):
    folders = [tmp_path.joinpath(*["d"] * depth) for depth in range(1, 1_020)]
    for folder in folders:
        folder.mkdir()
    log = folders[-1] / "a.log"
    log.write_text("one\n")
    try:
        assert read(tmp_path)[1] == [b"one"]
    finally:  # what cleans up after tests recurses
        log.unlink()
        for folder in reversed(folders):
            folder.rmdir()


def test_a_glob_that_is_none_is_said(tmp_path):
    [why] = reasons(read(f"{tmp_path}/**x*/y")[0])
    assert why in {"not a glob; ** must be a whole part of a path", "no file matches"}


def test_long_lines_come_in_parts_that_overlap(tmp_path):
    path = tmp_path / "long.log"
    path.write_bytes(b"x" * 5000 + b"\nshort\n" + b"y" * 4096 + b"\n" + b"z" * 9000)
    tally, lines = read(path)
    # A part of 4,096 begins 1,024 before the end of the one before.
    assert [len(line) for line in lines] == [4096, 1928, 5, 4096, 4096, 4096, 2856]
    assert (tally.lines_read, tally.bytes_read) == (4, path.stat().st_size)
    assert reasons(tally) == []
    assert [note.what for note in tally.notes] == [
        "2 lines over 4,096 bytes were read in parts; no JSON paths in them"
    ]


def test_packed_text_longer_than_what_parts_share_is_said_to_be_open_in_part(tmp_path):
    path = tmp_path / "long.log"
    path.write_bytes(b"body=" + b"SGVs" * 1500 + b"\n")
    tally, _ = read(path)
    [why] = reasons(tally)
    assert why == "1 stretches of packed text in lines over 4,096 bytes were not opened as a whole"


def test_a_line_of_100_mb_is_read_to_its_end_and_the_next_line_too(tmp_path):
    path = tmp_path / "huge.log"
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\nnext\n")
    intake = Intake()
    lengths = [len(line.data) for line in intake.lines([path])]
    assert max(lengths) == 262_144
    assert lengths[-1] == 4
    assert (intake.tally.lines_read, intake.tally.bytes_read) == (2, 100_000_006)
    assert intake.tally.skipped == []


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.bin", random.Random(0).randbytes(2000), "not a text file"),
        ("a.parquet", b"PAR1....", "not a text file"),
        ("a.zip", b"PK\x03\x04..", "a zip archive; unpack it first"),
        ("a.lz4", b"\x04\x22\x4d\x18..", "compressed with lz4; unpack it first"),
        ("a.tar", b"name".ljust(257, b"\0") + b"ustar\x0000", "a tar archive; unpack it first"),
        ("wide.log", "Jane".encode("utf-16"), "UTF-16 or UTF-32 text; convert it to UTF-8 first"),
        ("wide-no-bom.log", "Jane Doe".encode("utf-16-le"), "not a text file"),
    ],
)
def test_what_is_no_text_is_skipped_with_a_reason(tmp_path, name, data, why):
    path = tmp_path / name
    path.write_bytes(data)
    tally, lines = read(path)
    assert (lines, reasons(tally)) == ([], [why])


def test_missing_paths_and_devices_are_skipped_with_a_reason(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    tally, _ = read(tmp_path / "none.log", tmp_path / "pipe", "nul\0")
    assert reasons(tally) == [
        "No such file or directory",
        "not a regular file",
        "not a path: it holds a NUL character",
    ]


def test_nuls_colours_and_invalid_utf8_do_not_hide_a_value(tmp_path):
    path = tmp_path / "odd.log"
    path.write_bytes(
        b"\0" * 9000 + b"ja\0ne\n" + b"to=\x1b[35mja\x1b[1;31mne\x1b[0m\n" + b"ja\xff ne\n"
    )
    tally, lines = read(path, reading=Reading(line_bytes_max=16384))
    assert lines == [b"jane", b"to=jane", b"ja\xff ne"]
    assert [note.what for note in tally.notes] == [
        "1 lines are not valid UTF-8; read with replacements",
        "1 lines held NUL bytes; read without them",
    ]
    assert tally.skipped == []


def while_reading(path, change, lines=1000):
    """Read a file of many lines and change it after the first."""
    path.write_bytes(b"line\n" * lines)
    intake = Intake(SMALL)
    reader = intake.lines([path])
    read_lines = [next(reader).data]
    change()
    read_lines += [line.data for line in reader]
    return intake.tally, read_lines


def test_a_file_that_shrinks_while_it_is_read_is_said(tmp_path):
    path = tmp_path / "a.log"
    tally, _ = while_reading(path, lambda: os.truncate(path, 10))
    assert reasons(tally) == ["shrank while it was read, from 5,000 to 10 bytes; lines may be lost"]


def test_a_file_that_rotates_while_it_is_read_is_read_to_its_end_and_said(tmp_path):
    path = tmp_path / "a.log"

    def rotate():
        path.rename(tmp_path / "a.log.1")
        path.write_text("successor\n")

    tally, lines = while_reading(path, rotate)
    assert len(lines) == 1000
    assert reasons(tally) == ["rotated while it was read; its successor was not read"]


def test_a_file_that_rotates_between_listing_and_opening_is_said(tmp_path, monkeypatch):
    path = tmp_path / "a.log"
    path.write_text("old\n")
    status = path.stat()
    other = os.stat_result((*status[:1], status.st_ino + 1, *status[2:]))
    monkeypatch.setattr("compliance.pii.sources.intake.os.fstat", lambda _: other)
    tally, lines = read(path)
    assert lines == [b"old"]
    assert reasons(tally) == ["rotated before it was read; its older lines moved on"]


def test_a_file_that_grows_while_it_is_read_ends_where_it_ended_at_the_start(tmp_path):
    path = tmp_path / "a.log"

    def grow():
        with path.open("ab") as file:
            file.write(b"late\n" * 500_000)

    tally, lines = while_reading(path, grow)
    assert len(lines) == 1000
    assert tally.skipped == []
    assert [note.what for note in tally.notes] == [
        "grew while it was read; read up to where it ended at the start"
    ]


def test_files_older_than_since_are_left_out_and_said(tmp_path):
    old, new = tmp_path / "old.log", tmp_path / "new.log"
    old.write_text("old\n")
    new.write_text("new\n")
    os.utime(old, (1_000_000, 1_000_000))
    tally, lines = read(tmp_path, reading=Reading(since_s=2_000_000))
    assert lines == [b"new"]
    assert [note.what for note in tally.notes] == ["not changed since --since; left out"]


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ({"line_bytes_max": 10}, "line_bytes_max is 10; wanted 1024"),
        ({"expansion_ratio_max": 1}, "expansion_ratio_max is 1; wanted 2"),
        ({"expanded_bytes_max": 1}, "expanded_bytes_max is 1; wanted 1024"),
    ],
)
def test_bounds_out_of_range_are_refused(bound, said):
    with pytest.raises(ValueError, match=said):
        Reading(**bound)


def test_file_names_cannot_drive_the_terminal():
    assert printable("a\x1b[2Jb\n\udcff") == "a\\x1b[2Jb\\n\\udcff"
