"""The reference pipeline: clean as it is, convicted when a leak is planted in a copy of it.

A leak is planted as a function of its own at the end of a module, so that these tests hold however
the modules change, as long as their types stay.
"""

import shutil
from datetime import date
from pathlib import Path

import pytest

from compliance.pii.source_check import check_source

REFERENCE = Path(__file__).parents[4] / "reference"
TODAY = date(2026, 6, 1)

PLANTED = {
    "the recipients in the worker's log": (
        "worker/courier.py",
        """
def planted(held: Held) -> None:
    log = structlog.get_logger()
    for recipient in held.email.email.recipients():
        log.info("sending", who=recipient.reveal())  # LEAK
""",
    ),
    "a message's body under another name": (
        "worker/courier.py",
        """
def planted(run: GroupRun) -> None:
    structlog.get_logger().info("held", held=[held.message.body for held in run.messages])  # LEAK
""",
    ),
    "the body that could not be read": (
        "domain.py",
        """
def planted_email(body: str) -> QueuedEmail:
    try:
        return QueuedEmail.model_validate_json(body)
    except ValidationError:
        raise UnreadableMessageError(f"unreadable: {body}") from None  # LEAK
""",
    ),
    "a sender in a provider's error": (
        "providers/smtp.py",
        """
def planted(outgoing: Outgoing) -> None:
    raise transient_refusal(f"refused {outgoing.email.sender.address.reveal()}")  # LEAK
""",
    ),
    "the whole message as it goes out": (
        "providers/smtp.py",
        """
def planted(outgoing: Outgoing) -> None:
    subject = outgoing.email.subject.reveal()
    print("DATA", len(subject), subject[:20])  # LEAK
""",
    ),
    "a request's headers": (
        "api/requests.py",
        """
def planted(request: Request) -> None:
    print(dict(request.headers))  # LEAK
""",
    ),
    "a request's body": (
        "api/requests.py",
        """
async def planted(connection: Request) -> None:
    body = await read_body(connection, bytes_max=10)
    print(body.decode())  # LEAK
""",
    ),
    "pydantic's text": (
        "api/requests.py",
        """
def planted(data: bytes) -> None:
    try:
        EmailRequest.model_validate_json(data)
    except ValidationError as error:
        print(error)  # LEAK
""",
    ),
    "a validator that quotes its input": (
        "domain.py",
        """
def quoting(value: str) -> str:
    raise ValueError(f"{value} is no name")  # LEAK

Planted = Annotated[str, AfterValidator(quoting)]
""",
    ),
}


def places(report, root, levels=("error", "warning")):
    """(file, line) of each finding of these levels."""
    return [
        (str(Path(finding.spot.path).relative_to(root)), finding.spot.line)
        for finding in report.findings
        if finding.level in levels
    ]


def test_the_reference_is_clean():
    report = check_source([REFERENCE], today=TODAY)
    assert places(report, REFERENCE) == []
    assert report.is_complete


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Everything planted in one copy: the lines where leaks stand, and those where one is found."""
    copy = tmp_path_factory.mktemp("planted") / "reference"
    shutil.copytree(REFERENCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    lines = {}
    for what, (module, code) in PLANTED.items():
        text = (copy / module).read_text()
        (copy / module).write_text(text + code)
        offset = text.count("\n")
        [line] = [n for n, one in enumerate(code.split("\n"), 1) if "# LEAK" in one]
        lines[what] = (module, offset + line)
    report = check_source([copy], today=TODAY)
    return lines, places(report, copy), places(report, copy, ["error"])


@pytest.mark.parametrize("what", PLANTED)
def test_planted_leak_is_found(planted, what):
    lines, found, _ = planted
    assert lines[what] in found


def test_no_error_is_flagged_beside_what_was_planted(planted):
    """Warnings do follow: an address in a provider's error is likely wherever one is logged."""
    lines, _, errors = planted
    assert set(errors) <= set(lines.values())
