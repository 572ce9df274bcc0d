"""Email providers behind one interface.

    worker -> Provider.send(Outgoing) -> Accepted | ProviderError
                  |
                smtp.py ses.py mailgun.py (over mime.py), sendgrid.py
                        sendgrid.py mailgun.py over https.py

`base.py` is the interface, one file a provider stands beside it. What answers mean is decided
where they are read: `http_answers.py` for statuses, `ses.py` and `smtp.py` for their own codes.
"""
