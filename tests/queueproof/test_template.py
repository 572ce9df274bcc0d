"""`queueproof template`: cfn-lint and the audit accept every configuration's template."""

import pytest
from cfnlint.api import lint
from typer.testing import CliRunner

from compliance.queue_audit.cli import main as audit
from queueproof.cli import app
from queueproof.template import TemplateError, deployment_of, template_text, write_template
from scenarios.configuration import configuration_names, load_configuration, parse_configuration

REGION = ["us-east-1"]


@pytest.mark.parametrize("name", configuration_names())
def test_a_template_has_no_finding_of_cfn_lint_or_of_the_audit(name, tmp_path, capsys):
    text = template_text(name)
    assert [f"{found.rule.id} {found.message}" for found in lint(text, regions=REGION)] == []
    (tmp_path / "t.yaml").write_text(text)
    assert audit(["--template", str(tmp_path / "t.yaml")]) == 0
    assert capsys.readouterr().out.startswith("0 findings, 0 unknown")


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [("FifoQueue: true", "FifoQueu: true", "E3002"), ("Ref: Cluster", "Ref: Clutter", "E1020")],
)
def test_cfn_lint_would_tell(right, wrong, rule):
    text = template_text("fifo")
    assert right in text
    assert rule in {found.rule.id for found in lint(text.replace(right, wrong), regions=REGION)}


def test_the_audit_would_tell(tmp_path, capsys):
    text = template_text("fifo").replace(
        "SqsManagedSseEnabled: true", "SqsManagedSseEnabled: false"
    )
    (tmp_path / "t.yaml").write_text(text)
    assert audit(["--template", str(tmp_path / "t.yaml")]) == 1
    assert "sqs/encryption" in capsys.readouterr().out


def test_a_template_is_printed_or_written(tmp_path):
    printed = CliRunner().invoke(app, ["template", "fifo"])
    assert printed.exit_code == 0
    path = tmp_path / "t.yaml"
    assert CliRunner().invoke(app, ["template", "fifo", "--out", str(path)]).exit_code == 0
    assert path.read_text().strip() == printed.stdout.strip()


@pytest.mark.parametrize("name", configuration_names())
def test_a_deployment_is_called_as_its_configuration(name):
    assert deployment_of(load_configuration(name)[0]).name == name


def test_what_no_template_can_be_made_of_is_refused(tmp_path):
    pool = 'name = "p"\nsummary = "s"\n[queue]\ntype = "fifo"\ncount = 11\n'
    with pytest.raises(TemplateError, match="11 queues; a template can have 1 to 10"):
        deployment_of(parse_configuration(pool, "p.toml"))
    with pytest.raises(TemplateError, match="cannot be written"):
        write_template("fifo", tmp_path)
