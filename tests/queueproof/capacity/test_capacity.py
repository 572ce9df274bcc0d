"""The command around the search: results kept and told, bad input refused, trials wired."""

import json

import pytest
from typer.testing import CliRunner

from compliance.capacity.figures import no_figures
from compliance.capacity.limit import Limit
from compliance.capacity.objective import Objective, TrialVerdict
from loadtests.capacity.search import Kind, Limits, find_capacity
from queueproof.capacity import trials as trials_module
from queueproof.capacity.result import as_text, found_from, write
from queueproof.capacity.trials import Trials, trial_of_calls, trial_of_emails
from queueproof.cli import app
from scenarios.configuration import load_configuration
from scenarios.evidence import Machine, RunManifest, read_manifest, write_record
from scenarios.skews import SKEWS


@pytest.fixture
def trials(tmp_path, monkeypatch):
    """Trials whose experiments are not driven: `held` says up to which rate they are met."""

    def make(held, offered=10_000.0):
        def judge(history, objective, *, cpu_count):
            rate_per_s = history
            if rate_per_s > offered:
                return TrialVerdict(
                    no_figures(rate_per_s), [], ["late"], Limit("generator", "the generator")
                )
            if rate_per_s > held:
                limit = Limit("quota", "quota of send calls")
                return TrialVerdict(no_figures(rate_per_s), ["throttled"], [], limit)
            return TrialVerdict(no_figures(rate_per_s), [], [], None)

        class Opened(float):
            def close(self):
                pass

        driven = []
        monkeypatch.setattr(trials_module, "run_one", lambda planned, *_: driven.append(planned))
        monkeypatch.setattr(
            trials_module, "History", lambda folder: Opened(driven[-1].scenario.load.rate_per_s)
        )
        monkeypatch.setattr(trials_module, "judge_trial", judge)
        manifest = RunManifest(
            name="run",
            started_at="2026-01-01T00:00:00+00:00",
            seed=1,
            commit=None,
            versions={},
            machine=Machine(system="Linux", python="3.11", cpu_count=2, memory_bytes=1),
            command=[],
            experiments=[],
        )
        write_record(tmp_path / "manifest.json", manifest)
        chosen = load_configuration("fifo")
        return Trials(
            tmp_path, manifest, chosen, "emails", "hot", 8.0, Objective(), lambda text: None
        )

    return make


def found(trials, **limits):
    bounds = {"start_per_s": 100.0, "floor_per_s": 5.0, "ceiling_per_s": 1_000.0} | limits
    return found_from(find_capacity(trials.try_rate, Limits(**bounds), lambda: 0.0), trials)


def test_each_trial_stands_in_the_manifest_before_it_begins(trials, tmp_path):
    made = trials(held=250.0)
    result = found(made)
    manifest = read_manifest(tmp_path)
    assert manifest.experiments == [trial.experiment for trial in result.trials]
    assert manifest.experiments[0] == "fifo-hot-01-at-100"
    assert {plan.configuration for plan in manifest.plans.values()} == {"fifo"}


def test_what_was_found_is_kept_and_told_with_its_limit(trials, tmp_path):
    result = found(trials(held=250.0))
    assert result.kind is Kind.FOUND
    assert result.low_per_s <= 250.0 < result.high_per_s
    assert (result.limit, result.limit_text) == ("quota", "quota of send calls")
    assert json.loads(write(tmp_path, [result]))[0]["held_per_s"] == result.held_per_s
    assert json.loads((tmp_path / "capacity.json").read_text())[0]["skew"] == "hot"
    text = as_text(result)
    assert "fifo, groups hot: holds 2" in text
    assert "held back by quota of send calls" in text
    assert "throttled" in text


def test_a_generator_that_cannot_offer_more_gives_no_capacity(trials):
    result = found(trials(held=900.0, offered=400.0))
    assert result.kind is Kind.GENERATOR_BOUND
    assert not result.is_known
    assert result.high_per_s is None
    assert "generator-bound, so not a capacity" in as_text(result)
    assert result.overload_per_s is None


@pytest.mark.parametrize("skew", SKEWS)
def test_trials_spread_emails_evenly_in_time_and_as_asked_over_groups(skew):
    load = trial_of_emails(700.0, 8.0, skew).load
    assert (load.rate_per_s, load.duration_s, load.arrivals) == (700.0, 8.0, "even")
    assert load.groups == (1 if skew == "one" else 1_000)
    assert load.senders == 1_400  # two seconds of answers under way


def test_trials_of_calls_make_calls():
    assert trial_of_calls(300.0, 10.0).load.kind == "sqs-calls"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--skew", "cold"], "unknown skew 'cold'"),
        (["--start", "0"], "want 0 < floor <= start <= ceiling"),
        (["--start", "300", "--ceiling", "200"], "want 0 < floor <= start <= ceiling"),
        (["--configuration", "nope"], "unknown configuration 'nope'"),
        (["--of", "calls", "--skew", "hot"], "--skew goes with --of emails"),
        (["--precision", "2"], "want a precision between 0 and 1"),
    ],
)
def test_bad_input_is_refused_before_anything_starts(arguments, named, tmp_path):
    shown = CliRunner().invoke(app, ["capacity", "--runs-dir", str(tmp_path / "runs"), *arguments])
    assert shown.exit_code != 0
    assert named in str(shown.exception)
    assert not (tmp_path / "runs").exists()
