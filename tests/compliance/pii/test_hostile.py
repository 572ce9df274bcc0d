"""Logs made to hide something or to hurt the reader, through the command line.

Each says what was skipped and why, exits 3 where coverage suffered, and hides no leak.
"""

import gzip
import random

import pytest

from compliance.pii.cli import main

LEAK = b'{"event":"sent","to":"jane.doe@example.com"}\n'
CLEAN = b'{"event":"started"}\n'


@pytest.fixture
def scan(tmp_path, monkeypatch, capsys):
    """Scans one file of these bytes, with an empty policy; returns exit code and output."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "queueproof.toml").write_text("")

    def run(data, name="api.log", *arguments):
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        code = main([str(path), "--no-ner", *arguments])
        out = capsys.readouterr()
        assert "jane" not in out.out + out.err
        assert all(char == "\n" or char.isprintable() for char in out.out)
        return code, out.out

    return run


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (CLEAN, 0, "no personal data found"),
        (LEAK, 1, "pattern/EMAIL_ADDRESS"),
        (b"\x7fELF\0\0\0" + LEAK, 3, "not a text file"),
        (random.Random(0).randbytes(4096), 3, "not a text file"),
        (b"x" * 3_000_000 + b"\n" + CLEAN, 0, "1 lines over 262,144 bytes were read in parts"),
        (b"x" * 3_000_000 + b" " + LEAK, 1, "1 lines over 262,144 bytes were read in parts"),
        (b"xY" * 1_500_000 + b"\n" + CLEAN, 3, "packed text in lines over 262,144 bytes"),
        (CLEAN + b"jane.d\xffoe@example.com\n", 1, "not valid UTF-8"),
        (b"jane\0.doe@exam\0ple.com\n", 1, "held NUL bytes"),
        (b"\x1b[31mjane.doe\x1b[0m@example.com\x1b]0;title\x07\n", 1, "pattern/EMAIL_ADDRESS"),
        ("jane.doe@example.com".encode("utf-16"), 3, "UTF-16"),
        (gzip.compress(LEAK), 1, "pattern/EMAIL_ADDRESS"),
        (gzip.compress(CLEAN)[:-6], 3, "ends in the middle"),
        (gzip.compress(gzip.compress(LEAK)), 3, "compressed twice"),
        (b"PK\x03\x04" + LEAK, 3, "a zip archive"),
        (b"", 3, "nothing was read"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"\n" + LEAK, 1, "pattern/EMAIL_ADDRESS"),
    ],
    ids=[
        "clean",
        "leak",
        "elf",
        "random",
        "long line",
        "long line that ends in a leak",
        "long packed text",
        "invalid utf-8",
        "nuls",
        "ansi",
        "utf-16",
        "gzip",
        "cut gzip",
        "gzip twice",
        "zip",
        "empty",
        "nested json",
    ],
)
def test_what_is_odd_is_said_and_hides_nothing(scan, data, code, said):
    assert scan(data)[0] == code
    assert said in scan(data)[1]


@pytest.mark.parametrize(
    "comment",
    [
        b"# queueproof: allow",
        b"# queueproof: ignore=pattern/EMAIL_ADDRESS",
        b"# noqa # nosec # pii-allow",
        b"// pragma: allowlist secret",
        b"[[allow]] rule = 'pattern/*' reason = 'trust me' expires = 2999-01-01",
        b'{"allow_fields": ["$.to"]}',
        b"::stop-commands::pause",
    ],
)
def test_a_line_that_reads_like_an_allow_comment_allows_nothing(scan, comment):
    data = comment + b"\n" + LEAK.rstrip() + b" " + comment + b"\n" + comment + b"\n"
    assert scan(data)[0] == 1


def test_no_line_can_write_a_workflow_command(scan):
    data = b'{"event":"sent\\n::error file=x::","to":"jane.doe@example.com"}\n::add-mask::x\n'
    code, out = scan(data, "api.log", "--format", "github")
    assert code == 1
    assert [line.split(" ")[0] for line in out.splitlines()] == ["::error", "::notice"]


def test_a_bomb_is_skipped_with_a_note(scan, monkeypatch):
    monkeypatch.setattr("compliance.pii.sources.expand._RATIO_FREE_BYTES", 1 << 20)
    code, out = scan(gzip.compress((b"x" * 4000 + b"\n") * 1000))
    assert code == 3
    assert "expands more than 500 times" in out


def test_a_loop_of_links_ends(scan, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_bytes(LEAK)
    (tmp_path / "logs" / "up").symlink_to(tmp_path / "logs", target_is_directory=True)
    code, out = scan(None, "logs")
    assert code == 1
    assert "1 line, first" in out


def test_names_of_files_tell_no_value_and_drive_no_terminal(scan):
    code, out = scan(LEAK, "jane.doe@example.com \x1b[2J\n.log")
    assert code == 1
    assert "<EMAIL_ADDRESS>" in out


def test_what_may_not_be_read_is_said(scan, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("compliance.pii.sources.intake._opened", refuse)
    code, out = scan(LEAK)
    assert code == 3
    assert "stopped reading: Permission denied" in out
