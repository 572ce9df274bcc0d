"""A whole template: the parts of a deployment, what they ask for, and what it tells."""

from typing import Any

import yaml  # type: ignore[import-untyped, unused-ignore]

from reference.infra.api import api
from reference.infra.consumers import function, worker
from reference.infra.deployment import Deployment
from reference.infra.fargate import cluster
from reference.infra.gateway import gateway
from reference.infra.ledger import ledger
from reference.infra.queues import queues
from reference.infra.watch import watch
from reference.infra.words import Json, Resources, ref, sub

PARAMETERS: dict[str, Json] = {
    "VpcId": {"Type": "AWS::EC2::VPC::Id", "Description": "Where services run"},
    "SubnetIds": {
        "Type": "List<AWS::EC2::Subnet::Id>",
        "Description": "Private ones in two zones, with a way to AWS's endpoints",
    },
    "SendersCidr": {
        "Type": "String",
        "Description": "Addresses from which senders reach the load balancer",
        "AllowedPattern": r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}",
    },
    "CertificateArn": {"Type": "String", "Description": "Of the load balancer's name, in ACM"},
    "ImageUri": {"Type": "String", "Description": "Container image with this package, in ECR"},
    "FunctionImageUri": {
        "Type": "String",
        "Description": "Container image with this package and Lambda's runtime client, in ECR",
    },
    "ApiKeysSecretArn": {
        "Type": "String",
        "Description": 'Secret with {"TENANT": "KEY", ...}, in Secrets Manager',
    },
    "SenderDomain": {
        "Type": "String",
        "Description": "Verified domain in Amazon SES, from which emails are sent",
    },
    "SesEndpointUrl": {
        "Type": "String",
        "Default": "",
        "Description": "Where SES's API answers, if not AWS; for load tests: a sink",
    },
    "AlertsTopicArn": {
        "Type": "String",
        "Default": "",
        "Description": "SNS topic that hears of alarms; none: nobody does",
    },
}


def template_of(deployment: Deployment) -> Json:
    """The template as plain values."""
    resources: Resources = {**queues(deployment), **ledger()}
    if deployment.gateway_mapping is None or deployment.consumer == "worker":
        resources |= cluster()
    if deployment.gateway_mapping is None:
        resources |= api(deployment)
    else:
        resources |= gateway(deployment, deployment.gateway_mapping)
    resources |= worker(deployment) if deployment.consumer == "worker" else function(deployment)
    resources |= watch(deployment)
    asked = _named(resources)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Email pipeline, configuration {deployment.name}",
        "Parameters": {name: each for name, each in PARAMETERS.items() if name in asked},
        "Conditions": {
            "HasAlerts": _is_given("AlertsTopicArn"),
            "HasSesEndpoint": _is_given("SesEndpointUrl"),
        },
        "Resources": resources,
        "Outputs": _outputs(deployment),
    }


def _is_given(parameter: str) -> Json:
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


def to_yaml(template: Json) -> str:
    """The text to deploy."""
    text: str = yaml.dump(template, Dumper=_Plain, sort_keys=False, width=100, allow_unicode=True)
    return text


def _outputs(deployment: Deployment) -> Json:
    if deployment.gateway_mapping is None:
        url = sub("https://${Balancer.DNSName}")
    else:
        url = sub("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${ApiStage}")
    return {
        "ApiUrl": {"Value": url},
        **{f"{each}Url": {"Value": ref(each)} for each in deployment.queue_ids},
    }


def _named(value: Any) -> set[str]:
    """Every name that a Ref or a Fn::Sub could mean."""
    if isinstance(value, dict):
        return set().union(*(_named(each) for each in value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*(_named(each) for each in value)) if value else set()
    if isinstance(value, str):
        return {name for name in PARAMETERS if name == value or f"${{{name}}}" in value}
    return set()


class _Plain(yaml.SafeDumper):  # type: ignore[misc, unused-ignore]
    """Without anchors, and with texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Plain.add_representer(str, _text)
