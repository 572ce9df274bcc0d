"""Whom an email goes to: stories of two providers, and one planted bug."""

import pytest

from reference.clock import VirtualClock
from reference.errors import (
    LedgerError,
    ProviderError,
    outcome_unknown,
    permanent_refusal,
    transient_refusal,
)
from reference.providers.base import Accepted, Outgoing
from reference.providers.breaker import Tolerance
from reference.providers.failover import Failover

EMAIL = Outgoing("em_1", email=None)  # nobody here looks into it
BUSY, LOST, NEVER = transient_refusal("503"), outcome_unknown("Timeout"), permanent_refusal("400")


class Scripted:
    """Raises what its script holds, then accepts."""

    def __init__(self, name, *script):
        self.name = name
        self.script = list(script)
        self.calls = 0

    def send(self, outgoing):
        self.calls += 1
        if self.script:
            raise self.script.pop(0)
        return Accepted("")

    def close(self):
        """Nothing to give back."""


class Told:
    """Notes what it is told; may forbid."""

    def __init__(self, forbids=None):
        self.events = []
        self.forbids = forbids

    def begin(self, provider):
        if self.forbids is not None:
            raise self.forbids
        self.events.append(("begin", provider))

    def failed(self, provider, error):
        self.events.append(("failed", provider, error.code))


@pytest.fixture
def clock():
    return VirtualClock()


def failover(clock, first, second, failover_type=Failover):
    return failover_type(
        [first, second], clock, Tolerance(failures_max=2, open_first_s=5, open_max_s=5)
    )


def error_of(providers, told=None, **options):
    with pytest.raises(ProviderError) as caught:
        providers.send(EMAIL, told or Told(), **options)
    return caught.value.code


def test_the_first_that_works_takes_it(clock):
    first, second = Scripted("a"), Scripted("b")
    assert failover(clock, first, second).send(EMAIL, Told()) == "a"
    assert second.calls == 0


def test_after_a_definite_failure_that_may_pass_the_next_is_asked_and_each_call_is_told(clock):
    told = Told()
    providers = failover(clock, Scripted("a", BUSY), Scripted("b"))
    assert providers.send(EMAIL, told) == "b"
    assert told.events == [("begin", "a"), ("failed", "a", "503"), ("begin", "b")]


@pytest.mark.parametrize("error", [LOST, NEVER])
def test_after_an_unknown_outcome_or_a_final_refusal_nobody_else_is_asked(clock, error):
    first, second = Scripted("a", error), Scripted("b")
    assert error_of(failover(clock, first, second)) == error.code
    assert second.calls == 0


def test_an_email_bound_to_a_provider_goes_there_or_nowhere(clock):
    first, second = Scripted("a"), Scripted("b", BUSY)
    providers = failover(clock, first, second)
    assert error_of(providers, bound_to="b") == "503"
    assert providers.send(EMAIL, Told(), bound_to="b") == "b"
    assert first.calls == 0


def test_an_email_bound_to_a_provider_that_is_gone_goes_nowhere(clock):
    assert error_of(failover(clock, Scripted("a"), Scripted("b")), bound_to="c") == "provider-gone"


def test_a_provider_that_keeps_failing_is_left_alone_and_tried_again_later(clock):
    first, second = Scripted("a", LOST, LOST), Scripted("b")
    providers = failover(clock, first, second)
    assert [error_of(providers) for _ in range(2)] == ["Timeout", "Timeout"]
    assert (providers.likely(), providers.send(EMAIL, Told())) == ("b", "b")
    assert error_of(providers, bound_to="a") == "breaker-open"
    clock.advance(5)
    assert providers.send(EMAIL, Told()) == "a"
    assert providers.likely() == "a"


def test_refusals_of_emails_do_not_count_against_the_provider(clock):
    providers = failover(clock, Scripted("a", NEVER, NEVER, NEVER), Scripted("b"))
    for _ in range(3):
        assert error_of(providers) == "400"
    assert providers.likely() == "a"


def test_a_call_that_is_forbidden_is_not_made_and_says_nothing_of_the_provider(clock):
    first = Scripted("a", BUSY, BUSY)
    providers = failover(clock, first, Scripted("b"))
    for _ in range(2):
        providers.send(EMAIL, Told())
    clock.advance(5)  # the next call is the first one's trial
    with pytest.raises(LedgerError):
        providers.send(EMAIL, Told(forbids=LedgerError("full")))
    assert first.calls == 2
    assert providers.send(EMAIL, Told()) == "a"


def test_a_fault_of_ours_in_a_trial_does_not_rest_the_provider_for_ever(clock):
    first = Scripted("a", BUSY, BUSY, RuntimeError("s3same"))
    providers = failover(clock, first, Scripted("b"))
    for _ in range(2):
        providers.send(EMAIL, Told())
    clock.advance(5)
    with pytest.raises(RuntimeError):
        providers.send(EMAIL, Told())
    clock.advance(5)
    assert providers.send(EMAIL, Told()) == "a"


class Hasty(Failover):
    """Planted bug: after a time-out the next provider is asked, while the first still sends."""

    def _attempt(self, *found):
        try:
            return super()._attempt(*found)
        except ProviderError as error:
            raise transient_refusal(error.code) from error


def test_a_planted_failover_after_an_unknown_outcome_is_seen(clock):
    first, second = Scripted("a", LOST), Scripted("b")
    assert failover(clock, first, second, Hasty).send(EMAIL, Told()) == "b"
    assert second.calls == 1
