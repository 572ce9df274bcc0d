"""`queueproof sqs` is the local SQS under the name that was typed."""

from typer.testing import CliRunner

from queueproof.cli import app


def test_its_help_and_errors_name_the_command_that_was_typed():
    for arguments, code in ((["--help"], 0), (["--nonsense"], 2)):
        result = CliRunner().invoke(app, ["sqs", *arguments])
        assert result.exit_code == code
        assert result.output.startswith("usage: queueproof sqs ")
