"""What stands beside SQS on the same port, under /_admin: faults, metrics, health.

PUT    /_admin/faults        {"seed": 7, "faults": [{"kind": "refuse", "label": ...}, ...]}
GET    /_admin/faults        the plan in force, and how often each fault fired
POST   /_admin/faults        {"faults": [...]}: these as well; those in force go on
DELETE /_admin/faults        all of them, or one: /_admin/faults/LABEL
GET    /_admin/metrics       JSON, by CloudWatch's names
GET    /_admin/metrics.prom  Prometheus text
GET    /_admin/calls         by the second: of a queue by family (what a quota counts) and by action
GET    /_admin/healthz
"""

from collections.abc import Callable
from typing import Any

import orjson

from reference.clock import Clock
from reference.cloud.fault_plan import FaultPlanError, parse_plan
from reference.cloud.sqs import metrics
from reference.cloud.sqs.engine import Engine
from reference.cloud.sqs.exchange import Reply, Request
from reference.cloud.sqs.faults import FaultInjector, FaultPlan
from reference.cloud.sqs.quotas import CallCounts, Quotas

PREFIX = "/_admin/"
ONE_FAULT = f"{PREFIX}faults/"


class Admin:
    """Answers requests under PREFIX."""

    def __init__(self, clock: Clock, engine: Engine, quotas: Quotas, faults: FaultInjector) -> None:
        self._clock = clock
        self._engine = engine
        self._quotas = quotas
        self._faults = faults
        self._routes: dict[str, dict[str, Callable[[bytes], Reply]]] = {
            "healthz": {"GET": _healthz},
            "metrics": {"GET": self._metrics},
            "metrics.prom": {"GET": self._metrics_prom},
            "calls": {"GET": self._calls},
            "faults": {
                "GET": self._show_faults,
                "PUT": self._put_faults,
                "POST": self._post_faults,
                "DELETE": self._delete_faults,
            },
        }

    def handle(self, request: Request) -> Reply:
        path = request.path
        # What answers GET answers HEAD; the connection leaves the body out.
        method = "GET" if request.method == b"HEAD" else request.method.decode("latin-1")
        if path.startswith(ONE_FAULT) and method == "DELETE":
            return self._delete_fault(path.removeprefix(ONE_FAULT))
        methods = self._routes.get(path.removeprefix(PREFIX))
        if methods is None:
            known = ", ".join(self._routes)
            return _json(404, {"error": f"there is no {path[:80]}; {PREFIX} has {known}"})
        if method not in methods:
            return _json(405, {"error": f"{path} takes {', '.join(methods)}, not {method}"})
        return methods[method](request.body)

    def _metrics(self, body: bytes) -> Reply:
        del body
        return _json(200, metrics.as_json(self._engine, self._quotas, self._clock.now_s()))

    def _metrics_prom(self, body: bytes) -> Reply:
        del body
        text = metrics.as_prometheus(self._engine, self._quotas).encode()
        return _reply(200, b"text/plain; version=0.0.4; charset=utf-8", text)

    def _calls(self, body: bytes) -> Reply:
        del body
        names = self._quotas.queue_names()
        columns = ["second", "admitted", "throttled"]
        queues = {name: _seconds(self._quotas.counts(name)) for name in names}
        actions = {name: _seconds(self._quotas.counts_by_action(name)) for name in names}
        return _json(200, {"columns": columns, "queues": queues, "actions": actions})

    def _put_faults(self, body: bytes) -> Reply:
        try:
            self._faults.set_plan(parse_plan(body, FaultPlan))
        except FaultPlanError as error:
            return _json(400, {"error": str(error)})
        return self._show_faults(b"")

    def _post_faults(self, body: bytes) -> Reply:
        try:
            plan = parse_plan(body, FaultPlan)
            if plan.seed is not None:
                raise FaultPlanError("seed: the plan in force keeps its own; PUT sets one")
            self._faults.add(plan.faults)
        except FaultPlanError as error:
            return _json(400, {"error": str(error)})
        return self._show_faults(b"")

    def _delete_fault(self, label: str) -> Reply:
        if not self._faults.end(label):
            return _json(404, {"error": f"no fault in force is labelled {label[:80]!r}"})
        return self._show_faults(b"")

    def _delete_faults(self, body: bytes) -> Reply:
        self._faults.set_plan(FaultPlan())
        return self._show_faults(body)

    def _show_faults(self, body: bytes) -> Reply:
        del body
        plan = self._faults.plan.model_dump(mode="json")
        return _json(200, {**plan, "fired": self._faults.fired_counts()})


def _seconds(counts: dict[str, CallCounts]) -> dict[str, list[list[int]]]:
    return {name: list(each.seconds) for name, each in counts.items()}


def _healthz(body: bytes) -> Reply:
    del body
    return _json(200, {"status": "ok"})


def _json(status: int, value: dict[str, Any]) -> Reply:
    return _reply(status, b"application/json", orjson.dumps(value))


def _reply(status: int, content_type: bytes, body: bytes) -> Reply:
    return Reply(status, b"content-type: %b\r\n" % content_type, body)
