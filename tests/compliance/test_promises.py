"""A verdict is of what the configuration promises: on a standard queue, order is only measured."""

import pytest

from compliance.checks import order
from compliance.promises import judged_by_promise, why_not_claimed
from compliance.verdict import ClaimVerdict, Judgement, Outcome, Verdict, worst
from scenarios.configuration import parse_configuration


def configuration(queue, name="mine"):
    return parse_configuration(f'name = "{name}"\nsummary = "x"\n[queue]\n{queue}\n', "mine.toml")


FIFO = configuration('type = "fifo"')
HIGH = configuration('type = "fifo"\nhigh_throughput = true')
STANDARD = configuration('type = "standard"')


def reordered(make_story, **record):
    story = make_story(**record)
    for key in ("a", "b"):
        story.invoke(key)
        story.stored(f"em_{key}")
        story.outcome("ok", key, email_id=f"em_{key}")
    story.delivered("b")
    story.delivered("a")
    return story.history()


def test_disorder_refutes_a_fifo_queue_and_is_only_measured_on_a_standard_one(make_story):
    verdict = order.check(reordered(make_story))
    assert verdict.outcome is Outcome.REFUTED
    assert judged_by_promise(verdict, FIFO) == judged_by_promise(verdict, None) == verdict
    measured = judged_by_promise(verdict, STANDARD)
    assert measured.outcome is Outcome.NOT_CLAIMED
    assert measured.figures["reordered"] == 1
    assert measured.offences == verdict.offences
    assert "a standard queue promises no order" in measured.reasons[-1]


@pytest.mark.parametrize("claim", ["order", "resend-safe", "groups-apart", "fifo-300"])
def test_a_standard_queue_is_never_verified_on_what_only_fifo_promises(claim):
    found = Verdict(claim=claim, experiment="e", outcome=Outcome.VERIFIED, summary="")
    assert judged_by_promise(found, STANDARD).outcome is Outcome.NOT_CLAIMED
    assert judged_by_promise(found, FIFO).outcome is Outcome.VERIFIED


@pytest.mark.parametrize("claim", ["no-loss", "no-false-ack", "no-pii-logs"])
@pytest.mark.parametrize("built", [FIFO, HIGH, STANDARD])
def test_every_configuration_has_to_keep_what_it_acknowledged(claim, built):
    assert why_not_claimed(built, claim) is None


def test_only_a_pool_claims_that_a_group_stays_in_one_of_its_queues():
    assert why_not_claimed(FIFO, "one-queue") == "there is one queue"
    assert why_not_claimed(configuration('type = "fifo"\ncount = 2'), "one-queue") is None


def test_high_throughput_mode_does_not_claim_the_quota_that_it_lifts():
    assert why_not_claimed(HIGH, "fifo-300")
    assert why_not_claimed(HIGH, "order") is None


def judgement(*outcomes):
    claims = [ClaimVerdict(claim="c", text="", outcome=each, summary="") for each in outcomes]
    return Judgement(run="r", claims=claims).outcome


def test_what_is_not_claimed_decides_nothing():
    assert judgement(Outcome.NOT_CLAIMED, Outcome.VERIFIED, None) is Outcome.VERIFIED
    assert judgement(Outcome.NOT_CLAIMED, Outcome.REFUTED) is Outcome.REFUTED
    assert judgement(Outcome.NOT_CLAIMED, None) is Outcome.INCONCLUSIVE  # nothing was shown
    assert worst([Outcome.NOT_CLAIMED, Outcome.VERIFIED]) is Outcome.VERIFIED
    assert worst([Outcome.NOT_CLAIMED]) is Outcome.NOT_CLAIMED
