"""The hooks, the action and the template do what they say: their own commands are run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
BASH = shutil.which("bash")
LEAK = '{"event":"sent","to":"jane.doe@example.com"}\n'


def loaded(name):
    return yaml.safe_load((ROOT / name).read_text())


@pytest.fixture
def shell(tmp_path):
    """Runs a script as a CI does: in an empty folder, stopping at the first error."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "api.log").write_text('{"event":"started"}\n')

    def run(script, **variables):
        return subprocess.run(
            [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


HOOKS = {hook["id"]: hook for hook in loaded(".pre-commit-hooks.yaml")}


def command(hook, *files):
    """What pre-commit runs: the entry, its arguments, then the names of changed files."""
    words = [*shlex.split(hook["entry"]), *hook.get("args", ())]
    return shlex.join([*words, *(files if hook.get("pass_filenames", True) else ())])


@pytest.mark.xdist_group("live")
def test_the_scan_hook_passes_clean_files_and_stops_leaks(shell, tmp_path):
    hook = HOOKS["queueproof-scan"]
    (tmp_path / "leak.log").write_text(LEAK)
    assert shell(command(hook, "logs/api.log")).returncode == 0
    assert shell(command(hook, "logs/api.log", "leak.log")).returncode == 1


@pytest.mark.parametrize(
    ("name", "is_scanned"),
    [
        ("logs/api.log", True),
        ("logs/api.log.3.gz", True),
        ("recorded.ndjson", True),
        ("canaries.jsonl", False),
        ("app.py", False),
        ("catalog.txt", False),
    ],
)
def test_the_scan_hook_takes_logs_only(name, is_scanned):
    hook = HOOKS["queueproof-scan"]
    is_taken = bool(re.search(hook["files"], name)) and not re.search(hook["exclude"], name)
    assert is_taken is is_scanned


@pytest.mark.xdist_group("live")
def test_the_lint_hook_reads_the_tree_and_stops_leaks(shell, tmp_path):
    hook = HOOKS["queueproof-lint"]
    source = tmp_path / "app.py"
    source.write_text("import logging\n\nlogging.info('started')\n")
    assert shell(command(hook, "app.py")).returncode == 0
    source.write_text(
        "import logging\n\n\ndef send(user):\n    logging.info('to %s', user.email)\n"
    )
    assert shell(command(hook, "app.py")).returncode == 1


ACTION = loaded("action.yml")
STEPS = {step.get("id", step.get("uses")): step for step in ACTION["runs"]["steps"]}


def action_environment(tmp_path, **inputs):
    """The scan step's environment, with inputs put where the action puts them."""
    given = {name: told.get("default", "") for name, told in ACTION["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    environment = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    for name, expression in STEPS["scan"]["env"].items():
        [of_input] = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", expression).groups()
        environment[name] = given[of_input]
    return environment


@pytest.mark.xdist_group("live")
def test_the_action_annotates_and_fails_and_writes_sarif_and_a_summary(shell, tmp_path):
    (tmp_path / "logs" / "leak here.log").write_text(LEAK)
    (tmp_path / "canaries.jsonl").write_text('{"kind":"email","value":"jane.doe@example.com"}\n')
    environment = action_environment(
        tmp_path,
        paths="logs/api.log\n\nlogs/leak here.log\n",
        canaries="canaries.jsonl",
        require_canary="true",
        fail_on="error",
    )
    done = shell(STEPS["scan"]["run"], **environment)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("::error file=logs/leak here.log,line=1,col=")
    [run] = json.loads((tmp_path / "queueproof.sarif").read_text())["runs"]
    assert run["results"][0]["ruleId"] == "canary/email"
    assert "canary/email" in (tmp_path / "summary.md").read_text()


@pytest.mark.xdist_group("live")
def test_the_action_takes_its_inputs_for_names_and_runs_nothing_of_them(shell, tmp_path):
    environment = action_environment(tmp_path, paths="logs\n$(touch ran); `touch ran`\n; touch ran")
    done = shell(STEPS["scan"]["run"], **environment)
    assert done.returncode == 3  # two names that are no files; the log itself is clean
    assert done.stdout.count("No such file or directory") == 2
    assert not (tmp_path / "ran").exists()


def test_no_script_of_the_action_has_an_expression_in_it():
    assert all("${{" not in step.get("run", "") for step in STEPS.values())
    assert set(STEPS["install"]["env"].values()) == {"${{ github.action_path }}"}


def test_the_action_installs_what_its_folder_holds():
    words = shlex.split(STEPS["install"]["run"])
    assert words[:4] == ["python", "-m", "pip", "install"]
    assert (ROOT / "pyproject.toml").is_file()


GITLAB = loaded("ci-templates/gitlab.yml")


def script_of(job):
    return "\n".join(GITLAB[job]["script"])


@pytest.mark.xdist_group("live")
def test_the_gitlab_scan_job_writes_what_it_uploads(shell, tmp_path):
    (tmp_path / "logs" / "leak.log").write_text(LEAK)
    job = GITLAB[".queueproof-scan"]
    variables = {**job["variables"], "QUEUEPROOF_OPTIONS": "--no-ner --fail-on error"}
    done = shell(script_of(".queueproof-scan"), **variables)
    assert (done.returncode, done.stderr) == (1, "")
    reports = job["artifacts"]["reports"]
    [entry] = json.loads((tmp_path / reports["codequality"]).read_text())
    assert entry["check_name"] == "pattern/EMAIL_ADDRESS"
    assert ET.parse(tmp_path / reports["junit"]).getroot().get("failures") == "1"  # noqa: S314
    assert all((tmp_path / path).is_file() for path in job["artifacts"]["paths"])


@pytest.mark.xdist_group("live")
def test_the_gitlab_lint_job_writes_what_it_uploads(shell, tmp_path):
    (tmp_path / "app.py").write_text("def send(user):\n    print(user.email)\n")
    done = shell(script_of(".queueproof-lint"), **GITLAB[".queueproof-lint"]["variables"])
    assert done.returncode == 1
    name = GITLAB[".queueproof"]["artifacts"]["reports"]["codequality"]
    assert json.loads((tmp_path / name).read_text())


def test_gitlab_jobs_extend_jobs_that_exist():
    for job in GITLAB.values():
        assert job.get("extends", ".queueproof") in GITLAB
