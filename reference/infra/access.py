"""Roles: each service may do what its code does, on what it does it to, and nothing else."""

from collections.abc import Sequence
from typing import Any

from reference.infra.deployment import Deployment
from reference.infra.queues import queue_arns
from reference.infra.words import Json, get, ref, resource, sub


def role(service: str, statements: Sequence[Json]) -> Json:
    """A role that only `service`.amazonaws.com can take, and only for this account."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
    }
    return resource(
        "IAM::Role",
        {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [
                {
                    "PolicyName": "as-its-code-needs",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)},
                }
            ],
        },
    )


def allow(actions: Sequence[str], resources: Any) -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources}


def may_send(deployment: Deployment) -> Json:
    """To the queues; and to ask whether they are there, for /readyz."""
    return allow(["sqs:SendMessage", "sqs:GetQueueAttributes"], queue_arns(deployment))


def may_consume(deployment: Deployment) -> list[Json]:
    """From the queues, with the ledger, to the provider."""
    identity = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/${SenderDomain}"
    return [
        allow(
            [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
            ],
            queue_arns(deployment),
        ),
        allow(["dynamodb:UpdateItem", "dynamodb:DeleteItem"], get("Deliveries")),
        # A raw message needs both: SES Developer Guide, sending-authorization-policies.
        allow(["ses:SendEmail", "ses:SendRawEmail"], sub(identity)),
    ]


def may_log(group_id: str) -> Json:
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], get(group_id))
