"""High-throughput FIFO: which partition a call goes to.

A message group lives on the partition that the hash of its id names; each partition carries 300
calls a second per action, so one hot group is no faster than a plain FIFO queue
(DG partitions-and-data-distribution.html). SQS splits partitions as load grows; we model the
queue fully split, with as many partitions as its region's quota fills. A batch is charged to every
partition that it touches, once each: that is why AWS advises batches of one group.
"""

import hashlib
import math
from collections.abc import Callable
from typing import Any

from reference.cloud.sqs import limits


def region_calls_per_s(region: str) -> int:
    """Calls per second and action that a high-throughput queue carries in all."""
    return limits.HIGH_THROUGHPUT_CALLS_PER_S.get(
        region, limits.HIGH_THROUGHPUT_CALLS_PER_S_ELSEWHERE
    )


def hash_of_group(group: str) -> int:
    """In 64 bits."""
    return int.from_bytes(hashlib.blake2b(group.encode(), digest_size=8).digest(), "big")


def partition_of(group_hash: int, region: str) -> int:
    count = math.ceil(region_calls_per_s(region) / limits.PARTITION_CALLS_PER_S)
    return group_hash % count


def groups_named(params: dict[str, Any], group_of_handle: Callable[[str], int | None]) -> set[int]:
    """Hashes of the groups that a call names, by id or through receipt handles."""
    groups = set()
    for entry in (params, *params.get("Entries", ())):
        group_id = entry.get("MessageGroupId")
        if group_id is not None:
            groups.add(hash_of_group(group_id))
        elif "ReceiptHandle" in entry:
            group = group_of_handle(entry["ReceiptHandle"])
            if group is not None:
                groups.add(group)
    return groups
