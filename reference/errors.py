"""What can go wrong at the pipeline's edges, and what is known afterwards.

Two questions decide what a caller may do, so every error here answers both:

* `is_definite`: True when the effect certainly did not happen. After an indefinite error (a
  time-out, a lost answer) it may have happened, and only a repeat that is recognised as one
  is safe.
* `is_transient`: True when the same call may succeed later.

Messages name codes and places, never an address, a text or a header: they may be logged.
"""


class PipelineError(Exception):
    """The root of this tree."""

    def __init__(self, code: str, *, is_definite: bool, is_transient: bool) -> None:
        super().__init__(code)
        self.code = code
        self.is_definite = is_definite
        self.is_transient = is_transient


class QueueError(PipelineError):
    """SQS refused a call, or did not answer it. `code` is SQS's own code or a class name.

    Common causes: the queue's quota (RequestThrottled), a network outage, a wrong queue URL
    (AWS.SimpleQueueService.NonExistentQueue), missing credentials.
    """


class ProviderError(PipelineError):
    """A provider did not accept an email. `code` is an SMTP reply code or a class name."""


def transient_refusal(code: str) -> ProviderError:
    """The provider said: not now."""
    return ProviderError(code, is_definite=True, is_transient=True)


def permanent_refusal(code: str) -> ProviderError:
    """The provider said: never."""
    return ProviderError(code, is_definite=True, is_transient=False)


def outcome_unknown(code: str) -> ProviderError:
    """The provider may have accepted the email, but its answer did not arrive."""
    return ProviderError(code, is_definite=False, is_transient=True)


class LedgerError(PipelineError):
    """The delivery ledger cannot be read or written; no email may be sent meanwhile.

    Common causes: a full disk (SQLITE_FULL), a file that may not be written (SQLITE_READONLY,
    SQLITE_CANTOPEN), a DynamoDB table that is throttled or does not exist.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code, is_definite=True, is_transient=True)


class UnreadableMessageError(Exception):
    """A queue message that is not one of ours. Its text says which field, never what was in it."""
