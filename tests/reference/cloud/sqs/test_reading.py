"""Reading HTTP: however the bytes are split the same requests come out, and never too much."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.cloud.sqs.reading import BAD_REQUEST, HEAD_BYTES_MAX, HEAD_TOO_LARGE, RequestReader

BODY_BYTES_MAX = 1_000
POST = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Amz-Target: T\r\n"


def read(pieces):
    """The whole requests, and whether and how reading ended."""
    reader = RequestReader(None, BODY_BYTES_MAX)
    for piece in pieces:
        if not reader.is_over:
            reader.feed(piece)
    return list(reader.whole), reader.refusal, reader.is_over


def cut_at(stream, places):
    edges = [0, *sorted(places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges) if start < end]


def with_length(body):
    return POST + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(bodies, more=b""):
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body), body) for body in bodies if body)
    return POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + more + b"\r\n"


BODIES = st.binary(max_size=40)
REQUESTS = st.one_of(
    BODIES.map(with_length),
    st.lists(BODIES, max_size=4).map(chunked),
    st.just(b"GET /_admin/metrics HTTP/1.1\r\n\r\n"),
    st.just(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
    st.just(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab"),
    st.just(
        b"POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\na"
    ),
    st.just(with_length(b"x" * (BODY_BYTES_MAX + 1))),
    st.just(POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    st.binary(min_size=1, max_size=20),
)


@given(st.lists(REQUESTS, min_size=1, max_size=4), st.data())
def test_however_the_bytes_are_split_the_same_requests_come_out(requests, data):
    stream = b"".join(requests)
    places = data.draw(st.sets(st.integers(0, len(stream)), max_size=30))
    assert read(cut_at(stream, places)) == read([stream])


def test_a_stream_that_is_split_at_every_byte_is_read_as_if_it_were_not():
    stream = with_length(b"one") + chunked([b"tw", b"o"]) + with_length(b"") + with_length(b"four")
    requests, refusal, is_over = read([stream[n : n + 1] for n in range(len(stream))])
    assert [each.body for each in requests] == [b"one", b"two", b"", b"four"]
    assert {(each.method, each.path, each.query) for each in requests} == {(b"POST", "/a", b"b=c")}
    assert all(each.headers[b"x-amz-target"] == b"T" for each in requests)
    assert (refusal, is_over) == (b"", False)


@pytest.mark.parametrize(
    "stream",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/7.0\r\n\r\n",
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        POST + b"Content-Length: 1, 2\r\n\r\nab",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 99999999999999999999\r\n\r\n",
        POST + b"Content-Length : 1\r\n\r\na",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
        POST + b"X: a\r\n folded\r\n\r\n",
        POST + b"X: a\0b\r\n\r\n",
        POST.replace(b"\r\n", b"\n") + b"\n",
    ],
)
def test_what_is_no_request_or_could_be_read_as_two_is_refused(stream):
    asked = with_length(b"first")
    requests, refusal, is_over = read([asked + stream + with_length(b"after")])
    assert [each.body for each in requests] == [b"first"]
    assert (refusal, is_over) == (BAD_REQUEST, True)


@pytest.mark.parametrize("make", [with_length, lambda body: chunked([body[:600], body[600:]])])
def test_a_body_may_be_as_large_as_allowed_and_one_byte_more_is_left_out(make):
    requests, _, is_over = read([make(b"x" * BODY_BYTES_MAX)])
    assert (len(requests[0].body), requests[0].is_whole, is_over) == (BODY_BYTES_MAX, True, False)
    requests, refusal, is_over = read([make(b"x" * (BODY_BYTES_MAX + 1)) + with_length(b"after")])
    assert [(each.body, each.is_whole, each.is_last) for each in requests] == [(b"", False, True)]
    assert (refusal, is_over) == (b"", True)


def test_a_body_of_many_small_chunks_takes_no_more_memory_than_its_bytes():
    reader = RequestReader(None, BODY_BYTES_MAX)
    for piece in (POST + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * BODY_BYTES_MAX):
        reader.feed(piece)
    assert not reader.whole
    reader.feed(b"0\r\n\r\n")
    assert reader.whole[0].body == b"x" * BODY_BYTES_MAX


def test_nothing_is_read_after_the_last_request_not_even_one_that_waits_to_be_told():
    last = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    waits = POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1)
    requests, _, is_over = read([last + waits])
    assert [(each.method, each.is_last) for each in requests] == [(b"GET", True)]
    assert is_over


def test_a_trailer_adds_no_headers():
    (request,), _, _ = read([chunked([b"a"], b"X-Amz-Target: evil\r\n")])
    assert request.headers[b"x-amz-target"] == b"T"


@pytest.mark.parametrize(
    "endless",
    [POST + b"X: ", POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: ", b"GET /"],
    ids=["header", "trailer", "path"],
)
def test_heads_and_trailers_that_never_end_are_refused(endless):
    pieces = [endless, *[b"a" * 1_000] * (HEAD_BYTES_MAX // 1_000 + 2)]
    assert read(pieces) == ([], HEAD_TOO_LARGE, True)


def test_repeated_headers_count_each_time():
    head = POST + b"X: y\r\n" * (HEAD_BYTES_MAX // 6 + 1) + b"\r\n"
    assert read([head]) == ([], HEAD_TOO_LARGE, True)


@pytest.mark.parametrize(
    ("request_line", "is_last"),
    [
        (b"GET / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n", True),
        (b"GET / HTTP/1.0\r\n", True),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", True),
        (b"CONNECT x:80 HTTP/1.1\r\n", True),
    ],
)
def test_a_connection_goes_on_only_where_http_1_1_says_so(request_line, is_last):
    (request, *_), refusal, is_over = read([request_line + b"\r\n"])
    assert (request.is_last, is_over, refusal) == (is_last, is_last, b"")


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/q%20r?a=%41", "/q r", b"a=%41"),
        (b"http://host:1/q?a", "/q", b"a"),
        (b"http://host", "/", b""),
        (b"*", "/", b""),
    ],
)
def test_a_target_may_name_the_host_as_for_a_proxy(target, path, query):
    (request,), _, _ = read([b"OPTIONS " + target + b" HTTP/1.1\r\n\r\n"])
    assert (request.path, request.query) == (path, query)
