"""Alarms: emails that wait too long, emails that were parked, errors that senders see.

The first also brings workers, and takes them away again: what counts is how old the oldest message
is (SQS Developer Guide, sqs-available-cloudwatch-metrics), not how many there are.
"""

from typing import Any

from reference.infra.deployment import Deployment
from reference.infra.queues import dead_letter_id
from reference.infra.words import NO_VALUE, Json, Resources, get, ref, resource

TOO_OLD_S, YOUNG_S = 60, 10
PERIOD_S = 60  # SQS's metrics come by the minute
_TELL = {"Fn::If": ["HasAlerts", ref("AlertsTopicArn"), NO_VALUE]}


def watch(deployment: Deployment) -> Resources:
    found: Resources = {
        "EmailsWait": _alarm(
            "The oldest email waits longer than a minute",
            *_oldest(deployment),
            threshold=TOO_OLD_S,
            also=[ref("WorkersMore")] if deployment.consumer == "worker" else [],
        )
    }
    for queue_id in deployment.queue_ids:
        dead_id = dead_letter_id(queue_id)
        found[f"{dead_id}Filled"] = _alarm(
            "Emails were parked; somebody has to look",
            _metric("SQS", "ApproximateNumberOfMessagesVisible", "Maximum", _of_queue(dead_id)),
            threshold=0,
        )
    if deployment.consumer == "worker":
        found["NothingWaits"] = _alarm(
            "No email waits: fewer workers will do",
            *_oldest(deployment),
            threshold=YOUNG_S,
            operator="LessThanThreshold",
            periods=5,
            tell=False,
            also=[ref("WorkersFewer")],
        )
    else:
        of_function = {"FunctionName": ref("Function")}
        for metric in ("Errors", "Throttles"):
            found[f"Function{metric}"] = _alarm(
                f"The function's {metric.lower()}: its emails come again later",
                _metric("Lambda", metric, "Sum", of_function),
                threshold=0,
            )
    if deployment.gateway_mapping is None:
        of_balancer = {"LoadBalancer": get("Balancer", "LoadBalancerFullName")}
        errors = _metric("ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", of_balancer)
    else:
        errors = _metric("ApiGateway", "5XXError", "Sum", {"ApiName": ref("AWS::StackName")})
    found["SendersSeeErrors"] = _alarm("Senders are told to try again", errors, threshold=10)
    return found


def _oldest(deployment: Deployment) -> list[Json]:
    """The age of the oldest message of all queues."""
    ages = [
        _metric("SQS", "ApproximateAgeOfOldestMessage", "Maximum", _of_queue(queue_id), number)
        for number, queue_id in enumerate(deployment.queue_ids)
    ]
    if len(ages) == 1:
        return ages
    for age in ages:
        age["ReturnData"] = False
    names = ", ".join(age["Id"] for age in ages)
    return [*ages, {"Id": "oldest", "Expression": f"MAX([{names}])", "ReturnData": True}]


def _of_queue(queue_id: str) -> Json:
    return {"QueueName": get(queue_id, "QueueName")}


def _metric(service: str, name: str, statistic: str, dimensions: Json, number: int = 0) -> Json:
    return {
        "Id": f"m{number}",
        "ReturnData": True,
        "MetricStat": {
            "Stat": statistic,
            "Period": PERIOD_S,
            "Metric": {
                "Namespace": f"AWS/{service}",
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            },
        },
    }


def _alarm(
    what: str,
    *metrics: Json,
    threshold: int,
    operator: str = "GreaterThanThreshold",
    periods: int = 1,
    tell: bool = True,
    also: list[Any] | None = None,
) -> Json:
    return resource(
        "CloudWatch::Alarm",
        {
            "AlarmDescription": what,
            "Metrics": list(metrics),
            "ComparisonOperator": operator,
            "Threshold": threshold,
            "EvaluationPeriods": periods,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [*([_TELL] if tell else []), *(also or [])],
        },
    )
