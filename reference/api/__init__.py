"""The email API: says 202 only for what SQS has confirmed.

    POST /v1/emails -> intake: auth, requests (validate), sending (SQS, retries) -> 202 + Location
                         \\-> problems (RFC 9457): 4xx certainly not sent, 503 certainly not
                             sent but try again, 504 nobody knows
    every request -> access_log (one line, no personal data) -> metrics

The API keeps no state. The id of an email follows from tenant and Idempotency-Key, so every
replica gives a repeat the same id, and SQS's deduplication absorbs it for five minutes.
"""
