"""Exit codes and output of `python -m compliance.pii`."""

import subprocess
import sys

import orjson
import pytest

from compliance.pii.cli import main


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
    with pytest.raises(SystemExit) as stop:
        run()
    assert stop.value.code == 2


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
