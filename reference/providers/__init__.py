"""Email providers behind one interface.

    worker -> Failover (failover.py, breaker.py) -> Provider.send(Outgoing)
                                                       |
                    smtp.py  ses.py  mailgun.py (over mime.py)  sendgrid.py
                                     mailgun.py, sendgrid.py (over https.py)

`base.py` is the interface, one file a provider stands beside it. What answers mean is decided
where they are read: `http_answers.py` for statuses, `ses.py` and `smtp.py` for their own codes.
None of the four has idempotency, see their files.
"""
