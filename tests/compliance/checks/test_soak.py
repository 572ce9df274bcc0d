"""The soak check: planted leaks are caught, noise and bounded growth are not flagged."""

import random

import pytest

from compliance.checks import soak
from compliance.verdict import Outcome
from scenarios.evidence import Phase

MIB = 2**20
LOAD_S = 600
STEADY = {"memory_bytes": 60 * MIB, "open_files": 30}


def noise(at_s, rng):
    """What an allocator and a connection pool do without any leak."""
    return {
        "memory_bytes": rng.randint(-MIB, MIB) + 40 * MIB * min(1.0, at_s / (LOAD_S / 2)),
        "open_files": rng.randint(-4, 4),
    }


@pytest.fixture
def soaked(make_story):
    """The verdict on ten minutes of samples; `grown` is added to a component's."""

    def run(component="worker", grown=None, stored=None, every_s=5, seed=1):
        rng = random.Random(seed)
        story = make_story(
            phases=[Phase(name="load", start_s=0, end_s=LOAD_S)], name=f"soak-{rng.random()}"
        )
        for at_s in range(0, LOAD_S, every_s):
            story.event("sink", at_s=at_s, key=f"k{at_s}")
            for source in soak.COMPONENTS:
                for name, value in noise(at_s, rng).items():
                    more = grown(at_s).get(name, 0) if grown and source == component else 0
                    row = {"source": source, "name": name, "value": STEADY[name] + value + more}
                    story.event("metrics", at_s=at_s, **row)
            if stored is not None:
                row = {"source": component, "name": "stored_bytes", "value": stored(at_s)}
                story.event("metrics", at_s=at_s, **row)
        return soak.check(story.history())

    return run


@pytest.mark.parametrize("seed", range(4))
def test_noise_and_a_warm_up_are_no_leak(soaked, seed):
    verdict = soaked(seed=seed)
    assert verdict.outcome is Outcome.VERIFIED, verdict.summary
    assert verdict.figures["api_open_files"] > 0


@pytest.mark.parametrize("component", soak.COMPONENTS)
@pytest.mark.parametrize("seed", range(2))
def test_planted_memory_leak_is_caught_and_its_component_named(soaked, component, seed):
    """20 KiB a second: at 200 emails a second, 100 bytes an email."""
    verdict = soaked(component, lambda at_s: {"memory_bytes": at_s * 20 * 1024}, seed=seed)
    assert verdict.outcome is Outcome.REFUTED
    assert [offence.id for offence in verdict.offences] == [component]
    assert "memory_bytes rose by" in verdict.summary


def test_planted_leak_of_open_files_is_caught(soaked):
    verdict = soaked("api", lambda at_s: {"open_files": at_s / 10})
    assert verdict.outcome is Outcome.REFUTED
    assert "open_files rose by" in verdict.offences[0].what


def test_one_step_up_is_no_leak(soaked):
    grown = lambda at_s: {"memory_bytes": 30 * MIB if at_s > 0.8 * LOAD_S else 0}  # noqa: E731
    assert soaked(grown=grown).outcome is Outcome.VERIFIED


def test_a_store_that_grows_with_the_emails_is_no_leak(soaked):
    assert soaked(stored=lambda at_s: at_s * 50_000).outcome is Outcome.VERIFIED


def test_planted_store_that_grows_faster_and_faster_is_caught(soaked):
    verdict = soaked(stored=lambda at_s: at_s**3)
    assert verdict.outcome is Outcome.REFUTED
    assert "bytes an email at the end" in verdict.summary


def test_too_few_samples_are_inconclusive(soaked):
    verdict = soaked(every_s=50)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "memory_bytes of api was not measured often enough" in verdict.reasons
