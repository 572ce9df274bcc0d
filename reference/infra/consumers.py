"""What takes emails out of the queue: the worker on Fargate, or the same worker as a function."""

from reference.infra.access import allow, may_consume, may_log, role
from reference.infra.deployment import Deployment
from reference.infra.fargate import scaling_policy, security_group, service
from reference.infra.ledger import CONSUMER_VARIABLES
from reference.infra.logs import log_group
from reference.infra.queues import queue_variables
from reference.infra.words import NO_VALUE, Resources, get, ref, resource, sub


def worker(deployment: Deployment) -> Resources:
    """More of them while the oldest message is too old, fewer while none is; see `watch`."""
    return {
        "WorkerSecurityGroup": security_group("Nobody reaches the worker", []),
        **service(
            "Worker",
            "reference.worker",
            variables={
                **queue_variables(deployment, "EMAIL_WORKER_"),
                **CONSUMER_VARIABLES,
                "EMAIL_WORKER_VISIBILITY_TIMEOUT_S": str(deployment.visibility_s),
            },
            secrets={},
            statements=may_consume(deployment),
        ),
        "WorkersMore": scaling_policy(
            "Worker",
            "StepScaling",
            label="more",
            AdjustmentType="ChangeInCapacity",
            Cooldown=60,
            MetricAggregationType="Maximum",
            StepAdjustments=[
                # Counted from the alarm's threshold.
                {
                    "MetricIntervalLowerBound": 0,
                    "MetricIntervalUpperBound": 240,
                    "ScalingAdjustment": 1,
                },
                {"MetricIntervalLowerBound": 240, "ScalingAdjustment": 4},
            ],
        ),
        "WorkersFewer": scaling_policy(
            "Worker",
            "StepScaling",
            label="fewer",
            AdjustmentType="ChangeInCapacity",
            Cooldown=120,
            MetricAggregationType="Maximum",
            StepAdjustments=[{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}],
        ),
    }


def function(deployment: Deployment) -> Resources:
    """The image's entry point must be Lambda's runtime client (awslambdaric)."""
    (queue_id,) = deployment.queue_ids
    concurrency = deployment.maximum_concurrency
    return {
        "FunctionLogs": log_group("/aws/lambda/${AWS::StackName}"),
        "FunctionRole": role(
            "lambda",
            [
                *may_consume(deployment),
                may_log("FunctionLogs"),
                allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
            ],
        ),
        "Function": resource(
            "Lambda::Function",
            {
                # By name, so that its log group, which is made first, is ours.
                "FunctionName": sub("${AWS::StackName}"),
                "PackageType": "Image",
                "Code": {"ImageUri": ref("FunctionImageUri")},
                "ImageConfig": {"Command": ["reference.worker.lambda_handler.handler"]},
                "Role": get("FunctionRole"),
                "MemorySize": deployment.memory_mb,
                "Timeout": deployment.timeout_s,
                "TracingConfig": {"Mode": "Active"},
                "Environment": {
                    "Variables": {
                        **queue_variables(deployment, "EMAIL_WORKER_"),
                        **CONSUMER_VARIABLES,
                    }
                },
            },
            DependsOn="FunctionLogs",
        ),
        "Trigger": resource(
            "Lambda::EventSourceMapping",
            {
                "FunctionName": ref("Function"),
                "EventSourceArn": get(queue_id),
                "BatchSize": deployment.batch_size,
                "MaximumBatchingWindowInSeconds": deployment.batch_window_s or NO_VALUE,
                # Else one failed email brings back its whole batch.
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": concurrency} if concurrency else NO_VALUE,
            },
        ),
    }
