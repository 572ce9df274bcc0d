"""Trials judged: what is held, what is not and why, against hand-made services."""

import pytest

from compliance.capacity.objective import Objective, judge_trial
from scenarios.evidence import Phase

SCENARIO = """
name = "trial"
summary = "one rate"

[load]
kind = "emails"
rate_per_s = {rate}
duration_s = {seconds}
arrivals = "even"
groups = {groups}
senders = 1000
"""
RATE, SECONDS, START_S = 100, 8, 50.0
CPU_COUNT = 2


@pytest.fixture
def trial(make_story):
    """A trial at one rate: `accepted_s(n, due_s)` and `delivered_s(n, accepted_s)` are the service.

    Either may be None: it never came.
    """

    def run(
        accepted_s=lambda n, due_s: due_s + 0.01,
        delivered_s=lambda n, accepted_s: accepted_s + 0.05,
        *,
        late_s=lambda n: 0.0,
        cpu=None,
        calls=None,
        drained=True,
        groups=20,
        **objective,
    ):
        phases = [
            Phase(name="load", start_s=START_S, end_s=START_S + SECONDS + 1),
            Phase(name="drain", start_s=START_S + SECONDS + 1, end_s=START_S + SECONDS + 4),
        ]
        text = SCENARIO.format(rate=RATE, seconds=SECONDS, groups=groups)
        story = make_story(text, "trial", phases=phases, key_prefix="p", drained=drained)
        for n in range(RATE * SECONDS):
            due_s = START_S + n / RATE
            attempt = {"key": f"p-{n:06d}", "attempt": 1}
            invoked = {"at_s": due_s + late_s(n), "intended_s": due_s}
            story.event("sender", kind="invoke", **invoked, **attempt)
            at_s = accepted_s(n, due_s)
            if at_s is None:
                continue
            row = {"email_id": f"e{n}", "status": 202}
            story.event("sender", at_s=at_s, kind="ok", **row, **attempt)
            story.event("queue", at_s=at_s, event="stored", queue="a.fifo", dedup_id=f"e{n}")
            at_s = delivered_s(n, at_s)
            if at_s is not None:
                story.event("sink", at_s=at_s, key=attempt["key"], email_id=f"e{n}")
        for second in range(SECONDS + 1):
            for name, share in (cpu or {"api": 0.3, "generator": 0.2}).items():
                row = {"source": name, "name": "cpu_share", "value": share}
                story.event("metrics", at_s=START_S + second, **row)
            for name, per_s in (calls or {}).items():
                row = {"source": "queue:a.fifo", "name": name, "value": per_s * second}
                story.event("metrics", at_s=START_S + second, **row)
        history = story.history()
        try:
            return judge_trial(history, Objective(**objective), cpu_count=CPU_COUNT)
        finally:
            history.close()

    return run


def test_a_service_that_answers_and_delivers_at_once_meets_the_objective(trial):
    verdict = trial()
    assert (verdict.missed, verdict.doubts, verdict.limit) == ([], [], None)
    figures = verdict.figures
    assert figures.offered_per_s == pytest.approx(RATE, abs=0.5)
    assert figures.accepted_per_s == pytest.approx(RATE, abs=1)
    assert figures.accept_p99_ms == pytest.approx(10)
    assert figures.delivery_p99_ms == pytest.approx(60)
    assert figures.accept_growth_per_s == pytest.approx(0, abs=0.1)
    assert figures.drain_s == 3


