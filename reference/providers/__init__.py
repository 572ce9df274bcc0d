"""Email providers behind one interface.

    worker -> Provider.send(Outgoing) -> Accepted | ProviderError
                  |
                smtp.py (over mime.py)

`base.py` is the interface, one file a provider stands beside it.
"""
