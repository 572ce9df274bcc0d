"""Parts of a file have each of its lines once, with its number and the record it belongs to."""

import itertools

from hypothesis import HealthCheck, example, find, given, settings
from hypothesis import strategies as st

from compliance.pii.sources import Intake, Reading, file_part
from compliance.pii.sources.file_part import FilePart, go_to_start, parts_of
from compliance.pii.sources.files import FoundFile

LINES = st.lists(
    st.sampled_from(
        ["INFO a", "", "Traceback (most recent call last)", "  File x", "E: y", "z" * 30]
    ),
    max_size=20,
).map("\n".join)
ENDS = st.lists(st.integers(0, 300), max_size=5)
READING = Reading(line_bytes_max=1024)
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def lines_of(targets):
    return [(line.number, line.data, line.opening) for line in Intake(READING).lines(targets)]


def in_parts(path, ends):
    ends = sorted({0, *(end for end in ends if end < path.stat().st_size), path.stat().st_size})
    return [FilePart(str(path), *pair) for pair in itertools.pairwise(ends)]


@QUIET
@given(LINES, ENDS)
@example("\nTraceback (most recent call last)\nTraceback (most recent call last)", [1])
def test_parts_say_together_what_the_whole_says(tmp_path, text, ends):
    path = tmp_path / "app.log"
    path.write_text(text)
    assert lines_of(in_parts(path, ends)) == lines_of([path])


def test_a_line_that_a_border_cuts_twice_is_a_fault_that_is_seen(tmp_path, monkeypatch):
    """Planted bug: a part begins at its offset, not at the first line behind it."""

    def go_anywhere(file, start_bytes):
        file.seek(start_bytes)
        return go_to_start(file, 0)._replace(offset_bytes=start_bytes)

    path = tmp_path / "app.log"
    monkeypatch.setattr("compliance.pii.sources.intake.go_to_start", go_anywhere)

    def differs(case):
        path.write_text(case[0])
        return lines_of(in_parts(path, case[1])) != lines_of([path])

    assert find(st.tuples(LINES, ENDS), differs, settings=QUIET)


def test_a_file_that_shrank_since_is_said_and_the_rest_read(tmp_path):
    path = tmp_path / "app.log"
    path.write_text("one\ntwo\n")
    intake = Intake(READING)
    assert [line.data for line in intake.lines([FilePart(str(path), 4, 900)])] == [b"two"]
    assert [note.what for note in intake.tally.skipped] == [
        "shrank before it was read; lines may be lost"
    ]


def test_only_big_plain_files_have_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(file_part, "PART_BYTES_MIN", 100)

    def parts(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return parts_of(FoundFile(path, (0, 0), len(data)), 3)

    plain = parts("a.log", b"INFO a\n" * 100)
    assert [(part.start_bytes, part.end_bytes) for part in plain] == [
        (0, 233),
        (233, 466),
        (466, 700),
    ]
    assert parts("short.log", b"INFO a\n" * 20) == []
    assert parts("a.gz", b"\x1f\x8b" + b"x" * 900) == []
    assert parts("docker.log", b'{"log":"INFO a\\n","stream":"stdout"}\n' * 30) == []
    assert parts_of(FoundFile(tmp_path / "gone", (0, 0), 900), 3) == []
