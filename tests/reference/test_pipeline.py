"""The whole pipeline as real processes: local SQS, mail sink, API and worker on loopback."""

import itertools
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from reference.queues import resize

pytestmark = pytest.mark.xdist_group("live")

TIMEOUT_S = 60  # a loaded machine takes seconds to start a process
SHORT_CALLS = {
    "EMAIL_API_READ_TIMEOUT_S": "0.3",
    "EMAIL_API_SEND_ATTEMPTS_MAX": "2",
    "EMAIL_API_SEND_DEADLINE_S": "1",
}


def test_what_is_accepted_arrives_once_in_order_and_leaves_no_trace_of_people(pipeline):
    pipeline.start_api()
    pipeline.start_worker()
    accepted = {}
    for number in range(30):
        key = f"{number:02}"
        for _ in range(2):  # a retry of a request whose answer was lost
            response = pipeline.post(key, group=f"customer-{number % 3}")
            assert response.status_code == 202
            accepted[key] = response.json()["id"]
    # Whatever goes wrong with a request, its content stays out of the log too.
    for refused in (
        pipeline.post("key-of-bob@example.com", to=["Bob"]),
        pipeline.post("k", **{"bob@example.com": 1}),
        pipeline.post("k", headers={"bob@example.com": "s3same"}),
        pipeline.post("k", group="customer-of Bob"),
        httpx.get(f"{pipeline.api_url}/v1/emails/bob@example.com?to=bob@example.com"),
        httpx.post(f"{pipeline.api_url}/v1/emails", auth=("bob@example.com", "s3same")),
    ):
        assert 400 <= refused.status_code < 500
        assert not any(trace in refused.text for trace in ("bob@", "s3same", "customer-of"))
    pipeline.wait_until(
        lambda: sum(row["event"] == "deleted" for row in pipeline.rows("worker")) == 30,
        "all are deleted",
    )
    assert [pipeline.end(name) for name in ("api", "worker", "sink")] == [0, 0, 0]

    delivered = pipeline.rows("sink")
    assert {row["key"]: row["email_id"] for row in delivered} == accepted
    assert len(delivered) == 30
    for group in range(3):
        keys = [row["key"] for row in delivered if int(row["key"]) % 3 == group]
        assert keys == sorted(keys)
    events = [row["event"] for row in pipeline.rows("worker")]
    assert {event: events.count(event) for event in events} == {
        "received": 30,
        "attempted": 30,
        "sent": 30,
        "deleted": 30,
    }
    logs = pipeline.log("api") + pipeline.log("worker") + pipeline.log("sink")
    assert all(email_id in logs for email_id in accepted.values())
    for trace in ("example.com", "s3same", "555-0100", "Hello", "customer-", "Ann", "Bob"):
        assert trace not in logs


@pytest.mark.parametrize("pipeline", ["emails"], indirect=True)
def test_a_standard_queue_that_delivers_twice_makes_no_second_email(pipeline):
    """It absorbs no repeat, either: the worker's delivery ledger stands for both."""
    duplicate = {"kind": "duplicate", "probability": 0.5, "label": "twice"}
    plan = {"seed": 1, "faults": [duplicate]}
    assert httpx.put(f"{pipeline.endpoint}/_admin/faults", json=plan).is_success
    pipeline.start_api()
    pipeline.start_worker()
    for number in range(20):
        for _ in range(2):  # a retry of a request whose answer was lost
            assert pipeline.post(f"{number:02}").status_code == 202
    pipeline.wait_until(
        lambda: sum(row["event"] == "deleted" for row in pipeline.rows("queue")) >= 40,
        "all are deleted",
    )
    assert [pipeline.end(name) for name in ("api", "worker")] == [0, 0]
    stored = [row["message_id"] for row in pipeline.rows("queue") if row["event"] == "stored"]
    received = [row for row in pipeline.rows("worker") if row["event"] == "received"]
    assert len(set(stored)) == 40
    assert len(received) > 40
    assert sorted(row["key"] for row in pipeline.rows("sink")) == [f"{n:02}" for n in range(20)]


def posts(pipeline, keys, group_of):
    """All at once; the answers by key."""
    with ThreadPoolExecutor(20) as senders:
        answers = senders.map(lambda key: pipeline.post(key, group=group_of(key)), keys)
        return dict(zip(keys, answers, strict=True))


