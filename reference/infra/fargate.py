"""A service on ECS Fargate: cluster, task, roles, and how far it may grow."""

from collections.abc import Mapping, Sequence
from typing import Any

from reference.infra.access import allow, may_log, role
from reference.infra.logs import log_group
from reference.infra.words import Json, Resources, environment, get, ref, resource, sub

CPU_UNITS, MEMORY_MB = "512", "1024"
STOP_S = 30  # the API drains for 15 s, the worker for 25
_MOST = {"Api": 20, "Worker": 20}
_LEAST = {"Api": 2, "Worker": 1}


def cluster() -> Resources:
    return {
        "Cluster": resource(
            "ECS::Cluster", {"ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]}
        )
    }


def service(
    name: str,
    module: str,
    *,
    variables: Mapping[str, Any],
    secrets: Mapping[str, Any],
    statements: Sequence[Json],
    port: int | None = None,
    properties: Json | None = None,
    depends_on: Sequence[str] = (),
) -> Resources:
    """`name` is Api or Worker; `properties` are more of the service's."""
    secret_arns = list(secrets.values())
    logs = {
        "LogDriver": "awslogs",
        "Options": {
            "awslogs-group": ref(f"{name}Logs"),
            "awslogs-region": ref("AWS::Region"),
            "awslogs-stream-prefix": name.lower(),
        },
    }
    container: Json = {
        "Name": name.lower(),
        "Image": ref("ImageUri"),
        "Command": ["python", "-m", module],
        "Essential": True,
        "ReadonlyRootFilesystem": True,
        "StopTimeout": STOP_S,
        "Environment": environment(dict(variables)),
        "LogConfiguration": logs,
    }
    if secrets:
        container["Secrets"] = [{"Name": n, "ValueFrom": arn} for n, arn in secrets.items()]
    if port is not None:
        container["PortMappings"] = [{"ContainerPort": port}]
    return {
        f"{name}Logs": log_group(f"/ecs/${{AWS::StackName}}/{name.lower()}"),
        f"{name}Role": role("ecs-tasks", statements),
        f"{name}StartRole": role(
            "ecs-tasks",
            [
                may_log(f"{name}Logs"),
                # GetAuthorizationToken knows no resources: ECR User Guide, security_iam.
                allow(["ecr:GetAuthorizationToken"], "*"),
                allow(
                    ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                    sub("arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*"),
                ),
                *([allow(["secretsmanager:GetSecretValue"], secret_arns)] if secrets else []),
            ],
        ),
        f"{name}Task": resource(
            "ECS::TaskDefinition",
            {
                "Family": sub(f"${{AWS::StackName}}-{name.lower()}"),
                "RequiresCompatibilities": ["FARGATE"],
                "NetworkMode": "awsvpc",
                "Cpu": CPU_UNITS,
                "Memory": MEMORY_MB,
                "TaskRoleArn": get(f"{name}Role"),
                "ExecutionRoleArn": get(f"{name}StartRole"),
                "ContainerDefinitions": [container],
            },
        ),
        f"{name}Service": resource(
            "ECS::Service",
            {
                "Cluster": ref("Cluster"),
                "LaunchType": "FARGATE",
                "TaskDefinition": ref(f"{name}Task"),
                "DesiredCount": _LEAST[name],
                "DeploymentConfiguration": {
                    "MinimumHealthyPercent": 100,
                    "MaximumPercent": 200,
                    "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                },
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {
                        "AssignPublicIp": "DISABLED",
                        "Subnets": ref("SubnetIds"),
                        "SecurityGroups": [get(f"{name}SecurityGroup", "GroupId")],
                    }
                },
                **(properties or {}),
            },
            DependsOn=list(depends_on),
        ),
        f"{name}Scale": resource(
            "ApplicationAutoScaling::ScalableTarget",
            {
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ResourceId": {
                    "Fn::Join": ["/", ["service", ref("Cluster"), get(f"{name}Service", "Name")]]
                },
                "MinCapacity": _LEAST[name],
                "MaxCapacity": _MOST[name],
            },
        ),
    }


def scaling_policy(name: str, kind: str, **configuration: Any) -> Json:
    """Of the service `name`; `kind` is StepScaling or TargetTrackingScaling."""
    key = f"{kind}PolicyConfiguration"
    return resource(
        "ApplicationAutoScaling::ScalingPolicy",
        {
            "PolicyName": sub(f"${{AWS::StackName}}-{kind}-{configuration.pop('label')}"),
            "PolicyType": kind,
            "ScalingTargetId": ref(f"{name}Scale"),
            key: configuration,
        },
    )


def security_group(what: str, ingress: Sequence[Json]) -> Json:
    """Out only by HTTPS: to AWS's endpoints."""
    return resource(
        "EC2::SecurityGroup",
        {
            "GroupDescription": what,
            "VpcId": ref("VpcId"),
            "SecurityGroupIngress": list(ingress),
            "SecurityGroupEgress": [
                {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
            ],
        },
    )
