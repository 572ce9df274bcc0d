"""The command: exit codes, formats, and one line for what is wrong."""

import json
from pathlib import Path

import pytest

from compliance.queue_audit.cli import main

CLEAN = str(Path(__file__).parent / "clean.yaml")
BROKEN = "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n"
DEFAULT = "compliance/queue_audit/profiles/email-with-personal-data.toml"
MINIMAL = 'name = "n"\n[consumer]\ntimeout_s = 1\n'


@pytest.fixture
def template(tmp_path):
    def template(text):
        path = tmp_path / "t.yaml"
        path.write_text(text)
        return str(path)

    return template


def test_a_clean_template_is_0_and_says_what_was_asked(capsys):
    assert main(["--template", CLEAN]) == 0
    assert capsys.readouterr().out == (
        "0 findings, 0 unknown, 26 passed; profile: email with personal data\n"
    )


def test_findings_are_1_with_place_rule_advice_and_source(template, capsys):
    path = template(BROKEN)
    assert main(["--template", path]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{path}:2: error: queue Q: ")
    assert lines[0].endswith("[sqs/tls-only]")
    assert "https://docs.aws.amazon.com/" in lines[1]
    assert lines[-1].startswith("2 findings, 0 unknown")


def test_unknown_facts_are_3_and_told(template, capsys):
    text = Path(CLEAN).read_text().replace("seconds: 30", "hours: 1")
    assert main(["--template", template(text)]) == 3
    assert "unknown: queue Emails: Fn::FindInMap" in capsys.readouterr().out


def test_findings_come_before_unknown_facts(template):
    assert main(["--template", template(BROKEN + "    Properties: {FifoQueue: !Ref X}\n")]) == 1


def test_notes_alone_are_clean(template, tmp_path):
    profile = tmp_path / "p.toml"
    profile.write_text(MINIMAL + '[levels]\n"sqs/tls-only" = "note"\n"sqs/dead-letter" = "off"\n')
    assert main(["--template", template(BROKEN), "--profile", str(profile)]) == 0


def test_json_has_all_that_text_has(template, capsys):
    assert main(["--template", template(BROKEN), "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [finding["rule"] for finding in told["findings"]] == ["sqs/tls-only", "sqs/dead-letter"]
    assert told["findings"][0]["place"]["line"] == 2
    assert (told["unknown"], told["passed"]) == ([], 10)


def test_sarif_has_rules_places_and_what_stayed_unknown(template, capsys):
    path = template(BROKEN + "    Properties: {VisibilityTimeout: !Ref Nobody}\n")
    assert main(["--template", path, "--format", "sarif"]) == 1
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert run["tool"]["driver"]["name"] == "queueproof audit"
    assert {result["ruleId"] for result in run["results"]} == {"sqs/tls-only", "sqs/dead-letter"}
    [location] = run["results"][0]["locations"]
    assert location["physicalLocation"]["region"]["startLine"] == 2
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "sqs/visibility" in json.dumps(invocation)


def test_the_same_fault_has_the_same_fingerprint_after_lines_moved(template, capsys):
    prints = []
    for text in (BROKEN, "Description: x\n\n" + BROKEN):
        main(["--template", template(text), "--format", "sarif"])
        [run] = json.loads(capsys.readouterr().out)["runs"]
        prints.append([result["partialFingerprints"] for result in run["results"]])
    assert prints[0] == prints[1]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["http://127.0.0.1:1/1/q", "--template", CLEAN],
        ["not a url"],
        ["http://key@127.0.0.1/1/q"],
        ["--template", CLEAN, "--endpoint-url", "ftp://x"],
        ["--template", CLEAN, "--parameter", "x"],
        ["--template", CLEAN, "--format", "xml"],
    ],
)
def test_wrong_usage_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "name: Field required"),
        ('name = "n"', "consumer: Field required"),
        ('name = "n"\n[consumer]\ntimeout_s = "5"', "consumer.timeout_s"),
        ('name = "n"\n[consumer]\ntimeout_s = 0', "consumer.timeout_s: Input should be greater"),
        (MINIMAL + "[queue]\nretention_max = 5", "queue.retention_max: Extra inputs"),
        (MINIMAL + "[queue]\nretention_s_max = 70\nretention_s_min = 80", "queue: Value error"),
        (MINIMAL + '[levels]\n"sqs/encrypt" = "off"', "levels.'sqs/encrypt': no such rule"),
        (MINIMAL + '[levels]\n"sqs/encryption" = "loud"', "levels.sqs/encryption"),
        (MINIMAL + '[logs]\nmasked = ["*"]', "logs.masked.0"),
        ("a = ", "not TOML"),
        ("# " + "x" * 200_000, "larger than 100000 bytes"),
    ],
)
def test_a_profile_that_is_wrong_is_2_with_file_key_and_value(tmp_path, capsys, text, told):
    path = tmp_path / "p.toml"
    path.write_text(text)
    assert main(["--template", CLEAN, "--profile", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{path}: ")
    assert told in said


def test_a_profile_that_is_not_there_is_2(capsys):
    assert main(["--template", CLEAN, "--profile", "none.toml"]) == 2
    assert capsys.readouterr().err == "none.toml: No such file or directory\n"


@pytest.mark.parametrize(
    "arguments",
    [["--template", "none.yaml"], ["http://127.0.0.1:9/1/q"]],
)
def test_what_cannot_be_read_is_3_in_a_line(arguments, capsys):
    assert main(arguments) == 3
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_log_groups_of_profile_and_command_line_are_asked_for_once_each(tmp_path, capsys):
    profile = tmp_path / "p.toml"
    profile.write_text(MINIMAL + '[logs]\ngroups = ["/a", "/aws/lambda/mailer"]\n')
    arguments = ["--template", CLEAN, "--profile", str(profile), "--log-group", "/b"]
    assert main([*arguments, "--log-group", "/a"]) == 3
    said = capsys.readouterr().out
    assert said.count("is not in it") == 2


def test_help_names_the_default_profile_and_exit_codes(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    assert DEFAULT in said
    assert "exit codes: 0 clean" in said
