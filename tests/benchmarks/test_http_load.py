"""The load client against servers that answer, refuse, hang up or stay silent."""

import itertools
import socket
import time

import pytest

from benchmarks import http_load
from benchmarks.figures import BenchError
from benchmarks.http_load import Request, offer


class App:
    """Counts requests and answers each with its body; what it answers is up to the test."""

    def __init__(self, status_of=lambda number: 200, headers=()):
        self.bodies = []
        self._status_of = status_of
        self._headers = list(headers)

    async def __call__(self, scope, receive, send):
        message = await receive()
        self.bodies.append(message["body"])
        status = self._status_of(len(self.bodies))
        headers = [(b"content-length", str(len(message["body"])).encode()), *self._headers]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": message["body"]})


def request(body=b"x", units=1):
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    return Request(head.encode() + body, units)


def asks(bodies):
    for body in bodies:
        yield request(body)


def test_connections_share_the_work_and_all_of_it_is_counted(serve):
    app = App()
    bodies = iter([b"%d" % n for n in range(50)])
    with serve(app) as port:
        load = offer(port, [asks(bodies) for _ in range(4)], time_max_s=20)
    assert sorted(app.bodies, key=int) == [b"%d" % n for n in range(50)]
    assert load.units == len(load.answered) == 50
    assert load.per_s == pytest.approx(50 / load.elapsed_s)


def test_a_script_is_sent_the_answer_to_what_it_asked(serve):
    answers = []

    def script():
        first = yield request(b"one", units=0)
        second = yield request(first.body + b" two", units=10)
        answers.extend([first, second])

    with serve(App()) as port:
        load = offer(port, [script()], time_max_s=20)
    assert answers == [(200, b"one"), (200, b"one two")]
    assert load.units == 10


def test_a_server_that_closes_after_every_answer_is_asked_anew(serve):
    app = App(headers=[(b"connection", b"close")])
    with serve(app) as port:
        load = offer(port, [asks([b"a"] * 10), asks([b"b"] * 10)], time_max_s=20)
    assert (load.units, len(app.bodies)) == (20, 20)


def test_an_answer_that_is_not_accepted_ends_the_load_and_is_told(serve):
    with (
        serve(App(lambda number: 500 if number == 3 else 200)) as port,
        pytest.raises(BenchError, match="answered 500: what I sent"),
    ):
        offer(port, [asks([b"what I sent"] * 100)], time_max_s=20)


def test_accepted_refusals_are_answered_calls_but_no_units(serve):
    with serve(App(lambda number: 403 if number % 2 else 200)) as port:
        load = offer(
            port, [asks([b"x"] * 10)], time_max_s=20, accepts=lambda status: status in (200, 403)
        )
    assert load.units == 5
    assert [status for _, status in load.answered] == [403, 200] * 5


def test_a_rate_holds_the_client_to_its_schedule(serve):
    with serve(App()) as port:
        load = offer(port, [asks(itertools.repeat(b"x"))], time_max_s=0.5, rate_per_s=40)
    # 20 intervals of 25 ms, a request at the start, and one that was waiting at the end.
    assert len(load.answered) <= 22


def test_the_time_ends_a_script_that_would_go_on(serve):
    with serve(App()) as port:
        load = offer(port, [asks(itertools.repeat(b"x"))], time_max_s=0.2)
    assert load.units > 0


def test_a_unit_that_was_begun_is_finished_though_the_time_is_up(serve):
    def pairs():
        while True:
            yield request(b"receive", units=0)
            time.sleep(0.05)  # longer than the load may last
            yield request(b"delete")

    with serve(App()) as port:
        load = offer(port, [pairs()], time_max_s=0.01)
    assert (load.units, len(load.answered)) == (1, 2)


def test_an_error_of_a_script_comes_out_as_it_is(serve):
    def script():
        yield request()
        raise BenchError("half of the batch was not stored")

    with serve(App()) as port, pytest.raises(BenchError, match="half of the batch"):
        offer(port, [script(), asks([b"x"] * 3)], time_max_s=20)


def test_what_is_no_http_is_said(serve_bytes):
    with serve_bytes(b"SSH-2.0-server\r\n") as port, pytest.raises(BenchError, match="no HTTP"):
        offer(port, [asks([b"x"])], time_max_s=5)


def test_a_server_that_hangs_up_without_an_answer_is_not_asked_for_ever(serve_bytes):
    with serve_bytes(None) as port, pytest.raises(BenchError, match="without an answer"):
        offer(port, [asks([b"x"])], time_max_s=5)


def test_a_silent_server_is_given_up_on(serve_bytes, monkeypatch):
    monkeypatch.setattr(http_load, "GRACE_S", 0.2)
    with serve_bytes(b"") as port, pytest.raises(BenchError, match="left calls without an answer"):
        offer(port, [asks([b"x"])], time_max_s=0.1)


def test_a_port_where_nobody_listens_is_named():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, never listening
        port = held.getsockname()[1]
        with pytest.raises(BenchError, match=f"port {port} cannot be reached"):
            offer(port, [asks([b"x"])], time_max_s=5)