@pytest.mark.parametrize("pipeline", ["a.fifo,b.fifo,c.fifo"], indirect=True)
def test_a_pool_keeps_each_group_in_one_queue_and_delivers_from_all(pipeline):
    """Batched as well; a repeat goes where the first one went, and is absorbed there."""
    pipeline.start_api(EMAIL_API_SEND_BATCH_MAX="10", EMAIL_API_SEND_LINGER_MS="20")
    pipeline.start_worker()
    keys = [f"{number:03}" for number in range(60)]
    for _ in range(2):
        answers = posts(pipeline, keys, lambda key: f"customer-{int(key) % 12}")
        assert {answer.status_code for answer in answers.values()} == {202}
    pipeline.wait_until(lambda: len(pipeline.rows("sink")) >= 60, "all have arrived")
    assert [pipeline.end(name) for name in ("api", "worker")] == [0, 0]
    rows = pipeline.rows("queue")
    stored = [row for row in rows if row["event"] == "stored"]
    assert len(stored) == 60
    queues = {(row["group"], row["queue"]) for row in rows}
    assert len(queues) == 12
    assert {queue for _, queue in queues} == {"a.fifo", "b.fifo", "c.fifo"}
    assert sorted(row["key"] for row in pipeline.rows("sink")) == keys


class Customers:
    """Each sends its emails one after the other, to either replica, until each has its 202."""

    def __init__(self, pipeline, urls, groups):
        self.sent = dict.fromkeys(groups, 0)
        self._pipeline = pipeline
        self._urls = itertools.cycle(urls)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(group,)) for group in groups]
        for thread in self._threads:
            thread.start()

    def _send(self, group):
        while not self._stop.is_set():
            key = f"{group}-{self.sent[group]:04}"
            while self._pipeline.post(key, group, url=next(self._urls)).status_code != 202:
                time.sleep(0.05)
            self.sent[group] += 1
            time.sleep(0.02)

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(TIMEOUT_S)


@pytest.mark.parametrize("pipeline", ["a.fifo,b.fifo,c.fifo"], indirect=True)
def test_a_pool_grows_and_shrinks_under_load_with_every_group_in_order(pipeline):
    """Two replicas of the API, ten customers; every email arrives once, after the one before."""
    a, b, c = pipeline.queue_url.split(",")
    file, ledger = pipeline.folder / "pool.json", pipeline.folder / "deliveries.sqlite3"
    assert resize.main([str(file), a, b]) == 0
    pipeline.pool_file = file
    short = {"CONNECT_TIMEOUT_S": "0.3", "READ_TIMEOUT_S": "0.6", "POOL_FENCE_S": "1.5"}
    variables = {f"EMAIL_API_{name}": value for name, value in short.items()}
    urls = []
    for name in ("api", "api-2"):
        pipeline.start_api(EMAIL_API_LEDGER=f"sqlite:{ledger}", name=name, **variables)
        urls.append(pipeline.api_url)
    pipeline.start_worker(EMAIL_WORKER_WAIT_TIME_S="1")
    customers = Customers(pipeline, urls, [f"customer-{n}" for n in range(10)])
    try:
        for pool in ([a, b, c], [b, c]):
            time.sleep(0.5)
            before = dict(customers.sent)
            assert resize.main([str(file), *pool]) == 0
            pipeline.wait_until(
                lambda before=before: all(customers.sent[g] > before[g] + 3 for g in before),
                "every group goes on",
            )
    finally:
        customers.stop()
    count = sum(customers.sent.values())
    pipeline.wait_until(lambda: len(pipeline.rows("sink")) >= count, "all have arrived")
    assert [pipeline.end(name) for name in ("api", "api-2", "worker")] == [0, 0, 0]
    assert customers.sent == Counter(row["key"].rpartition("-")[0] for row in pipeline.rows("sink"))
    for group, total in customers.sent.items():
        keys = [row["key"] for row in pipeline.rows("sink") if row["key"].startswith(f"{group}-")]
        assert keys == [f"{group}-{number:04}" for number in range(total)]
    stored = [row for row in pipeline.rows("queue") if row["event"] == "stored"]
    queues = {group: [] for group in customers.sent}
    for row in stored:
        if row["queue"] not in queues[row["group"]]:
            queues[row["group"]].append(row["queue"])
    assert {queue for each in queues.values() for queue in each} == {"a.fifo", "b.fifo", "c.fifo"}
    assert any(len(each) > 1 for each in queues.values())


