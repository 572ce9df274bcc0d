"""Exit codes and output of `queueproof scan`, as `python -m compliance.pii` runs it."""

import subprocess
import sys

import orjson
import pytest

from compliance.pii.cli import main
from compliance.pii.cli_options import SCAN_FORMATS


@pytest.fixture
def canary_file(tmp_path):
    path = tmp_path / "canaries.jsonl"
    path.write_text(
        '{"kind":"email","value":"jane.doe@example.com"}\n{"kind":"control","value":"control-5f0c"}\n'
    )
    return str(path)


def run(*arguments):
    return main([str(argument) for argument in arguments])


def test_clean_log_exits_0_with_a_summary(write_log, capsys):
    assert run(write_log(["started"]), "--no-ner") == 0
    assert "no personal data found: 1 line " in capsys.readouterr().out


def test_findings_exit_1_and_show_place_and_mask(write_log, canary_file, capsys):
    path = write_log(["ok", '{"event":"sent","to":"jane.doe@example.com"}'])
    assert run(path, "--canaries", canary_file) == 1
    out = capsys.readouterr().out
    assert f"canary/email  j***@e***  1 line, first {path}:2:" in out
    assert "at $.to" in out
    assert "jane" not in out
    assert "\x1b" not in out


def test_json_output_is_one_document_without_values(write_log, canary_file, capsys):
    assert run(write_log(["to jane.doe@example.com"]), "--canaries", canary_file, "--json") == 1
    out = capsys.readouterr().out
    report = orjson.loads(out)
    assert report["places"][0]["rule"] == "canary/email"
    assert report["is_clean"] is False
    assert "jane" not in out


@pytest.mark.parametrize(
    ("lines", "code"),
    [(["x control-5f0c"], 0), (["nothing"], 3), (["x control-5f0c", "jane.doe@example.com"], 1)],
)
def test_require_canary_wants_the_control_line(write_log, canary_file, lines, code):
    path = write_log(lines)
    assert run(path, "--canaries", canary_file, "--require-canary", "--no-ner") == code


def test_without_a_control_kind_any_canary_will_do(write_log, tmp_path):
    canaries = tmp_path / "plain.jsonl"
    canaries.write_text('{"kind":"email","value":"jane.doe@example.com"}\n')
    clean, leaking = write_log(["x"], "clean.log"), write_log(["jane.doe@example.com"], "leak.log")
    assert run(clean, "--canaries", canaries, "--require-canary", "--no-ner") == 3
    assert run(leaking, "--canaries", canaries, "--require-canary", "--no-ner") == 1


def test_nothing_read_or_not_everything_exits_3(tmp_path, write_log, capsys):
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty", "--no-ner") == 3
    assert "incomplete: nothing was read" in capsys.readouterr().out
    assert run(write_log(["x"]), tmp_path / "none.log", "--no-ner") == 3
    assert "none.log: No such file or directory" in capsys.readouterr().out


def test_usage_errors_exit_2(tmp_path, write_log, capsys):
    path = write_log(["x"])
    assert run(path, "--require-canary") == 2
    assert run(path, "--canaries", tmp_path / "none.jsonl") == 2
    assert "cannot be read" in capsys.readouterr().err
    assert run() == 2
    assert "nothing to scan" in capsys.readouterr().err
    for wrong in ("--since", "--format", "--jobs", "--report"):
        with pytest.raises(SystemExit) as stop:
            run(path, wrong, "x")
        assert stop.value.code == 2
    assert run(path, "--output", tmp_path / "no" / "such.sarif", "--no-ner") == 2
    assert "such.sarif: No such file or directory" in capsys.readouterr().err


def test_module_runs_and_says_nothing_but_the_report(write_log):
    path = write_log(["could not deliver to Maria Gonzalez <maria@example.com>"])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "compliance.pii", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "ner/PERSON  M*** G***" in done.stdout
    assert "pattern/EMAIL_ADDRESS  m***@e***" in done.stdout


@pytest.fixture
def leaks(write_log, canary_file):
    """Arguments that scan a log with an error and a warning in it, and only patterns for it."""
    lines = ['{"event":"sent","to":"jane.doe@example.com"}', '{"event":"peer","ip":"8.8.4.4"}']
    return [write_log(lines), "--canaries", canary_file, "--no-ner"]


def test_every_format_is_printed_and_written(leaks, tmp_path, capsys):
    for name in SCAN_FORMATS:
        path = tmp_path / name
        assert run(*leaks, "--format", name) == 1
        printed = capsys.readouterr().out
        assert run(*leaks, "--format", name, "--output", path) == 1
        out = capsys.readouterr().out
        assert "canary/email" in printed
        assert "canary/email" in path.read_text()
        assert "personal data in 2 places" in out
        assert not any("jane" in text for text in (printed, out, path.read_text()))


def test_evaluate_has_options_of_its_own(capsys):
    with pytest.raises(SystemExit) as stop:
        run("--evaluate", "--help")
    assert stop.value.code == 0
    assert "--plain" in capsys.readouterr().out


def test_several_reports_are_written_by_one_scan(leaks, tmp_path, capsys):
    sarif, junit = tmp_path / "a.sarif", tmp_path / "a.xml"
    reports = ["--report", f"sarif={sarif}", "--report", f"junit={junit}"]
    assert run(*leaks, "--format", "github", *reports) == 1
    assert capsys.readouterr().out.startswith("::error file=")
    assert orjson.loads(sarif.read_bytes())["version"] == "2.1.0"
    assert junit.read_text().startswith("<?xml")


