"""Whatever lies in a log folder is read within bounds, or said to be skipped."""

import os

import pytest

from compliance.pii.sources import Intake, printable


def read(*paths, line_bytes_max=4096):
    intake = Intake()
    lines = [line.data for line in intake.lines(paths, line_bytes_max=line_bytes_max)]
    return intake, lines


def reasons(intake):
    return [note.what for note in intake.skipped]


def test_files_are_read_once_in_order_with_numbers_from_one(tmp_path):
    (tmp_path / "b.log").write_bytes(b"three\n")
    (tmp_path / "a.log").write_bytes(b"one\r\ntwo")
    intake = Intake()
    lines = list(intake.lines([tmp_path, tmp_path / "a.log"], line_bytes_max=4096))
    assert [(line.number, line.data) for line in lines] == [(1, b"one"), (2, b"two"), (1, b"three")]
    assert intake.lines_read == 3
    assert intake.bytes_read == 14
    assert intake.skipped == intake.notes == []


def test_symlink_loops_end(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("one\n")
    (tmp_path / "logs" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "logs" / "self").symlink_to("self")
    intake, lines = read(tmp_path)
    assert lines == [b"one"]
    assert len(intake.skipped) == 1  # a link to itself leads nowhere, and that is said


def test_long_line_is_cut_and_the_loss_counted(tmp_path):
    path = tmp_path / "long.log"
    path.write_bytes(b"x" * 5000 + b"\nshort\n" + b"y" * 4096 + b"\n" + b"z" * 9000)
    intake, lines = read(path)
    assert [len(line) for line in lines] == [4096, 5, 4096, 4096]
    assert reasons(intake) == ["5,810 bytes not read: 3 lines over 4,096 bytes were cut"]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.bin", os.urandom(2000), "not a text file"),
        ("a.parquet", b"PAR1....", "not a text file"),
        ("a.log.gz", b"", "compressed; unpack it first"),
        ("wide.log", "Jane".encode("utf-16"), "UTF-16 or UTF-32 text; convert it to UTF-8 first"),
        ("wide-no-bom.log", "Jane Doe".encode("utf-16-le"), "not a text file"),
    ],
)
def test_what_is_no_text_is_skipped_with_a_reason(tmp_path, name, data, why):
    path = tmp_path / name
    path.write_bytes(data)
    intake, lines = read(path)
    assert (lines, reasons(intake)) == ([], [why])


def test_missing_paths_and_devices_are_skipped_with_a_reason(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    intake, _ = read(tmp_path / "none.log", tmp_path / "pipe", "nul\0")
    assert reasons(intake) == [
        "No such file or directory",
        "not a regular file",
        "not a path: it holds a NUL character",
    ]


def test_nuls_colours_and_invalid_utf8_do_not_hide_a_value(tmp_path):
    path = tmp_path / "odd.log"
    path.write_bytes(
        b"\0" * 9000 + b"ja\0ne\n" + b"to=\x1b[35mja\x1b[1;31mne\x1b[0m\n" + b"ja\xff ne\n"
    )
    intake, lines = read(path, line_bytes_max=16384)
    assert lines == [b"jane", b"to=jane", b"ja\xff ne"]
    assert [note.what for note in intake.notes] == [
        "1 lines are not valid UTF-8; read with replacements",
        "1 lines held NUL bytes; read without them",
    ]
    assert intake.skipped == []


def test_file_names_cannot_drive_the_terminal():
    assert printable("a\x1b[2Jb\n\udcff") == "a\\x1b[2Jb\\n\\udcff"
