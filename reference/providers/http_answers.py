"""What an HTTP status says of an email that was posted to a provider.

Sources: RFC 9110 15; Twilio SendGrid docs, how-to-use-the-sendgrid-v3-api/errors; Mailgun
documentation, quickstart-guide/responses; Amazon SES API v2 reference, SendEmail.

* 400, 413 and 422 find fault with the email: it will be refused again, and elsewhere too.
* All other 4xx find fault with the account, the address of the API or the moment; an operator or
  time mends them, and meanwhile another provider may take the email.
* 503 says that the request was not handled. Every other 5xx leaves open what became of it: users
  of Mailgun report emails that went out after a 5xx, and behind a gateway's 502 or 504 stands a
  server that may have finished.
"""

from reference.errors import ProviderError, outcome_unknown, permanent_refusal, transient_refusal

_EMAIL_AT_FAULT = frozenset({400, 413, 422})


def refusal(status: int, code: str) -> ProviderError:
    """The error for a status that is no success; `code` is what logs call it."""
    if status in _EMAIL_AT_FAULT:
        return permanent_refusal(code)
    if status >= 500 and status != 503:
        return outcome_unknown(code)
    return transient_refusal(code)
