"""The application: routes, and how errors become answers."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from reference import log_setup
from reference.api import problems, requests
from reference.api.access_log import AccessLog
from reference.api.auth import ApiKeys
from reference.api.intake import Intake
from reference.api.limits import Limits
from reference.api.metrics import Metrics
from reference.api.problems import Problem
from reference.api.readiness import Readiness
from reference.api.routing import Route
from reference.api.sending import QueueSender
from reference.clock import Clock


def create_app(route: Route, keys: Mapping[str, str], *, clock: Clock, limits: Limits) -> ASGIApp:
    """The API in front of the queues of `route`. `keys` maps each tenant to its API key."""
    metrics = Metrics()
    sender = QueueSender(
        route,
        metrics,
        clock,
        threads=limits.send_threads,
        line_max=limits.send_line_max,
        attempts_max=limits.send_attempts_max,
        deadline_s=limits.send_deadline_s,
        batch_max=limits.send_batch_max,
        linger_s=limits.send_linger_s,
    )
    app = FastAPI(title="Email API", version="1", docs_url=None, redoc_url=None)
    intake = Intake(
        sender,
        ApiKeys(keys),
        clock,
        message_bytes_max=limits.message_bytes_max,
        retry_after_s=limits.retry_after_s,
        busy_retry_after_s=limits.busy_retry_after_s,
    )
    _add_email_route(app, intake, limits.request_bytes_max)
    _add_operation_routes(app, Readiness(route, clock), metrics)
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(Exception, _answer_fault)
    return AccessLog(app, metrics, clock)


def _add_email_route(app: FastAPI, intake: Intake, request_bytes_max: int) -> None:
    # The body is parsed by hand: FastAPI's own errors repeat the input.
    @app.post(
        "/v1/emails",
        status_code=HTTPStatus.ACCEPTED,
        response_class=JSONResponse,
        openapi_extra=_openapi_of_email_route(),
    )
    async def accept_email(request: Request) -> Response:
        """Accept an email for delivery. 202 means that the queue has confirmed it."""
        intake.check_room()
        caller = intake.identify(request.headers)
        request.state.email_id = caller.email_id
        raw = await requests.read_body(request, bytes_max=request_bytes_max)
        await intake.accept(caller, request.headers, raw)
        return JSONResponse(
            {"id": caller.email_id, "status": "accepted"},
            status_code=HTTPStatus.ACCEPTED,
            headers={"Location": f"/v1/emails/{caller.email_id}"},
        )


def _add_operation_routes(app: FastAPI, readiness: Readiness, metrics: Metrics) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        if not await readiness.is_ready():
            raise problems.not_ready()
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", include_in_schema=False)
    async def expose_metrics() -> Response:
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


async def _answer_problem(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, Problem)
    return error.response()


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, HTTPException)
    return problems.of_http_status(error.status_code, error.headers).response()


async def _answer_fault(request: Request, error: Exception) -> Response:
    del request
    structlog.get_logger().error("unexpected failure", **log_setup.fault_place(error))
    return problems.internal().response()


def _openapi_of_email_route() -> dict[str, Any]:
    def header(name: str, description: str, *, is_required: bool = False) -> dict[str, Any]:
        return {
            "in": "header",
            "name": name,
            "required": is_required,
            "description": description,
            "schema": {"type": "string"},
        }

    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": requests.json_schema()}},
        },
        "parameters": [
            header("Authorization", "Bearer KEY", is_required=True),
            header("Idempotency-Key", "Makes a retry safe: one key, one email."),
            header("X-Message-Group", "Emails of one group leave in order. Default: your tenant."),
        ],
        "responses": {
            str(status): {
                "description": text,
                "content": {"application/problem+json": {"schema": {"type": "object"}}},
            }
            for status, text in (
                (400, "Not JSON"),
                (401, "No valid API key"),
                (413, "Too large; nothing was sent"),
                (415, "Not application/json"),
                (
                    422,
                    "Fields to correct are named, or the key is another email's; nothing was sent",
                ),
                (503, "Certainly not sent; retry after the time given"),
                (504, "Perhaps accepted; retry with the same Idempotency-Key"),
            )
        },
    }
