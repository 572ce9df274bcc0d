"""A collector's wrapping comes off, and nothing that stood in it is hidden by that."""

import orjson
import pytest

from compliance.pii.sources.unwrap import Row, Unwrapper


def unwrapped(rows, line_bytes_max):
    unwrapper = Unwrapper(line_bytes_max)
    return [*unwrapper.rows(rows), *unwrapper.rest()]


def inner(*outers, line_bytes_max=4096):
    rows = [
        Row(number, outer if isinstance(outer, bytes) else orjson.dumps(outer))
        for number, outer in enumerate(outers, start=1)
    ]
    return [(row.number, row.data) for row in unwrapped(rows, line_bytes_max)]


def docker(log, stream="stdout", **more):
    return {"log": log, "stream": stream, "time": "2025-11-24T10:00:00.5Z", **more}


def test_docker_lines_are_unwrapped():
    assert inner(docker('{"event":"sent"}\n')) == [(1, b'{"event":"sent"}')]


def test_docker_lines_cut_at_16_kib_are_joined_for_each_stream():
    assert inner(
        docker("jane.d"), docker("oops\n", stream="stderr"), docker("oe@exam"), docker("ple.com\n")
    ) == [(2, b"oops"), (1, b"jane.doe@example.com")]


def test_docker_parts_without_an_end_come_at_the_end_and_stay_bounded():
    assert inner(docker("never ended")) == [(1, b"never ended")]
    pieces = [docker("x" * 1000) for _ in range(10)]
    assert [len(data) for _, data in inner(*pieces)] == [5000, 5000]


def test_docker_attributes_are_not_lost():
    rows = inner(docker("hello\n", attrs={"owner": "jane@example.com"}))
    assert rows == [(1, b"hello"), (1, b'{"owner":"jane@example.com"}')]


def journal(message, **more):
    return {"__REALTIME_TIMESTAMP": "1764000000000000", "MESSAGE": message, "_PID": "7", **more}


def test_journal_messages_are_unwrapped_with_their_time():
    [row] = unwrapped([Row(3, orjson.dumps(journal("sent")))], 4096)
    assert row == Row(3, b"sent", 1_764_000_000.0)


def test_journal_messages_of_bytes_and_of_many_lines_are_read():
    assert inner(journal([106, 97, 255])) == [(1, b"ja\xff")]
    assert inner(journal("one\ntwo")) == [(1, b"one"), (1, b"two")]
    assert inner(journal("")) == [(1, b"")]


def test_journal_fields_of_the_program_and_its_command_line_are_not_lost():
    rows = inner(journal("sent", RECIPIENT="jane@example.com", _CMDLINE="send --to bob"))
    assert rows[1] == (1, b'{"RECIPIENT":"jane@example.com","_CMDLINE":"send --to bob"}')


@pytest.mark.parametrize(
    "line",
    [
        b'{"log":"x","stream":"stdout","user":"jane"}',  # somebody's own format
        b'{"log":{"a":1}}',
        b'{"log":"broken',
        b'{"__REALTIME_TIMESTAMP":"1","MESSAGE":null}',
        b'{"__REALTIME_TIMESTAMP":"1","MESSAGE":[300]}',
        b'{"__REALTIME_TIMESTAMP" broken',
        b"plain",
        b"",
    ],
)
def test_what_is_no_wrapping_stays_as_it_is(line):
    assert inner(line) == [(1, line)]


def test_a_time_that_is_no_number_is_not_a_time():
    [row] = unwrapped([Row(1, orjson.dumps(journal("x", __REALTIME_TIMESTAMP="9" * 40)))], 4096)
    assert row.time_s is None
