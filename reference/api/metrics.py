"""What the API counts, for Prometheus. Labels have few values and none comes from a sender."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

# From 1 ms to beyond the deadline of a send.
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One registry an application, so that several can live in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "email_api_requests",
            "HTTP requests answered",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "email_api_request_seconds",
            "Time from the request's head to the end of the answer",
            ["route"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        sends = Counter(
            "email_api_sqs_attempts",
            "Attempts to write to SQS: ok, definite (certainly not stored) or indefinite",
            ["outcome"],
            registry=self._registry,
        )
        # Looked up once: one is counted for every email.
        self._sends = {each: sends.labels(each) for each in ("ok", "definite", "indefinite")}

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def send_attempt(self, outcome: str) -> None:
        self._sends[outcome].inc()

    def exposition(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self._registry)
