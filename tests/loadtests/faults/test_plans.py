"""What a component forgot when it died is told again, as far as it is still to come."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from loadtests.faults.plans import Plan
from scenarios.faults import Outage, Refuse


@pytest.fixture
def admin():
    """(endpoint, what was asked of it)."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.command, self.path, json.loads(body) if body else None))
            self.send_response(200)
            self.end_headers()

        do_PUT = do_DELETE = answer  # noqa: N815 - the server looks for these names

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


OVER = Outage(label="over", kind="outage", start_s=1, end_s=2)
UNDER_WAY = Outage(label="under-way", kind="outage", start_s=2, end_s=9)
TO_COME = Refuse(label="to-come", kind="refuse", start_s=6)
ONE_CALL = Refuse(label="one-call", kind="refuse", nth_call=7)


def test_windows_go_on_where_they_were(admin):
    endpoint, asked = admin
    now_s = [100.0]
    plan = Plan("SQS", endpoint, [OVER, UNDER_WAY, TO_COME, ONE_CALL], 7, lambda: now_s[0])
    plan.begin()
    now_s[0] = 105.0
    plan.renew()
    plan.end()
    begun, renewed, ended = asked
    assert [fault["label"] for fault in begun[2]["faults"]] == [
        "over",
        "under-way",
        "to-come",
        "one-call",
    ]
    assert {f["label"]: (f["start_s"], f.get("end_s")) for f in renewed[2]["faults"]} == {
        "under-way": (0, 4),
        "to-come": (1, None),
    }
    assert {begun[2]["seed"], renewed[2]["seed"]} == {7}
    assert ended == ("DELETE", "/_admin/faults", None)


def test_a_plan_that_never_began_is_not_renewed(admin):
    endpoint, asked = admin
    plan = Plan("SQS", endpoint, [OVER], 7)
    plan.renew()
    plan.end()
    assert asked == []
