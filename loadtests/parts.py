"""What is started for intake and consumer of a configuration: module, arguments, environment.

Pure: nothing is started here. A part goes by its role, `api` or `worker`, whatever plays it; so
faults and logs find it under every configuration.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.queues import REGION
from loadtests.supervised import Listens
from scenarios.configuration import Configuration, Consumer, Intake

TENANT = "queueproof"
API_KEY = "local-test-key"
LAMBDA_HANDLER = "reference.worker.lambda_handler:handler"


GATEWAY, LAMBDA = "api-gateway", "lambda"


def played_by(configuration: Configuration) -> dict[str, str]:
    """How measurements call who plays a part, where that is no process of ours."""
    players = {}
    if configuration.intake.kind == "api-gateway":
        players["api"] = GATEWAY
    if configuration.consumer.kind == "lambda":
        players["worker"] = LAMBDA
    return players


@dataclass(frozen=True)
class Part:
    """How to start one component."""

    module: str
    arguments: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    listens: Sequence[Listens] = ()


@dataclass(frozen=True)
class Place:
    """Where a part finds SQS, and where it may write."""

    sqs_url: str
    queue_urls: Sequence[str]
    folder: Path


def intake_part(intake: Intake, place: Place, *, host: str, port: int) -> Part:
    """What accepts emails, listening at `host`; `port` 0 takes a free one."""
    keys = {"EMAIL_API_KEYS": json.dumps({TENANT: API_KEY})}
    if intake.kind == "api-gateway":
        assert intake.mapping is not None, "the configuration was checked"
        return Part(
            "reference.cloud.api_gateway",
            [
                *("--endpoint-url", place.sqs_url, "--queue-url", place.queue_urls[0]),
                *("--mapping", intake.mapping, "--host", host),
                *("--journal", str(place.folder / "api-gateway.jsonl")),
            ],
            keys,
            [Listens(port)],
        )
    env = {
        **_queues("EMAIL_API", place.queue_urls),
        "EMAIL_API_SQS_ENDPOINT_URL": place.sqs_url,
        "EMAIL_API_HOST": host,
        "EMAIL_API_REGION": REGION,
        **keys,
    }
    if intake.batch_max > 1:
        env["EMAIL_API_SEND_BATCH_MAX"] = str(intake.batch_max)
        env["EMAIL_API_SEND_LINGER_MS"] = f"{intake.linger_ms:g}"
    listens = Listens(
        port, option="EMAIL_API_PORT", file_option="EMAIL_API_PORT_FILE", by_environment=True
    )
    return Part("reference.api", [], env, [listens])


def consumer_part(
    configuration: Configuration,
    place: Place,
    *,
    visibility_timeout_s: int,
    providers: Mapping[str, str],
    seed: int,
) -> Part:
    """What sends the emails; `providers` are the variables that say through whom."""
    env = {
        **_queues("EMAIL_WORKER", place.queue_urls),
        "EMAIL_WORKER_SQS_ENDPOINT_URL": place.sqs_url,
        "EMAIL_WORKER_REGION": REGION,
        "EMAIL_WORKER_VISIBILITY_TIMEOUT_S": str(visibility_timeout_s),
        "EMAIL_WORKER_JOURNAL": str(place.folder / "worker.jsonl"),
        "EMAIL_WORKER_LEDGER": f"sqlite:{place.folder / 'deliveries.sqlite3'}",
        **providers,
    }
    if configuration.consumer.kind == "lambda":
        return Part(
            "reference.cloud.lambda_trigger",
            _trigger(configuration.consumer, place, seed),
            env,
        )
    return Part("reference.worker", [], env)


def _trigger(consumer: Consumer, place: Place, seed: int) -> list[str]:
    arguments = [
        *("--endpoint-url", place.sqs_url, "--queue-url", place.queue_urls[0]),
        *("--region", REGION, "--handler", LAMBDA_HANDLER),
        *("--batch-size", str(consumer.batch_size)),
        *("--batch-window-s", str(consumer.batch_window_s)),
        *("--timeout-s", str(consumer.timeout_s)),
        *("--memory-mb", str(consumer.memory_mb)),
        *("--log-dir", str(place.folder / "logs" / "worker")),
        *("--journal", str(place.folder / "lambda.jsonl"), "--seed", str(seed)),
    ]
    if consumer.maximum_concurrency is not None:
        arguments += ["--maximum-concurrency", str(consumer.maximum_concurrency)]
    return arguments


def _queues(prefix: str, urls: Sequence[str]) -> dict[str, str]:
    if len(urls) == 1:
        return {f"{prefix}_QUEUE_URL": urls[0]}
    return {f"{prefix}_QUEUE_URLS": ",".join(urls)}
