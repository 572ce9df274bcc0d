"""Claims that no scenario judges point to commands that there are."""

import pytest
from typer.testing import CliRunner

from queueproof.cli import app
from scenarios.configuration import configuration_names
from scenarios.model import load_claims

COMMANDS = sorted({command for claim in load_claims() for command in claim.see})


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_claim_points_to_can_be_called(command):
    program, *arguments = command.split()
    assert program == "queueproof"
    assert CliRunner().invoke(app, [*arguments, "--help"]).exit_code == 0
    if "--configuration" in arguments:
        assert arguments[arguments.index("--configuration") + 1] in configuration_names()


def test_a_command_that_is_none_would_be_told():
    for arguments in (["capacities", "--help"], ["capacity", "--no-such", "--help"]):
        assert CliRunner().invoke(app, arguments).exit_code == 2
