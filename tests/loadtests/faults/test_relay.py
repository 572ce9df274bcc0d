"""The relay over real sockets: what it holds back, delays and thins, each way apart.

Times are only ever compared with what the relay was told to add: bounds below, never above, so a
busy machine cannot fail a test.
"""

import socket
import threading
import time

import pytest

from loadtests.faults.relay import CLEAR, Condition, Relays

SOON_S = 0.3  # a healthy relay on loopback needs a thousandth of it
LONG_S = 10.0
CUT = Condition(is_cut=True)


@pytest.fixture
def relays():
    made = Relays()
    yield made
    made.close()


class Echo:
    """A server that answers every chunk with itself, and knows what it was sent."""

    def __init__(self):
        self.received = []
        self.closed = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                while chunk := connection.recv(65_536):
                    self.received.append(chunk)
                    connection.sendall(chunk)
            except OSError:
                pass
        self.closed.set()

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


@pytest.fixture
def echo():
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def link(relays, echo):
    return relays.open("127.0.0.1", echo.port)


@pytest.fixture
def client(link):
    with socket.create_connection(("127.0.0.1", link.port), timeout=LONG_S) as connection:
        yield connection


def hear(client, timeout_s=LONG_S):
    """The next bytes, or None when there were none in time."""
    client.settimeout(timeout_s)
    try:
        return client.recv(65_536)
    except TimeoutError:
        return None


def set_and_wait(relays, link, way, condition):
    """The relay's thread takes the condition up before a later call is begun."""
    relays.set(link, way, condition)
    relays._call(noop())


async def noop():
    pass


def test_a_clear_relay_passes_everything_on(client, echo, link):
    client.sendall(b"hello")
    assert hear(client) == b"hello"
    assert link.hindered("there") == link.hindered("back") == 0
    client.close()
    assert echo.closed.wait(LONG_S)


@pytest.mark.parametrize("way", ["there", "back"])
def test_a_cut_lane_is_silent_and_what_was_held_arrives_when_it_heals(
    relays, link, client, echo, way
):
    set_and_wait(relays, link, way, CUT)
    client.sendall(b"hello")
    assert hear(client, SOON_S) is None
    assert (echo.received == []) == (way == "there")
    assert link.hindered(way) > 0
    relays.set(link, way, CLEAR)
    assert hear(client) == b"hello"


def test_a_new_connection_through_a_cut_lane_is_silent_not_refused(relays, link, echo):
    set_and_wait(relays, link, "there", CUT)
    with socket.create_connection(("127.0.0.1", link.port), timeout=LONG_S) as client:
        client.sendall(b"hello")
        assert hear(client, SOON_S) is None
        assert link.hindered("there") > 0
        relays.set(link, "there", CLEAR)
        assert hear(client) == b"hello"


def test_a_request_whose_sender_gave_up_still_arrives(relays, link, client, echo):
    """The nasty one: the sender has long called it failed."""
    client.sendall(b"warm up")
    assert hear(client) == b"warm up"
    set_and_wait(relays, link, "there", CUT)
    client.sendall(b"late")
    client.close()
    assert not echo.closed.wait(SOON_S)
    relays.set(link, "there", CLEAR)
    assert echo.closed.wait(LONG_S)
    assert echo.received == [b"warm up", b"late"]


def test_delay_is_added_each_way_and_keeps_the_order(relays, link, client):
    set_and_wait(relays, link, "there", Condition(delay_s=0.2))
    set_and_wait(relays, link, "back", Condition(delay_s=0.1))
    began_s = time.monotonic()
    for part in (b"one ", b"two ", b"three"):
        client.sendall(part)
    heard = b""
    while len(heard) < len(b"one two three"):
        heard += hear(client)
    assert heard == b"one two three"
    assert time.monotonic() - began_s >= 0.3


def test_a_thin_lane_passes_no_more_than_its_rate(relays, link, client):
    set_and_wait(relays, link, "there", Condition(bytes_per_s=100_000))
    began_s = time.monotonic()
    client.sendall(b"x" * 50_000)
    heard = 0
    while heard < 50_000:
        heard += len(hear(client))
    assert time.monotonic() - began_s >= 0.5


def test_a_server_that_is_gone_is_told(relays):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    link = relays.open("127.0.0.1", port)
    # The reset may be quicker than the end of connecting.
    with (
        pytest.raises(ConnectionResetError),
        socket.create_connection(("127.0.0.1", link.port), timeout=LONG_S) as client,
    ):
        client.recv(1)


def test_closing_leaves_no_connection_and_no_thread(echo):
    relays = Relays()
    link = relays.open("127.0.0.1", echo.port)
    with socket.create_connection(("127.0.0.1", link.port), timeout=LONG_S) as client:
        client.sendall(b"hello")
        assert hear(client) == b"hello"
        relays.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert "relays" not in {thread.name for thread in threading.enumerate()}
