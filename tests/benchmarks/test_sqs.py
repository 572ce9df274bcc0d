"""The SQS bench's traffic against the local SQS, and the servers that it starts."""

import pytest

from benchmarks.figures import BenchError
from benchmarks.http_load import Load
from benchmarks.sqs.alone import offer_over_quota
from benchmarks.sqs.measures import in_turns
from benchmarks.sqs.servers import OURS, Servers
from benchmarks.sqs.stock import Stock
from benchmarks.sqs.traffic import BODY, Queue, call, create_queue
from loadtests.processes import Components
from reference.cloud.sqs.app import create_app
from reference.cloud.sqs.background import running


@pytest.fixture
def port():
    with running(create_app(quotas="off")) as url:
        yield int(url.rpartition(":")[2])


def waiting(queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = call(
        queue.port, "GetQueueAttributes", {"QueueUrl": queue.url, "AttributeNames": names}
    )
    return sum(map(int, answer["Attributes"].values()))


def test_a_payload_is_one_kilobyte():
    assert len(BODY.encode()) == 1024


@pytest.mark.parametrize("is_fifo", [False, True])
def test_a_stock_knows_how_many_messages_wait(port, is_fifo):
    queue = create_queue(port, "q", is_fifo=is_fifo)
    stock = Stock(queue)
    stock.send(30, 20)
    stock.send_batches(4, 20)
    stock.fill_up_to(105, 20)
    assert stock.waiting == waiting(queue) == 105
    load = stock.take(40, 20)
    assert load.units == 40
    assert stock.waiting == stock.waiting_min == waiting(queue) == 65


def test_a_batch_that_is_not_stored_whole_is_an_error(port):
    queue = create_queue(port, "q", is_fifo=True)
    without_group = Queue(port, queue.url, is_fifo=False)
    with pytest.raises(BenchError):
        Stock(without_group).send_batches(1, 20)


def test_an_overloaded_quota_is_counted_by_what_it_admits_and_what_it_is_asked(monkeypatch):
    monkeypatch.setattr("benchmarks.sqs.alone.SKIPPED_S", 0.2)
    monkeypatch.setattr("benchmarks.sqs.alone.QUOTA_WINDOW_S", 1.0)
    with running(create_app(quotas="strict")) as url:
        queue = create_queue(int(url.rpartition(":")[2]), "q", is_fifo=True)
        offered_per_s, admitted_per_s = offer_over_quota(queue, "SendMessage")
        assert 0 < admitted_per_s < offered_per_s
        assert waiting(queue) <= 300 * 1.5 + 12  # what two of its seconds could never exceed


@pytest.mark.xdist_group("live")
def test_ours_and_both_servers_that_do_nothing_answer_the_same_traffic(tmp_path):
    with Components() as components:
        servers = Servers(tmp_path, components)
        for server in (servers.empty(), servers.bare(), servers.ours()):
            queue = Queue(server.port, "http://127.0.0.1/bench")
            if server.name == OURS:
                queue = create_queue(server.port, "bench")
            assert Stock(queue).send(20, 20).units == 20
            assert server.rss_bytes() > 0
            servers.stop(server)
            assert server.component.exit_code == 0


class FakeServer:
    name = "fake"

    def cpu_s(self):
        return 1.0


def test_measures_take_turns_and_the_warm_up_does_not_count():
    turns = []

    def measure(name):
        def prepare(repeat):
            turns.append((name, repeat))
            return lambda: Load(units=10 * (repeat + 1), elapsed_s=1.0)

        return prepare

    server = FakeServer()
    measures = {name: (server, measure(name)) for name in ("a", "b")}
    results = in_turns(measures, repeats=2)
    assert turns == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert results["a"].row("a", "calls/s").samples == (20.0, 30.0)


def test_a_measure_that_breaks_says_why_and_stops_nobody_else():
    def broken(_):
        raise BenchError("it answered 500")

    measures = {
        "broken": (FakeServer(), broken),
        "sound": (FakeServer(), lambda _: lambda: Load(units=1, elapsed_s=1.0)),
    }
    results = in_turns(measures, repeats=2)
    row = results["broken"].row("broken", "calls/s")
    assert (row.samples, row.note) == ((), "not available: it answered 500")
    assert len(results["sound"].row("sound", "calls/s").samples) == 2
