"""A load that several processes shared: what of it can be believed."""

import hashlib

import pytest

from compliance.checks import generator_honesty
from compliance.judge import judge
from compliance.verdict import Outcome
from scenarios.evidence import GeneratorPart, Machine, Phase, Plan, RunManifest, write_record

SCENARIO = """
name = "hand-made"
summary = "two emails"
claims = ["no-loss"]

[load]
kind = "emails"
rate_per_s = 2
duration_s = 1
arrivals = "even"

[expect]
sample_min = 1
"""


def part(**more):
    fields = {"index": 1, "host": "far", "offset_s": 1000.0, "uncertainty_s": 0.001}
    return GeneratorPart(**(fields | {"drift_s": 0.0, "rows": 2, "is_lost": False} | more))


@pytest.fixture
def told(make_story):
    """The doubts about an honest load whose workers are these."""

    def read(*parts, cpu=None):
        story = make_story(
            SCENARIO,
            phases=[Phase(name="load", start_s=0, end_s=1)],
            generators=list(parts),
            key_prefix="k",
        )
        for name, share in (cpu or {"generator": 0.1}).items():
            row = {"source": name, "name": "cpu_share", "value": share}
            story.event("metrics", at_s=0.5, **row)
        history = story.history()
        doubts = generator_honesty.doubts(history)
        history.close()
        return " ".join(doubts)

    return read


def test_a_clock_that_is_known_well_raises_no_doubt(told):
    assert "clock" not in told(part())


@pytest.mark.parametrize("more", [{"uncertainty_s": 0.2}, {"drift_s": -0.2}])
def test_a_clock_that_is_known_badly_does(told, more):
    assert "the clock of worker 1 (far) is known to 20" in told(part(**more))


def test_a_clock_whose_drift_nobody_measured_raises_a_doubt(told):
    assert "the clock of worker 1 (far) may have drifted" in told(part(drift_s=None))


def test_a_worker_that_needs_all_of_its_core_is_the_bottleneck_though_the_master_rests(told):
    shares = {"generator": 0.05, "generator-1": 0.4, "generator-2": 0.99}
    assert "the generator was the bottleneck: 99%" in told(cpu=shares)


def test_emails_whose_rows_went_with_a_lost_worker_refute_nothing(make_story, tmp_path):
    """They look as if nobody had sent them."""
    outcomes = {}
    for name, is_lost in (("whole", False), ("lost", True)):
        run = tmp_path / name
        story = make_story(SCENARIO, f"{name}/hand-made", generators=[part(is_lost=is_lost)])
        story.healthy("k0")
        story.delivered("k1")
        digest = hashlib.sha256(SCENARIO.encode()).hexdigest()
        plan = Plan(scenario="hand-made", scenario_sha256=digest, claims=["no-loss"])
        manifest = RunManifest(
            name=name,
            started_at="2026-01-01T00:00:00+00:00",
            seed=1,
            commit=None,
            versions={},
            machine=Machine(system="Linux", python="3.11", cpu_count=2, memory_bytes=1),
            command=[],
            experiments=["hand-made"],
            plans={"hand-made": plan},
        )
        write_record(run / "manifest.json", manifest)
        (verdict,) = (v for claim in judge(run).claims for v in claim.verdicts)
        outcomes[name] = verdict
    assert outcomes["whole"].outcome is Outcome.REFUTED
    assert outcomes["lost"].outcome is Outcome.INCONCLUSIVE
    assert outcomes["lost"].offences == []
    assert any("worker 1 (far) was lost" in reason for reason in outcomes["lost"].reasons)
