"""The local SQS beside moto's server and ministack: one client, one payload, one run.

servers.py    starts them, each as a process of its own
traffic.py    the calls as bytes, and scripts of calls
empty_app.py  servers without any work: what ASGI alone allows, and our HTTP server alone
measures.py   one measure on one server
bench.py      which measures, in which order, into which tables
"""
