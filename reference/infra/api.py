"""The API on Fargate, behind a load balancer that speaks TLS; it grows with its own load."""

from reference.infra.access import may_send
from reference.infra.deployment import Deployment
from reference.infra.fargate import scaling_policy, security_group, service
from reference.infra.queues import queue_variables
from reference.infra.words import Json, Resources, get, ref, resource

PORT = 8080
CPU_PERCENT = 60.0
# Longer than the API drains, shorter than it keeps idle connections.
DEREGISTRATION_S = 20


def api(deployment: Deployment) -> Resources:
    variables: Json = {
        **queue_variables(deployment, "EMAIL_API_"),
        "EMAIL_API_REGION": ref("AWS::Region"),
        # In a network namespace of its own, in front of which only the load balancer stands.
        "EMAIL_API_HOST": "0.0.0.0",  # noqa: S104
        "EMAIL_API_PORT": str(PORT),
    }
    if deployment.send_batch_max > 1:
        variables |= {
            "EMAIL_API_SEND_BATCH_MAX": str(deployment.send_batch_max),
            "EMAIL_API_SEND_LINGER_MS": f"{deployment.send_linger_ms:g}",
        }
    return {
        **_load_balancer(),
        **service(
            "Api",
            "reference.api",
            variables=variables,
            secrets={"EMAIL_API_KEYS": ref("ApiKeysSecretArn")},
            statements=[may_send(deployment)],
            port=PORT,
            properties={
                "LoadBalancers": [
                    {
                        "ContainerName": "api",
                        "ContainerPort": PORT,
                        "TargetGroupArn": ref("Targets"),
                    }
                ],
                "HealthCheckGracePeriodSeconds": 30,
            },
            depends_on=["Listener"],
        ),
        "ApiGrows": scaling_policy(
            "Api",
            "TargetTrackingScaling",
            label="api",
            TargetValue=CPU_PERCENT,
            PredefinedMetricSpecification={
                "PredefinedMetricType": "ECSServiceAverageCPUUtilization"
            },
        ),
    }


def _load_balancer() -> Resources:
    return {
        "BalancerSecurityGroup": resource(
            "EC2::SecurityGroup",
            {
                "GroupDescription": "Senders reach the load balancer by HTTPS",
                "VpcId": ref("VpcId"),
                "SecurityGroupIngress": [
                    {
                        "IpProtocol": "tcp",
                        "FromPort": 443,
                        "ToPort": 443,
                        "CidrIp": ref("SendersCidr"),
                    }
                ],
            },
        ),
        "ApiSecurityGroup": security_group(
            "Only the load balancer reaches the API",
            [
                {
                    "IpProtocol": "tcp",
                    "FromPort": PORT,
                    "ToPort": PORT,
                    "SourceSecurityGroupId": get("BalancerSecurityGroup", "GroupId"),
                }
            ],
        ),
        "Balancer": resource(
            "ElasticLoadBalancingV2::LoadBalancer",
            {
                "Type": "application",
                "Scheme": "internal",
                "Subnets": ref("SubnetIds"),
                "SecurityGroups": [get("BalancerSecurityGroup", "GroupId")],
                "LoadBalancerAttributes": [
                    {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}
                ],
            },
        ),
        "Targets": resource(
            "ElasticLoadBalancingV2::TargetGroup",
            {
                "TargetType": "ip",
                "Protocol": "HTTP",
                "Port": PORT,
                "VpcId": ref("VpcId"),
                # Not /readyz: while SQS fails, senders shall hear so from the API.
                "HealthCheckPath": "/healthz",
                "HealthCheckIntervalSeconds": 10,
                "HealthyThresholdCount": 2,
                "UnhealthyThresholdCount": 3,
                "TargetGroupAttributes": [
                    {
                        "Key": "deregistration_delay.timeout_seconds",
                        "Value": str(DEREGISTRATION_S),
                    }
                ],
            },
        ),
        "Listener": resource(
            "ElasticLoadBalancingV2::Listener",
            {
                "LoadBalancerArn": ref("Balancer"),
                "Protocol": "HTTPS",
                "Port": 443,
                "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
                "Certificates": [{"CertificateArn": ref("CertificateArn")}],
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": ref("Targets")}],
            },
        ),
    }
