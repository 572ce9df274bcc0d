"""Posting to a provider's HTTPS API: one attempt, bounded in time, answers never kept.

A status is all that is taken from an answer: its text may quote an address. Connections are kept
and reused, one for each thread that posts at the same time.
"""

import ssl
from collections.abc import Mapping

import urllib3
from urllib3 import exceptions

from reference.clock import Clock
from reference.errors import ProviderError, outcome_unknown, transient_refusal
from reference.providers import http_answers

CONNECT_TIMEOUT_S = 2.0
ANSWER_BYTES = 16_384  # read at a time, and thrown away

# Raised before a byte of the request was sent.
_NOT_SENT = (
    exceptions.NewConnectionError,
    exceptions.ConnectTimeoutError,
    exceptions.LocationValueError,
    exceptions.ProxyError,
)


class HttpsApi:
    """One provider's API; several threads use it."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        connections_max: int,
        clock: Clock,
    ) -> None:
        """`timeout_s` bounds the connecting, the wait for a status, and the rest of the answer."""
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._clock = clock
        self._pool = urllib3.PoolManager(
            maxsize=connections_max,
            headers=dict(headers),
            retries=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT_S, timeout_s), read=timeout_s),
        )

    def post(self, path: str, body: bytes, content_type: str) -> None:
        """Returns when the answer was a success. Raises ProviderError."""
        headers = {**self._pool.headers, "content-type": content_type}
        try:
            response = self._pool.request(
                "POST",
                self._url + path,
                body=body,
                headers=headers,
                preload_content=False,
                redirect=False,
            )
        except (exceptions.HTTPError, OSError) as error:
            raise _not_answered(error) from None
        self._finish(response)
        if not 200 <= response.status < 300:
            raise http_answers.refusal(response.status, str(response.status))

    def close(self) -> None:
        self._pool.clear()

    def _finish(self, response: urllib3.BaseHTTPResponse) -> None:
        """Read the rest, so that the connection can serve again; or close it.

        The status has told all, so nothing that goes wrong here matters.
        """
        deadline_s = self._clock.now_s() + self._timeout_s
        try:
            while self._clock.now_s() < deadline_s:
                if not response.read1(ANSWER_BYTES):
                    response.release_conn()
                    return
        except (exceptions.HTTPError, OSError):
            pass
        response.close()


def _not_answered(error: Exception) -> ProviderError:
    """A certificate that does not hold ends the connecting; all else may end anything."""
    code = type(error).__name__
    cause = error.args[0] if error.args else None
    if isinstance(error, _NOT_SENT) or isinstance(cause, ssl.SSLCertVerificationError):
        return transient_refusal(code)
    return outcome_unknown(code)
