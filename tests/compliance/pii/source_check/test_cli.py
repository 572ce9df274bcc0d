"""Exit codes, formats and what is never printed."""

import json
import subprocess
import sys

import pytest

from compliance.pii.outputs import FORMATS
from compliance.pii.source_check.cli import main
from compliance.pii.source_check.rules import RULES

ERROR = "def send(recipient):\n    print(recipient)\n"
WARNING = """
import smtplib
def send(log, server):
    try:
        server.quit()
    except smtplib.SMTPException as error:
        log.error("%s", error)
"""


@pytest.fixture
def write(tmp_path):
    def run(code, name="main.py"):
        (tmp_path / name).write_text(code)
        return str(tmp_path)

    return run


def test_clean_code_exits_0(write, capsys):
    assert main([write("x = 1\n")]) == 0
    assert capsys.readouterr().out == "no personal data leaves the code; 1 file, 2 lines checked\n"


def test_an_error_exits_1_and_tells_the_way(write, capsys):
    assert main([write(ERROR)]) == 1
    out = capsys.readouterr().out
    assert "main.py:2:5: error: recipient (email address) reaches print [pii-print]" in out
    assert "main.py:1: source: recipient (email address)" in out


def test_a_warning_fails_only_when_asked(write):
    folder = write(WARNING)
    assert main([folder]) == 0
    assert main([folder, "--fail-on", "warning"]) == 1


def test_what_was_not_checked_exits_3_and_findings_come_first(write, tmp_path, capsys):
    folder = write("def f(:")
    assert main([folder]) == 3
    assert "not read" in capsys.readouterr().out
    write(ERROR, "other.py")
    assert main([folder]) == 1
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty")]) == 3
    assert "no Python file was checked" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["x.py", "--format", "xml"], ["x.py", "--fail-on", "no"]]
)
def test_wrong_usage_exits_2(arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_rules_are_listed_with_one_line_of_help_each(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--rules"])
    assert stop.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) == len(RULES)


@pytest.mark.parametrize("name", FORMATS)
def test_no_literal_of_the_source_is_printed_in_any_format(write, capsys, name):
    """The keys and texts of a program may be personal data themselves."""
    folder = write(
        """
PEOPLE = {"jane.doe@example.com": "Jane Doe"}
def send(user, log):
    log.info("jane.doe@example.com", user["jane.doe@example.com"].email)
    log.info(PEOPLE["jane.doe@example.com"] + user["jane_doe_email"])
    raise ValueError("Jane Doe" + user.email)
"""
    )
    assert main([folder, "--format", name]) == 1
    out = capsys.readouterr().out
    assert "user" in out
    assert "jane" not in out.lower()


def test_sarif_has_every_rule_and_the_place(write, capsys):
    main([write(ERROR), "--format", "sarif"])
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(RULES)
    [result] = run["results"]
    assert result["ruleId"] == "pii-print"
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (2, 5)


def test_a_fingerprint_does_not_change_when_lines_move(write, capsys):
    prints = []
    for code in (ERROR, "\n\n# moved\n" + ERROR):
        main([write(code), "--format", "gitlab"])
        prints.append([row["fingerprint"] for row in json.loads(capsys.readouterr().out)])
    assert prints[0] == prints[1]


def test_names_and_sanitizers_can_be_added(write, capsys):
    folder = write(
        "def f(loyalty_number, log):\n    log.info(cloak(loyalty_number))\n    print(1)\n"
    )
    assert main([folder]) == 0
    folder = write("def f(loyalty_number, log):\n    log.info(str(loyalty_number))\n")
    assert main([folder, "--pii-name", "loyalty_number"]) == 1
    folder = write(
        "def f(recipient, log):\n    log.info(veil(recipient))\n    log.info(to_text(recipient))\n"
    )
    capsys.readouterr()
    assert main([folder, "--sanitizer", "to_text"]) == 0


def test_the_module_runs_alone_and_says_nothing_but_the_report(write):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "compliance.pii.source_check", write(ERROR)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "[pii-print]" in done.stdout
