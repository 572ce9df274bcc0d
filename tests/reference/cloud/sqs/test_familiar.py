"""Requests that are read without the parser are what the parser would have made of them."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.cloud.sqs import familiar as module
from reference.cloud.sqs import reading
from reference.cloud.sqs.familiar import NAMES_KEPT_MAX, Familiar
from reference.cloud.sqs.reading import RequestReader

BODY_BYTES_MAX = 1_000
REQUEST_LINES = st.sampled_from(
    [b"POST / HTTP/1.1"] * 6
    + [b"POST /q HTTP/1.1", b"GET / HTTP/1.1", b"POST / HTTP/1.0", b"POST  / HTTP/1.1"]
)
HOST, TARGET = b"Host: x", b"X-Amz-Target: T"
HARMLESS = st.sampled_from([HOST, TARGET, b"x-amz-date: 1", b"x-amz-date: 2", b"Connection: x"])
LINES = st.one_of(
    HARMLESS,
    st.builds(
        b"%b%b%b".__mod__,
        st.tuples(
            st.sampled_from([b"X-Amz-Target", b"x-amz-target", b"Host", b"new", b"a b", b""]),
            st.sampled_from([b": ", b":", b":  ", b" : ", b":\t"]),
            st.sampled_from(
                [b"v", b"v w", b"v ", b"", b"\x7f", b"\x80", b"\x01", b"a\rb", b"a\nb"]
            ),
        ),
    ),
    st.sampled_from(
        [
            b"Connection: keep-alive",
            b"Connection: close",
            b"Proxy-Connection: close",
            b"Transfer-Encoding: chunked",
            b"Expect: 100-continue",
            b"Content-Length: 3",
            b" folded",
        ]
    ),
)
LENGTHS = st.one_of(
    st.just(b"Content-Length: %d"),
    st.sampled_from(
        [
            b"content-length: %d",
            b"Content-Length: 0%d",
            b"Content-Length: +%d",
            b"Content-Length:",
            b"Content-Length: %d0",
            b"Content-Length: %d, 1",
            b"Content-Length: 99999%d",
            b"X: %d",
        ]
    ),
)


@st.composite
def requests(draw):
    body = draw(st.sampled_from([b"", b"abc", b"a\r\n\r\nb", b"x" * 20, b"0\r\n\r\n"]))
    length = draw(LENGTHS)
    length = length % len(body) if b"%d" in length else length
    lines = draw(st.permutations([*draw(st.lists(HARMLESS, max_size=3, unique=True)), length]))
    if draw(st.booleans()):
        lines.insert(draw(st.integers(0, len(lines))), draw(LINES))
    after = draw(st.sampled_from([b""] * 8 + [b"P", b"\r\n"]))
    return b"\r\n".join([draw(REQUEST_LINES), *lines, b"", body]) + after


def read(pieces, *, is_split):
    """Everything there is to know of what was read, and of what is to come unless it is over."""
    reader = RequestReader(None, BODY_BYTES_MAX)
    for piece in pieces:
        for part in [piece[n : n + 1] for n in range(len(piece))] if is_split else [piece]:
            if not reader.is_over:
                reader.feed(part)
    known = (list(reader.whole), reader.refusal, reader.is_over)
    if reader.is_over:
        return known
    return *known, reader.is_partial, reader.expects_continue, reader.begun


PIECES = st.lists(requests(), min_size=2, max_size=5)


@st.composite
def plain_requests(draw):
    """As clients send them, in whatever order they write the headers."""
    body = draw(st.sampled_from([b"", b"", b"abc", b"a\r\n\r\nb"]))
    length = b"Content-Length: %d" % len(body)
    lines = draw(
        st.permutations(
            [b"Host: sqs.example.com:9324", b"X-Amz-Target: AmazonSQS.SendMessage", length]
        )
    )
    return b"\r\n".join([b"POST / HTTP/1.1", *lines, b"", body])


@st.composite
def segments(draw):
    """Requests as a network delivers them: often whole and alone, but cut and joined anywhere."""
    stream, edges = draw(plain_requests()), {0}
    for request in draw(st.lists(st.one_of(plain_requests(), requests()), max_size=4)):
        if draw(st.integers(0, 4)):
            edges.add(len(stream))
        if draw(st.booleans()):
            edges.add(len(stream) + draw(st.integers(0, len(request))))
        stream += request
    return [stream[start:end] for start, end in itertools.pairwise(sorted({*edges, len(stream)}))]


def agrees(pieces):
    return read(pieces, is_split=False) == read(pieces, is_split=True)


@given(PIECES)
def test_requests_in_one_piece_are_read_as_if_they_came_byte_by_byte(pieces):
    assert agrees(pieces)


@settings(max_examples=300)
@given(segments())
def test_requests_that_are_cut_and_joined_anywhere_are_read_as_if_they_came_byte_by_byte(pieces):
    assert agrees(pieces)


def post(body, *lines):
    head = [b"POST / HTTP/1.1", HOST, *lines, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*head, b"", body])


class Hasty(Familiar):
    """Planted bug: a head that is not at its end is taken for a whole one."""

    def read(self, data, connection):
        end = b"\r\n\r\n"
        return super().read(data if end in data else data + end, connection)


@pytest.mark.parametrize(
    ("where", "rule", "broken", "pieces"),
    [
        (
            module,
            "_FRAMING",
            frozenset(),
            [
                post(b"a"),
                b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                post(b"0\r\n\r\n", b"Transfer-Encoding: chunked"),
            ],
        ),
        (
            module,
            "_is_value",
            lambda value: True,
            [post(b"a", b"X: y"), post(b"a", b"X: y\rz")],
        ),
        (
            reading,
            "Familiar",
            Hasty,
            [
                post(b"", b"X: y"),
                b"POST / HTTP/1.1\r\nContent-Length: 0\r\nX: y",
                b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",  # of X's value
            ],
        ),
    ],
)
def test_planted_carelessness_shows(monkeypatch, where, rule, broken, pieces):
    assert agrees(pieces)
    monkeypatch.setattr(where, rule, broken)
    assert not agrees(pieces)


def test_the_parser_is_not_asked_again_when_only_values_and_the_body_differ():
    familiar = Familiar(BODY_BYTES_MAX)
    first = [(b"Host", b"x"), (b"X-Amz-Date", b"1"), (b"Content-Length", b"0")]
    familiar.learn(b"POST", b"/", first)
    request = familiar.read(post(b"body", b"X-Amz-Date: 2"), None)
    assert request.headers == {b"host": b"x", b"x-amz-date": b"2", b"content-length": b"4"}
    assert (request.method, request.target, request.body) == (b"POST", b"/", b"body")
    assert (request.is_last, request.is_whole) == (False, True)


def test_a_request_that_says_how_to_go_on_is_for_the_parser_also_when_it_did_so_before():
    for line in (b"Transfer-Encoding: chunked", b"Connection: close", b"Expect: 100-continue"):
        name, _, value = line.partition(b": ")
        familiar = Familiar(BODY_BYTES_MAX)
        familiar.learn(b"POST", b"/", [(b"Host", b"x"), (b"Content-Length", b"1")])
        familiar.learn(b"POST", b"/", [(name, value)])
        assert familiar.read(post(b"a"), None) is not None
        assert familiar.read(post(b"a", line), None) is None


def test_only_methods_of_http_are_remembered_as_the_parser_reads_other_protocols_too():
    described = b"DESCRIBE / RTSP/1.1\r\nContent-Length: 0\r\n\r\n"
    pieces = [described, described.replace(b"RTSP", b"HTTP")]
    assert len(read(pieces, is_split=True)[0]) == 1
    assert agrees(pieces)


def test_no_more_names_are_remembered_than_a_client_has_headers():
    familiar = Familiar(BODY_BYTES_MAX)
    familiar.learn(b"POST", b"/", [(b"Host", b"x"), (b"Content-Length", b"1")])
    familiar.learn(b"POST", b"/", [(b"name-%d" % n, b"v") for n in range(NAMES_KEPT_MAX)])
    assert familiar.read(post(b"a", b"name-1: w"), None) is not None
    assert familiar.read(post(b"a", b"name-%d: w" % (NAMES_KEPT_MAX - 1)), None) is None