def test_jitter_of_a_batch_is_no_growing_backlog(trial):
    """Deliveries in bunches of fifty: up to half a second of them waits at any time."""
    verdict = trial(delivered_s=lambda n, at_s: START_S + (n // 50 + 1) * 0.5 + 0.05)
    assert verdict.missed == []


def at_most(per_s):
    """A quota with an allowance of 12 calls: what is more waits its turn."""
    return lambda n, due_s: max(due_s, START_S + (n - 12) / per_s) + 0.01


def test_a_rate_one_percent_above_the_quota_is_missed_by_its_growing_backlog(trial):
    calls = {"admitted_calls.send": 99, "throttled_calls.send": 1}
    verdict = trial(at_most(99 * 0.98), calls=calls)
    assert ["accepted" in reason for reason in verdict.missed] == [True, False]
    assert verdict.missed[0].startswith("what is not yet accepted grows by 2.")
    assert verdict.limit.kind == "quota"
    assert "a.fifo send calls: 99.0/s admitted, 1.0% of the calls throttled" in verdict.limit.what


def test_the_quota_itself_is_held(trial):
    assert trial(at_most(RATE)).missed == []


def test_planted_a_worker_one_twentieth_too_slow_is_found_by_its_backlog(trial):
    verdict = trial(delivered_s=lambda n, at_s: START_S + n / (RATE * 0.95) + 0.1)
    assert [reason.split(" grows")[0] for reason in verdict.missed] == ["what is not yet delivered"]
    assert verdict.limit.kind == "unknown"


def test_slow_answers_miss_the_objective_without_any_backlog(trial):
    verdict = trial(lambda n, due_s: due_s + (1.2 if n % 50 == 0 else 0.01))
    assert verdict.missed == ["p99 of acceptance 1,200 ms, over 1,000 ms"]


def test_emails_that_are_never_accepted_miss_it(trial):
    verdict = trial(lambda n, due_s: None if n % 50 == 0 else due_s + 0.01)
    assert "acceptance: over 1 % of the emails never came so far" in verdict.missed


def test_one_lost_email_misses_it(trial):
    verdict = trial(delivered_s=lambda n, at_s: None if n == 7 else at_s + 0.05)
    assert verdict.missed == ["1 emails lost"]


def test_a_backlog_that_does_not_drain_misses_it(trial):
    assert trial(drained=False).missed == ["the backlog did not drain in time"]


def test_a_late_generator_with_senders_to_spare_proves_nothing(trial):
    verdict = trial(lambda n, due_s: due_s + 2.0, late_s=lambda n: 0.2)
    assert verdict.missed == []
    assert verdict.doubts == ["the generator was 200 ms late (p99) with senders to spare"]
    assert verdict.limit.kind == "generator"


def test_senders_that_all_wait_for_answers_are_the_services_fault(trial):
    """A thousand senders are too few for a service that takes ever longer."""
    verdict = trial(
        lambda n, due_s: START_S + SECONDS + 2 + n / 1_000, late_s=lambda n: 0.0 if n < 960 else 1.0
    )
    assert verdict.doubts == []
    assert verdict.missed


@pytest.mark.parametrize(
    ("cpu", "kind", "named"),
    [
        ({"api": 0.4, "worker": 0.9, "generator": 0.2}, "cpu", "worker: 0.90 of a core"),
        ({"api": 0.8, "worker": 0.6, "generator": 0.5}, "machine", "1.9 of 2 cores"),
    ],
)
def test_what_takes_the_cores_is_named(trial, cpu, kind, named):
    verdict = trial(delivered_s=lambda n, at_s: START_S + n / (RATE * 0.9) + 0.1, cpu=cpu)
    assert verdict.limit.kind == kind
    assert named in verdict.limit.what


def test_a_backlog_in_one_message_group_is_named(trial):
    verdict = trial(delivered_s=lambda n, at_s: START_S + n / (RATE * 0.5) + 0.1, groups=1)
    assert verdict.limit.kind == "message-group"
    assert "one message group holds 100% of the backlog" in verdict.limit.what


def test_an_experiment_that_never_began_is_no_trial_of_the_service(make_story):
    text = SCENARIO.format(rate=RATE, seconds=SECONDS, groups=1)
    story = make_story(text, "trial", interrupted="api was not ready")
    history = story.history()
    verdict = judge_trial(history, Objective(), cpu_count=2)
    history.close()
    assert verdict.doubts == ["api was not ready"]
    assert verdict.missed == []