def test_of_a_batch_that_fails_in_part_only_what_is_stored_gets_202(pipeline):
    half = {"kind": "half-batch", "label": "half", "actions": ["SendMessageBatch"]}
    plan = {"seed": 1, "faults": [half]}
    assert httpx.put(f"{pipeline.endpoint}/_admin/faults", json=plan).is_success
    pipeline.start_api(
        EMAIL_API_SEND_BATCH_MAX="10",
        EMAIL_API_SEND_LINGER_MS="100",
        EMAIL_API_SEND_ATTEMPTS_MAX="1",
    )
    keys = [f"{number:02}" for number in range(20)]
    answers = posts(pipeline, keys, lambda key: f"customer-{key}")
    stored = {row["dedup_id"] for row in pipeline.rows("queue") if row["event"] == "stored"}
    accepted = {a.json()["id"] for a in answers.values() if a.status_code == 202}
    assert accepted == stored
    assert {a.status_code for a in answers.values()} == {202, 504}


def test_a_batch_that_waits_is_sent_before_the_api_ends(pipeline):
    pipeline.start_api(EMAIL_API_SEND_BATCH_MAX="10", EMAIL_API_SEND_LINGER_MS="1000")
    answers = []
    sender = threading.Thread(target=lambda: answers.append(pipeline.post("k1")))
    sender.start()
    api = psutil.Process(pipeline.processes["api"].pid)
    pipeline.wait_until(
        lambda: any(c.status == "ESTABLISHED" for c in api.net_connections()), "it is connected"
    )
    time.sleep(0.5)  # it is being read, and then waits
    assert pipeline.end("api") == 0
    sender.join(TIMEOUT_S)
    assert [answer.status_code for answer in answers] == [202]
    assert [row["event"] for row in pipeline.rows("queue")] == ["stored"]


def test_an_api_that_is_stopped_finishes_what_it_began(pipeline):
    pipeline.start_api()
    answers = []
    pipeline.signal("sqs", signal.SIGSTOP)
    sender = threading.Thread(target=lambda: answers.append(pipeline.post("k1")))
    sender.start()
    api = psutil.Process(pipeline.processes["api"].pid)
    sqs_port = int(pipeline.endpoint.rpartition(":")[2])
    pipeline.wait_until(
        lambda: any(c.raddr and c.raddr.port == sqs_port for c in api.net_connections()),
        "the send is on its way",
    )
    pipeline.signal("api", signal.SIGTERM)
    pipeline.signal("sqs", signal.SIGCONT)
    sender.join(TIMEOUT_S)
    assert pipeline.processes["api"].wait(TIMEOUT_S) == 0
    assert [answer.status_code for answer in answers] == [202]


def test_a_queue_that_is_gone_is_a_503_and_one_that_hangs_is_a_504(pipeline):
    pipeline.start_api(**SHORT_CALLS)
    pipeline.signal("sqs", signal.SIGSTOP)
    hung = pipeline.post("k1")
    pipeline.signal("sqs", signal.SIGCONT)
    assert hung.status_code == 504
    assert pipeline.post("k1").status_code == 202
    stored = [row for row in pipeline.rows("queue") if row["event"] == "stored"]
    assert len(stored) == 1

    pipeline.processes["sqs"].kill()
    pipeline.processes["sqs"].wait()
    gone = pipeline.post("k2")
    assert gone.status_code == 503
    assert int(gone.headers["Retry-After"]) > 0
    assert httpx.get(f"{pipeline.api_url}/healthz").status_code == 200


def test_a_worker_outlives_its_queue_and_goes_on(pipeline):
    pipeline.start_api()
    pipeline.start_worker()
    port = int(pipeline.endpoint.rpartition(":")[2])
    pipeline.processes["sqs"].kill()
    pipeline.processes["sqs"].wait()
    pipeline.wait_until(lambda: "receive failed" in pipeline.log("worker"), "the worker notices")
    pipeline.start_sqs(port)
    assert pipeline.post("k1").status_code == 202
    pipeline.wait_until(lambda: pipeline.rows("sink"), "the email arrives")


def test_a_long_poll_does_not_delay_the_end(pipeline):
    pipeline.start_worker(EMAIL_WORKER_WAIT_TIME_S="20")
    began_s = time.monotonic()
    assert pipeline.end("worker") == 0
    assert time.monotonic() - began_s < 15  # well before the polls would have ended
    assert '"is_drained":true' in pipeline.log("worker")
