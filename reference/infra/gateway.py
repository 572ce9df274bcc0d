"""API Gateway in front of the queue: the definition of `reference.cloud.api_gateway`, as it stands.

The account needs a role with which API Gateway writes logs (set-up-logging in its Developer Guide).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from reference.cloud.api_gateway.app import BURST, RATE_PER_S
from reference.cloud.api_gateway.definition import MappingName, load_api
from reference.infra.access import may_send, role
from reference.infra.deployment import Deployment
from reference.infra.logs import log_group
from reference.infra.words import Json, Resources, get, ref, resource, sub

STAGE = "v1"
READYZ_PER_S, READYZ_BURST = 5.0, 10
_SUBSTITUTED = ("uri", "credentials")
# What the local gateway's journal has, in the words of access logs: ids and statuses alone.
_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "route": "$context.httpMethod $context.resourcePath",
    "status": "$context.status",
    "integration_status": "$context.integrationStatus",
    "gateway_response": "$context.error.responseType",
}


def gateway(deployment: Deployment, mapping: MappingName) -> Resources:
    body = _with_references(load_api(mapping).document)
    # What is deployed is a copy, so a changed definition needs a deployment of another name.
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:8]
    snapshot = f"ApiDeployment{digest}"
    return {
        "ApiRole": role("apigateway", [may_send(deployment)]),
        "ApiLogs": log_group("/apigateway/${AWS::StackName}"),
        "Api": resource(
            "ApiGateway::RestApi",
            {
                "Name": sub("${AWS::StackName}"),
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "Body": body,
            },
        ),
        snapshot: resource("ApiGateway::Deployment", {"RestApiId": ref("Api")}),
        "ApiStage": resource(
            "ApiGateway::Stage",
            {
                "RestApiId": ref("Api"),
                "DeploymentId": ref(snapshot),
                "StageName": STAGE,
                "Variables": {"fifo": str(deployment.is_fifo).lower()},
                "AccessLogSetting": {
                    "DestinationArn": get("ApiLogs"),
                    "Format": json.dumps(_ACCESS_LOG),
                },
                "MethodSettings": [
                    {
                        "HttpMethod": "*",
                        "ResourcePath": "/*",
                        "MetricsEnabled": True,
                        # Full request logs hold what was sent.
                        "DataTraceEnabled": False,
                        "ThrottlingRateLimit": RATE_PER_S,
                        "ThrottlingBurstLimit": int(BURST),
                    },
                    {
                        "HttpMethod": "GET",
                        "ResourcePath": "/~1readyz",
                        "MetricsEnabled": True,
                        "DataTraceEnabled": False,
                        # Open to everyone, and each request calls SQS.
                        "ThrottlingRateLimit": READYZ_PER_S,
                        "ThrottlingBurstLimit": READYZ_BURST,
                    },
                ],
            },
        ),
        "ApiKey": resource("ApiGateway::ApiKey", {"Enabled": True}),
        "UsagePlan": resource(
            "ApiGateway::UsagePlan",
            {"ApiStages": [{"ApiId": ref("Api"), "Stage": ref("ApiStage")}]},
        ),
        "UsagePlanKey": resource(
            "ApiGateway::UsagePlanKey",
            {"KeyId": ref("ApiKey"), "KeyType": "API_KEY", "UsagePlanId": ref("UsagePlan")},
        ),
    }


def _with_references(document: Mapping[str, Any]) -> Json:
    """The document with what its `uri` and `credentials` refer to."""

    def each(name: str, value: Any) -> Any:
        if name in _SUBSTITUTED and isinstance(value, str):
            return sub(value)
        return {key: each(key, inner) for key, inner in value.items()} if _is_map(value) else value

    return {name: each(name, value) for name, value in document.items()}


def _is_map(value: object) -> bool:
    return isinstance(value, Mapping)
