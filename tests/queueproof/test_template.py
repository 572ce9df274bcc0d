"""`queueproof template`: cfn-lint and the audit accept every configuration's template."""

import pytest
import yaml
from cfnlint.api import lint
from typer.testing import CliRunner

from compliance.queue_audit.cli import main as audit
from queueproof.cli import app
from queueproof.template import TemplateError, deployment_of, template_text, write_template
from reference.infra.template import template_of
from scenarios.configuration import configuration_names, load_configuration, parse_configuration

REGION = ["us-east-1"]


def shape(name):
    """What cfn-lint looks at: which resources there are, and which properties they have."""
    resources = yaml.safe_load(template_text(name))["Resources"].values()
    return frozenset((each["Type"], *sorted(each["Properties"])) for each in resources)


# One of each shape: cfn-lint takes a second for a template.
SHAPES = {shape(name): name for name in configuration_names()}


@pytest.mark.parametrize("name", SHAPES.values())
def test_cfn_lint_finds_nothing_in_a_template(name):
    found = lint(template_text(name), regions=REGION)
    assert [f"{each.rule.id} {each.message}" for each in found] == []


def test_cfn_lint_would_tell():
    text = template_text("fifo")
    for right, wrong in (("FifoQueue: true", "FifoQueu: true"), ("Ref: Cluster", "Ref: Clutter")):
        assert right in text
        text = text.replace(right, wrong)
    assert {"E3002", "E1020"} <= {each.rule.id for each in lint(text, regions=REGION)}


@pytest.mark.parametrize("name", configuration_names())
def test_the_audit_finds_nothing_in_a_template(name, tmp_path, capsys):
    write_template(name, tmp_path / "t.yaml")
    assert audit(["--template", str(tmp_path / "t.yaml")]) == 0
    assert capsys.readouterr().out.startswith("0 findings, 0 unknown")


def test_the_audit_would_tell(tmp_path, capsys):
    text = template_text("fifo").replace(
        "SqsManagedSseEnabled: true", "SqsManagedSseEnabled: false"
    )
    (tmp_path / "t.yaml").write_text(text)
    assert audit(["--template", str(tmp_path / "t.yaml")]) == 1
    assert "sqs/encryption" in capsys.readouterr().out


def test_a_function_has_the_memory_that_its_runs_are_billed_for():
    text = 'name = "x"\nsummary = ""\n[queue]\ntype = "fifo"\n[consumer]\nkind = "lambda"\n'
    for more, memory_mb in (("", 512), ("memory_mb = 1024\n", 1024)):
        configuration = parse_configuration(text + more, "x.toml")
        function = template_of(deployment_of(configuration))["Resources"]["Function"]
        assert function["Properties"]["MemorySize"] == memory_mb
        assert configuration.consumer.memory_mb == memory_mb


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
