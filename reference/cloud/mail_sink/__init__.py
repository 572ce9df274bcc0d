"""The email providers of this repository: they keep nothing but a journal.

    worker --SMTP----------------> smtp.py ------------------+
           --HTTP-> http.py -> ses.py sendgrid.py mailgun.py +--> sink.py: faults, then the journal
                       |
                    /_admin/faults, /_admin/healthz

It is the ground truth of what was delivered. Each row, written before the sender is answered, has
`at_s` (monotonic clock), `email_id` (the local part of the Message-ID, else the value that the API
was given under that name), `key` (the value of --correlation-header, null when the mail has none),
`provider`, `recipients_sha256` (of the envelope's lower-case addresses, sorted, one a line: enough
to tell a misdelivery, too little to tell who), `size_bytes` and `body_sha256` (of all that follows
the header's blank line; where an API takes texts, of these).

The HTTP APIs want credentials of the right form and check no secret. With --refuse-recipient some
recipients are refused for good, and their address is quoted in the answer, as many providers do.
"""