def test_json_lines_tell_findings_first_and_counts_at_the_end(leaks, capsys):
    assert run(*leaks, "--format", "jsonl") == 1
    rows = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["type"] for row in rows] == ["result", "result", "count", "count", "summary"]
    assert {row["fingerprint"] for row in rows[:2]} == {row["fingerprint"] for row in rows[2:4]}
    assert rows[2]["lines"] == 1


def test_fail_on_error_lets_warnings_pass(write_log, canary_file, capsys):
    path = write_log(['{"event":"peer","ip":"8.8.4.4"}'])
    assert run(path, "--no-ner") == 1
    assert run(path, "--no-ner", "--fail-on", "error") == 0
    assert "pattern/IP_ADDRESS" in capsys.readouterr().out


def test_a_baseline_lets_known_places_pass_wherever_their_lines_move(
    leaks, write_log, tmp_path, canary_file, capsys
):
    baseline = tmp_path / "baseline.json"
    assert run(*leaks, "--baseline", baseline, "--write-baseline") == 0
    assert "2 places written" in capsys.readouterr().out
    assert "jane" not in baseline.read_text()
    moved = write_log(
        ["started", '{"event":"sent","to":"bob@example.org"}'.replace("bob", "jane.doe"), "x"],
        "other.log",
    )
    known = write_log(["x", '{"event":"sent","to":"jane.doe@example.com"}'], "moved.log")
    arguments = ["--canaries", canary_file, "--no-ner", "--baseline", baseline]
    assert run(known, *arguments) == 0
    assert "let pass: 1 by baseline" in capsys.readouterr().out
    assert run(moved, *arguments) == 1  # the same statement, another type: no canary


def test_the_policy_of_the_working_directory_is_used(leaks, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    policy = tmp_path / "queueproof.toml"
    policy.write_text('[scan]\nallow_fields = ["$.to", "$.ip"]\n')
    assert run(*leaks) == 0
    assert "let pass: 2 by allowed fields" in capsys.readouterr().out
    policy.write_text('[scan]\nfail_on = "sometimes"\n')
    assert run(*leaks) == 2
    assert capsys.readouterr().err == (
        f"error: {policy}: fail_on = 'sometimes': input should be 'error' or 'warning'\n"
    )


def test_paths_and_canaries_of_the_policy_count_from_its_folder(
    write_log, canary_file, tmp_path, monkeypatch
):
    write_log(["jane.doe@example.com"])
    (tmp_path / "queueproof.toml").write_text(
        '[scan]\npaths = ["api.log"]\ncanaries = "canaries.jsonl"\nnames = false\n'
    )
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert run() == 1


def test_a_runs_own_canaries_are_used(tmp_path, canary_file, capsys):
    logs = tmp_path / "logs"
    logs.mkdir()
    (tmp_path / "experiment.json").write_text("{}")
    (logs / "api.log").write_text("to JANE.DOE@EXAMPLE.COM control-5f0c\n")
    for path in (tmp_path, logs, logs / "api.log"):
        assert run(path, "--no-ner", "--require-canary") == 1
        assert "canary/email" in capsys.readouterr().out


def test_since_leaves_out_older_lines(write_log, capsys):
    path = write_log(["2020-01-01 10:00:00 to bob@example.org", "2999-01-01 10:00:00 started"])
    assert run(path, "--no-ner", "--since", "24h") == 0
    assert "1 lines are older than --since" in capsys.readouterr().out
    assert run(path, "--no-ner", "--since", "2019-12-31T00:00:00Z") == 1


def test_a_missing_control_shows_in_every_format(write_log, canary_file, capsys):
    path = write_log(["nothing"])
    for name in SCAN_FORMATS:
        arguments = ["--canaries", canary_file, "--require-canary", "--no-ner", "--format", name]
        assert run(path, *arguments) == 3
        out = capsys.readouterr().out
        assert "no planted canary was found" in out or "is_control_missing" in out


def test_dask_that_cannot_be_used_is_a_usage_error(write_log, capsys, monkeypatch):
    monkeypatch.setattr("compliance.pii.dask_scan.CONNECT_TIMEOUT_S", 0.2)
    assert run(write_log(["x"]), "--no-ner", "--dask", "tcp://127.0.0.1:9") == 2
    assert "no scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
    assert run("-", "--dask", "tcp://127.0.0.1:9") == 2
    assert "workers cannot read standard input" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "said"), [(KeyboardInterrupt, "stopped"), (BrokenPipeError, "")])
def test_a_scan_that_is_stopped_is_incomplete(write_log, monkeypatch, capfd, error, said):
    def stop(*_, **__):
        raise error

    monkeypatch.setattr("compliance.pii.cli._tell", stop)
    monkeypatch.setattr("compliance.pii.cli.os.dup2", lambda *_: None)
    assert run(write_log(["x"]), "--no-ner") == 3
    assert said in capfd.readouterr().err


@pytest.mark.parametrize("options", [["--help"], ["--evaluate", "--help"]])
def test_the_usage_says_how_it_was_started(options, capsys):
    started = {"program": "python -m compliance.pii"}
    for program, keywords in (("queueproof scan", {}), (started["program"], started)):
        with pytest.raises(SystemExit):
            main(options, **keywords)
        usage = " ".join([program, *options[:-1]])
        assert capsys.readouterr().out.startswith(f"usage: {usage} [-h]")
