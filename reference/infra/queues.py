"""Queues, each with a dead-letter queue of its own kind that takes parked messages of no other.

Encrypted by SQS, refused without TLS. Sources: SQS Developer Guide, sqs-security-best-practices,
sqs-configure-dead-letter-queue, setting-up-dead-letter-queue-retention, high-throughput-fifo.
"""

from typing import Any

from reference.infra.deployment import Deployment
from reference.infra.words import Json, Resources, get, ref, resource, sub

RETENTION_S = 4 * 86_400
DEAD_LETTER_RETENTION_S = 14 * 86_400  # the most; longer than the queue's own
RECEIVES_MAX = 5
_HIGH_THROUGHPUT = {
    "DeduplicationScope": "messageGroup",
    "FifoThroughputLimit": "perMessageGroupId",
}


def dead_letter_id(queue_id: str) -> str:
    return f"{queue_id}DeadLetters"


def queues(deployment: Deployment) -> Resources:
    found: Resources = {}
    for queue_id in deployment.queue_ids:
        found |= _pair(deployment, queue_id)
    every = [each for each in found if found[each]["Type"] == "AWS::SQS::Queue"]
    return {**found, "QueuePolicy": _tls_only(every)}


def queue_arns(deployment: Deployment) -> list[Json]:
    return [get(queue_id) for queue_id in deployment.queue_ids]


def queue_variables(deployment: Deployment, prefix: str) -> Json:
    """How a process is told of its queues: EMAIL_API_... or EMAIL_WORKER_..."""
    urls = [ref(queue_id) for queue_id in deployment.queue_ids]
    if len(urls) == 1:
        return {f"{prefix}QUEUE_URL": urls[0]}
    return {f"{prefix}QUEUE_URLS": {"Fn::Join": [",", urls]}}


def _pair(deployment: Deployment, queue_id: str) -> Resources:
    suffix = ".fifo" if deployment.is_fifo else ""
    fifo: Json = {"FifoQueue": True} if deployment.is_fifo else {}
    name = f"${{AWS::StackName}}-{queue_id.lower()}{suffix}"
    # By name: queue and dead-letter queue name each other, and neither can be first.
    arn = sub(f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{name}")
    common: Json = {**fifo, "SqsManagedSseEnabled": True}
    dead_id = dead_letter_id(queue_id)
    return {
        dead_id: resource(
            "SQS::Queue",
            {
                **common,
                "QueueName": sub(f"${{AWS::StackName}}-{queue_id.lower()}-dead{suffix}"),
                "MessageRetentionPeriod": DEAD_LETTER_RETENTION_S,
                "RedriveAllowPolicy": {"redrivePermission": "byQueue", "sourceQueueArns": [arn]},
            },
            **_KEPT,
        ),
        queue_id: resource(
            "SQS::Queue",
            {
                **common,
                **(_HIGH_THROUGHPUT if deployment.is_high_throughput else {}),
                "QueueName": sub(name),
                "VisibilityTimeout": deployment.visibility_s,
                "MessageRetentionPeriod": RETENTION_S,
                "ReceiveMessageWaitTimeSeconds": 20,
                "RedrivePolicy": {
                    "deadLetterTargetArn": get(dead_id),
                    "maxReceiveCount": RECEIVES_MAX,
                },
            },
            **_KEPT,
        ),
    }


# Emails that were acknowledged outlive the stack.
_KEPT: dict[str, Any] = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def _tls_only(queue_ids: list[str]) -> Json:
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": [get(each) for each in queue_ids],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return resource(
        "SQS::QueuePolicy",
        {
            "Queues": [ref(each) for each in queue_ids],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    )
