"""The request that a sender makes of an arrival: live and simulated senders make the same."""

from scenarios.arrivals import CORRELATION_HEADER, Arrival, Person, text_about

SENDER_ADDRESS = "no-reply@example.com"


def email_about(person: Person, arrival: Arrival) -> dict[str, object]:
    """The body of POST /v1/emails."""
    text = text_about(person)
    return {
        "from": SENDER_ADDRESS,
        "to": [person.email],
        "subject": text.subject,
        "text": text.body,
        "headers": {CORRELATION_HEADER: arrival.key},
    }


def headers_of(arrival: Arrival, api_key: str) -> dict[str, str]:
    """Its headers: all attempts at one arrival have the same key.

    The API key goes twice: where our API looks for it, and where API Gateway does.
    """
    return {
        "Authorization": f"Bearer {api_key}",
        "x-api-key": api_key,
        "Idempotency-Key": arrival.key,
        "X-Message-Group": arrival.group,
    }
