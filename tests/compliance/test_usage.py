"""What a run used, counted from hand-made ledgers."""

import pytest

from compliance.ledgers import Ledgers
from compliance.usage import read_usage
from scenarios.evidence import Phase, read_experiment

LOAD_S = 10.0
STREAM = "[$LATEST]0123456789abcdef0123456789abcdef.log"
REPORT = (
    "REPORT RequestId: 3f4b\tDuration: {ms:.2f} ms\tBilled Duration: {ms} ms\t"
    "Memory Size: 256 MB\tMax Memory Used: 80 MB\n"
)


@pytest.fixture
def story(make_story):
    return make_story(phases=[Phase(name="load", start_s=LOAD_S, end_s=LOAD_S + 20)])


@pytest.fixture
def used(story):
    def read():
        with Ledgers(story.folder) as ledgers:
            return read_usage(ledgers, read_experiment(story.folder))

    return read


def sample(story, at_s, source, **values):
    for name, value in values.items():
        row = {"source": source, "name": name.replace("__", "."), "value": value}
        story.event("metrics", at_s=at_s, **row)


def healthy(story, emails=4):
    """Some emails through an API that uses half a core from start to end."""
    for n in range(emails):
        story.healthy(f"k{n}")
    for at_s in (5.0, 9.0, 11.0, 21.0):
        sample(story, at_s, "api", cpu_share=0.5)


def test_only_what_happened_since_the_load_began_counts(story, used):
    healthy(story)
    calls = "admitted_calls__receive"
    for at_s, count, empty in ((5.0, 3, 3), (9.0, 5, 5), (11.0, 9, 6), (21.0, 30, 10)):
        sample(story, at_s, "queue:a.fifo", **{calls: count, "NumberOfEmptyReceives": empty})
    (queue,) = used().queues
    assert queue.requests == {"receive": 20}  # 25 polls after second 9, five of them in vain
    assert queue.empty_receives == 5
    assert used().duration_s == 11.0
    (api,) = used().services
    assert api.cpu_s == pytest.approx(0.5 * 2 + 0.5 * 10)


def test_a_counter_that_began_again_is_carried_on(story, used):
    healthy(story)
    for at_s, sent in ((9.0, 10), (11.0, 15), (13.0, 2), (15.0, 4)):
        sample(story, at_s, "queue:a.fifo", admitted_calls__send=sent)
    (queue,) = used().queues
    assert queue.requests == {"send": 5 + 2 + 2}


def test_payloads_above_64_kib_are_further_requests(story, used):
    healthy(story)
    values = {"admitted_calls__send": 4, "further_chunks__send": 3, "throttled_calls__send": 2}
    sample(story, 21.0, "queue:a.fifo", **values)
    (queue,) = used().queues
    assert queue.requests == {"send": 7}
    assert queue.throttled == 2


def test_retries_are_requests_and_duplicates_are_deliveries_but_emails_count_once(story, used):
    healthy(story)
    story.invoke("k0", attempt=2)
    story.delivered("k0")
    sample(story, 21.0, "queue:a.fifo", NumberOfMessagesSent=4, SentMessageSize=4_000)
    assert (used().emails, used().deliveries, used().http_requests) == (4, 5, 5)
    assert used().http_body_bytes == 5_000


def test_processes_of_a_service_are_summed_and_others_left_out(story, used):
    healthy(story)
    for name in ("worker", "worker-2", "sqs", "sink", "generator", "workerlike"):
        for at_s in (11.0, 21.0):
            sample(story, at_s, name, cpu_share=0.25)
    assert {each.name: each.cpu_s for each in used().services} == {
        "api": pytest.approx(6.0),
        "worker": pytest.approx(5.0),
    }


def test_a_gateway_in_place_of_the_api_is_seen(story, used):
    healthy(story)
    assert not used().is_api_gateway
    for at_s in (11.0, 21.0):
        sample(story, at_s, "api-gateway", cpu_share=0.25)
    assert used().is_api_gateway
    assert [each.cpu_s for each in used().services] == [pytest.approx(6.0)]  # not the gateway's


def test_lambda_is_billed_by_its_report_lines_in_all_streams(story, used):
    healthy(story)
    folder = story.folder / "logs" / "mailer" / "2026" / "11" / "24"
    folder.mkdir(parents=True)
    (folder / STREAM).write_text("START\n" + REPORT.format(ms=100) + REPORT.format(ms=28))
    (folder / STREAM.replace("0123", "3210")).write_text(REPORT.format(ms=72) + "REPORT no figures")
    lambdas = used().lambdas
    assert lambdas.invocations == 3
    assert lambdas.gb_s == pytest.approx(0.2 * 0.25)
    assert "milliseconds that Lambda bills are those of this machine" in " ".join(used().notes)
    assert used().log_bytes == sum(file.stat().st_size for file in folder.iterdir())


def test_logs_of_services_count_and_those_of_the_harness_do_not(story, used):
    healthy(story)
    for at_s in (11.0, 21.0):
        sample(story, at_s, "worker", cpu_share=0.1)
    logs = story.folder / "logs"
    logs.mkdir()
    for name in ("api", "worker", "worker-2", "sqs", "api-gateway", "generator"):
        (logs / f"{name}.log").write_text("x" * 100)
    assert used().log_bytes == 300


def test_the_access_log_of_the_gateway_counts_and_what_plays_the_trigger_does_not(story, used):
    for n in range(4):
        story.healthy(f"k{n}")
    logs = story.folder / "logs"
    logs.mkdir()
    for at_s in (11.0, 21.0):
        sample(story, at_s, "api-gateway", cpu_share=0.1)
        sample(story, at_s, "lambda", cpu_share=0.1)
    for name in ("api", "worker"):
        (logs / f"{name}.log").write_text("x" * 100)
    assert used().log_bytes == 100
    assert used().services == ()


def test_a_standard_queue_whose_messages_have_groups_is_fair(story, used):
    healthy(story)
    story.event("queue", event="stored", queue="plain", dedup_id="x", group="g")
    sample(story, 21.0, "queue:plain", admitted_calls__send=1)
    sample(story, 21.0, "queue:other", admitted_calls__send=1)
    assert {q.name: (q.is_fifo, q.carries_groups) for q in used().queues} == {
        "plain": (False, True),
        "other": (False, False),
    }


def test_what_makes_the_figures_doubtful_is_said(story, used):
    healthy(story)
    story.invoke("late")
    story.outcome("ok", "late", email_id="em_late")
    notes = " ".join(used().notes)
    assert "only 4 of 5 acknowledged emails arrived" in notes
    assert "4 emails are few" in notes
    assert "nobody counted the queue's calls" in notes


def test_without_emails_a_service_or_a_load_there_is_nothing_to_tell(story, used, make_story):
    assert used() is None
    story.healthy("k0")
    assert used() is None  # nobody measured
    sample(story, 21.0, "queue:a.fifo", admitted_calls__send=1)
    assert used() is None  # no service
    unloaded = make_story(name="unloaded")
    healthy(unloaded)
    with Ledgers(unloaded.folder) as ledgers:
        assert read_usage(ledgers, read_experiment(unloaded.folder)) is None
