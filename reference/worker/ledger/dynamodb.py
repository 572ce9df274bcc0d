"""The ledger of workers on many machines: a DynamoDB table.

Key: `email_id` (string). Turn on time to live for `expires_at`; DynamoDB deletes an expired item
within days, so until then it is treated here as if it were gone. Every write is conditional, so
of two workers that want the same email one gets it.

The idempotency utility of AWS Lambda Powertools does not fit: it deletes its record whenever the
function raises, so an attempt of unknown outcome would be forgotten, and with it the provider that
alone may try again; and its record has no room for either. Its in-progress lease is the same idea.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore import exceptions as boto

from reference import aws
from reference.clock import Clock
from reference.errors import LedgerError
from reference.worker.ledger.port import REFUSED_S, Claim, Known, Outcome, new_token

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

CONNECT_TIMEOUT_S = 1.0
READ_TIMEOUT_S = 2.0
_REFUSED_BY_CONDITION = "ConditionalCheckFailedException"
# Some of these words are reserved in expressions, so all are written as #names.
_NAMES = {
    "#state": "state",
    "#provider": "provider",
    "#unknown": "unknown",
    "#token": "token",
    "#until": "lease_until",
    "#expires": "expires_at",
}
_STATES = {"open": Known.BUSY, "sent": Known.SENT, "refused": Known.REFUSED}


class DynamoDbLedger:
    """See the module."""

    def __init__(
        self, client: "DynamoDBClient", table: str, clock: Clock, *, retention_s: float
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._retention_s = retention_s

    def claim(self, email_id: str, *, provider: str, lease_s: float) -> Claim:
        now_s = self._clock.wall_s()
        token = new_token()
        for _ in range(2):  # once more when an expired item was in the way
            item, is_ours = self._update(
                email_id,
                "SET #state = :open, #provider = if_not_exists(#provider, :provider),"
                " #unknown = if_not_exists(#unknown, :zero) + :one,"
                " #token = :token, #until = :until, #expires = :expires",
                "attribute_not_exists(email_id) OR"
                " (#state = :open AND #until <= :now AND #expires > :now)",
                open="open",
                provider=provider,
                zero=0,
                one=1,
                token=token,
                until=now_s + lease_s,
                expires=int(now_s + self._retention_s),
                now=now_s,
            )
            if is_ours:
                return Claim(email_id, Known.NEW, token, item["provider"], int(item["unknown"]) - 1)
            if float(item["expires_at"]) > now_s:
                break
            self._forget(email_id, "#expires <= :now", now=now_s)
        known = _STATES[item["state"]]
        if known is Known.REFUSED:
            # A refusal holds until it is asked for no more.
            until_s = int(now_s + REFUSED_S)
            self._update(
                email_id,
                "SET #expires = :expires",
                "#state = :refused",
                expires=until_s,
                refused="refused",
            )
        return Claim(email_id, known)

    def known(self, email_id: str) -> Known:
        try:
            answer = self._client.get_item(
                TableName=self._table, Key={"email_id": {"S": email_id}}, ConsistentRead=True
            )
        except aws.ERRORS as error:
            raise LedgerError(_code(error)) from error
        item = _plain(answer.get("Item", {}))
        if not item or float(item["expires_at"]) <= self._clock.wall_s():
            return Known.NEW
        return _STATES[item["state"]]

    def move(self, claim: Claim, provider: str) -> bool:
        _, is_done = self._update(
            claim.email_id,
            "SET #provider = :provider",
            "#token = :token",
            provider=provider,
            token=claim.token,
        )
        return is_done

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        now_s = self._clock.wall_s()
        match outcome:
            case Outcome.SENT:
                self._update(
                    claim.email_id,
                    "SET #state = :sent, #expires = :expires REMOVE #token",
                    sent="sent",
                    expires=int(now_s + self._retention_s),
                )
            case Outcome.REFUSED:
                self._update(
                    claim.email_id,
                    "SET #state = :refused, #expires = :expires REMOVE #token",
                    "#token = :token",
                    refused="refused",
                    expires=int(now_s + REFUSED_S),
                    token=claim.token,
                )
            case Outcome.UNKNOWN:
                self._update(
                    claim.email_id,
                    "SET #until = :zero REMOVE #token",
                    "#token = :token",
                    zero=0,
                    token=claim.token,
                )
            case Outcome.NOT_SENT:
                self._take_back(claim)

    def close(self) -> None:
        self._client.close()

    def _take_back(self, claim: Claim) -> None:
        """The common case, an email without unknown attempts, leaves nothing behind."""
        token = claim.token
        if not self._forget(
            claim.email_id, "#token = :token AND #unknown = :one", token=token, one=1
        ):
            self._update(
                claim.email_id,
                "SET #unknown = #unknown - :one, #until = :zero REMOVE #token",
                "#token = :token",
                token=token,
                one=1,
                zero=0,
            )

    def _update(
        self, email_id: str, update: str, condition: str = "", **values: str | float
    ) -> tuple[dict[str, str], bool]:
        """The item as it then is, and True; or as it was, and False: the condition refused."""
        optional: Any = {"ConditionExpression": condition} if condition else {}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={"email_id": {"S": email_id}},
                UpdateExpression=update,
                ExpressionAttributeNames=_names_in(update + condition),
                ExpressionAttributeValues={f":{k}": _typed(v) for k, v in values.items()},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **optional,
            )
        except aws.ERRORS as error:
            return _plain(_refused_item(error)), False
        return _plain(answer["Attributes"]), True

    def _forget(self, email_id: str, condition: str, **values: str | float) -> bool:
        """False when the condition refused."""
        try:
            self._client.delete_item(
                TableName=self._table,
                Key={"email_id": {"S": email_id}},
                ConditionExpression=condition,
                ExpressionAttributeNames=_names_in(condition),
                ExpressionAttributeValues={f":{k}": _typed(v) for k, v in values.items()},
            )
        except aws.ERRORS as error:
            _refused_item(error)
            return False
        return True


def connect(*, region: str, endpoint_url: str | None, connections_max: int) -> "DynamoDBClient":
    """A client for all threads. Raises SettingsError."""
    client: DynamoDBClient = aws.make_client(
        "dynamodb",
        region=region,
        endpoint_url=endpoint_url,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        read_timeout_s=READ_TIMEOUT_S,
        connections_max=connections_max,
    )
    return client


def _names_in(expressions: str) -> dict[str, str]:
    return {short: name for short, name in _NAMES.items() if short in expressions}


def _typed(value: str | float) -> Any:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _plain(item: Mapping[str, Any]) -> dict[str, str]:
    """Each value's text, whichever type it has."""
    return {name: next(iter(value.values())) for name, value in item.items()}


def _refused_item(error: Exception) -> Mapping[str, Any]:
    """The item that made a condition refuse. Raises LedgerError when that is not what happened.

    After a time-out the write may have been made all the same. A claim then stands in nobody's
    name until its lease ends, and an outcome is written again.
    """
    code = _code(error)
    if not isinstance(error, boto.ClientError) or code != _REFUSED_BY_CONDITION:
        raise LedgerError(code) from error
    response: Mapping[str, Any] = error.response
    item: Mapping[str, Any] = response.get("Item", {})
    return item


def _code(error: Exception) -> str:
    return (
        aws.code_and_status(error)[0]
        if isinstance(error, boto.ClientError)
        else type(error).__name__
    )
