"""Log archives in S3: `s3://bucket/prefix` names every object whose key starts so."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from compliance.pii.sources import aws
from compliance.pii.sources.expand import PieceReader
from compliance.pii.sources.files import rotation_order
from compliance.pii.sources.line import Tally
from compliance.pii.sources.reading import Reading

SCHEME = "s3://"
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class FoundObject:
    """One object, as it was when it was listed."""

    name: str  # s3://bucket/key
    size_bytes: int
    open: Callable[[], io.BufferedReader]  # raises OSError


def objects(target: str, tally: Tally, reading: Reading) -> Iterator[FoundObject]:
    """The objects under a prefix, in the order in which logs rotate."""
    bucket, _, prefix = target.removeprefix(SCHEME).partition("/")
    try:
        client = aws.client("s3", reading)
        rows = list(_listed(client, bucket, prefix))
    except aws.AwsError as error:
        tally.skip(target, str(error))
        return
    except aws.errors() as error:
        tally.skip(target, f"cannot be listed: {aws.told(error)}")
        return
    if not rows:
        tally.skip(target, "no object has this prefix")
    # A whole key names its object alone, as a path names a file; `app.log` is not `app.log.1`.
    rows = [row for row in rows if row["Key"] == prefix] or rows
    for row in sorted(rows, key=lambda row: rotation_order(row["Key"])):
        name = f"{SCHEME}{bucket}/{row['Key']}"
        is_old = reading.since_s is not None and row["LastModified"].timestamp() < reading.since_s
        if row["Size"] == 0:  # folders of the console
            continue
        if is_old:
            tally.note(name, "not changed since --since; left out")
            continue
        yield FoundObject(name, row["Size"], _opener(client, bucket, row["Key"], row["ETag"]))


def _listed(client: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def _opener(client: Any, bucket: str, key: str, etag: str) -> Callable[[], io.BufferedReader]:
    def open_() -> io.BufferedReader:
        try:
            # An object written anew since the listing is another log: say so, do not mix them.
            body = client.get_object(Bucket=bucket, Key=key, IfMatch=etag)["Body"]
        except aws.errors() as error:
            raise OSError(0, f"S3 said {aws.told(error)}") from None
        return io.BufferedReader(PieceReader(_pieces(body)), _READ_BYTES)

    return open_


def _pieces(body: Any) -> Iterator[bytes]:
    try:
        while piece := body.read(_READ_BYTES):
            yield piece
    except aws.errors() as error:
        raise OSError(0, f"the download broke off: {aws.told(error)}") from None
