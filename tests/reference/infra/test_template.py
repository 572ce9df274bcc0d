"""The templates: whole, narrow, and deployed as far as moto carries them."""

import re
import warnings

import boto3
import pytest
import yaml
from moto import mock_aws
from openapi_spec_validator import validate

from reference.api.settings import ApiSettings
from reference.cloud.api_gateway.definition import MAPPINGS, load_api
from reference.infra.deployment import QUEUES_MAX, Deployment
from reference.infra.logs import RETENTION_DAYS
from reference.infra.template import PARAMETERS, template_of, to_yaml
from reference.worker.settings import WorkerSettings

FIFO = Deployment(name="fifo", is_fifo=True)
DEPLOYMENTS = [
    FIFO,
    Deployment(
        name="pool", is_fifo=True, queue_count=4, send_batch_max=10, is_high_throughput=True
    ),
    Deployment(name="lambda", is_fifo=True, consumer="lambda", maximum_concurrency=5),
    Deployment(
        name="gateway",
        is_fifo=False,
        gateway_mapping="careful",
        consumer="lambda",
        batch_window_s=1,
    ),
    Deployment(name="gateway-worker", is_fifo=True, gateway_mapping="default-200"),
]
NAMES = [each.name for each in DEPLOYMENTS]
# Actions that know no resources.
WITHOUT_RESOURCES = {
    "ecr:GetAuthorizationToken",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}
# What moto's CloudFormation does not make. Of a RestApi it leaves out the body, so that there is
# nothing to deploy: the document is imported by itself below.
NOT_IN_MOTO = {
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::SQS::QueuePolicy",
}


def of_type(template, kind):
    return {
        name: each["Properties"]
        for name, each in template["Resources"].items()
        if each["Type"] == f"AWS::{kind}"
    }


def walk(value):
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from walk(each)


def statements(template):
    for properties in of_type(template, "IAM::Role").values():
        for policy in properties["Policies"]:
            yield from policy["PolicyDocument"]["Statement"]


@pytest.fixture(params=DEPLOYMENTS, ids=NAMES)
def template(request):
    return template_of(request.param)


def test_a_template_survives_its_yaml(template):
    assert yaml.safe_load(to_yaml(template)) == template


def test_every_reference_is_to_something_that_is_there(template):
    known = {*template["Resources"], *template["Parameters"]}
    for value in walk(template):
        if isinstance(value, dict) and "Ref" in value:
            assert value["Ref"] in known or value["Ref"].startswith("AWS::")
        if isinstance(value, dict) and "Fn::GetAtt" in value:
            assert value["Fn::GetAtt"][0] in known
        if isinstance(value, dict) and "Fn::Sub" in value:
            for name in re.findall(r"\$\{([^}.]+)", value["Fn::Sub"]):
                assert name in known or name.startswith("AWS::")


def test_what_is_asked_for_is_used(template):
    text = to_yaml(template)
    for name in template["Parameters"]:
        assert text.count(name) > 1


def test_roles_name_actions_and_resources(template):
    found = list(statements(template))
    assert found
    for statement in found:
        assert not any("*" in action for action in statement["Action"])
        if statement["Resource"] == "*":
            assert set(statement["Action"]) <= WITHOUT_RESOURCES


def test_every_queue_is_encrypted_parks_in_its_own_kind_and_wants_tls(template):
    queues = of_type(template, "SQS::Queue")
    (policy,) = of_type(template, "SQS::QueuePolicy").values()
    assert {each["Ref"] for each in policy["Queues"]} == set(queues)
    for properties in queues.values():
        assert properties["SqsManagedSseEnabled"] is True
        if "RedrivePolicy" in properties:
            dead = queues[properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]]
            assert dead.get("FifoQueue") == properties.get("FifoQueue")
            assert dead["MessageRetentionPeriod"] > properties["MessageRetentionPeriod"]
            allowed = dead["RedriveAllowPolicy"]["sourceQueueArns"][0]["Fn::Sub"]
            assert allowed.endswith(properties["QueueName"]["Fn::Sub"])


def test_all_logs_expire(template):
    groups = of_type(template, "Logs::LogGroup")
    assert groups
    assert {each["RetentionInDays"] for each in groups.values()} == {RETENTION_DAYS}


def told(template):
    """What processes and functions are told by their environment."""
    for task in of_type(template, "ECS::TaskDefinition").values():
        for container in task["ContainerDefinitions"]:
            for each in [*container["Environment"], *container.get("Secrets", [])]:
                yield each["Name"]
    for function in of_type(template, "Lambda::Function").values():
        yield from function["Environment"]["Variables"]


def test_processes_know_what_they_are_told(template):
    known = {
        kind.variable(field)
        for kind in (ApiSettings, WorkerSettings)
        for field in kind.model_fields
    }
    assert set(told(template))
    assert set(told(template)) <= known


def test_workers_follow_the_oldest_message_and_the_api_its_own_load():
    template = template_of(FIFO)
    alarms = of_type(template, "CloudWatch::Alarm")
    scaling = {"Ref": "WorkersMore"}, {"Ref": "WorkersFewer"}
    for name, alarm in alarms.items():
        moves_workers = any(each in alarm["AlarmActions"] for each in scaling)
        metrics = {
            metric["MetricStat"]["Metric"]["MetricName"]
            for metric in alarm["Metrics"]
            if "MetricStat" in metric
        }
        assert moves_workers == (metrics == {"ApproximateAgeOfOldestMessage"}), name
    api = of_type(template, "ApplicationAutoScaling::ScalingPolicy")["ApiGrows"]
    assert api["PolicyType"] == "TargetTrackingScaling"
    assert api["ScalingTargetId"] == {"Ref": "ApiScale"}


def test_a_pools_workers_follow_the_oldest_message_of_all_its_queues():
    (pool,) = (each for each in DEPLOYMENTS if each.queue_count > 1)
    alarm = of_type(template_of(pool), "CloudWatch::Alarm")["EmailsWait"]
    *ages, oldest = alarm["Metrics"]
    assert oldest["Expression"] == "MAX([m0, m1, m2, m3])"
    assert len({str(age["MetricStat"]["Metric"]["Dimensions"]) for age in ages}) == 4
    assert [metric["ReturnData"] for metric in alarm["Metrics"]] == [False] * 4 + [True]


def test_a_changed_api_is_deployed_anew():
    deployments = [Deployment(name="g", is_fifo=True, gateway_mapping=each) for each in MAPPINGS]
    names = {
        name
        for each in deployments
        for name in of_type(template_of(each), "ApiGateway::Deployment")
    }
    assert len(names) == len(MAPPINGS)


def test_every_call_that_needs_no_key_is_throttled():
    mapping = "careful"
    open_calls = {
        (method.upper(), path)
        for path, methods in load_api(mapping).document["paths"].items()
        for method, call in methods.items()
        if not call.get("security")
    }
    template = template_of(Deployment(name="g", is_fifo=True, gateway_mapping=mapping))
    [stage] = of_type(template, "ApiGateway::Stage").values()
    limits = {
        (each["HttpMethod"], each["ResourcePath"].replace("~1", "/").replace("//", "/")): each
        for each in stage["MethodSettings"]
    }
    assert open_calls == {("GET", "/readyz")}
    for call in open_calls:
        assert limits[call]["ThrottlingRateLimit"] <= 10
        assert limits[call]["ThrottlingBurstLimit"] <= 10
        assert not limits[call]["DataTraceEnabled"]


@pytest.mark.parametrize("count", [0, QUEUES_MAX + 1])
def test_a_pool_that_no_alarm_can_watch_is_refused(count):
    with pytest.raises(ValueError, match=f"{count} queues; a template can have 1 to 10"):
        Deployment(name="pool", is_fifo=True, queue_count=count)


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_the_gateways_definition_is_an_openapi_document(mapping):
    validate(load_api(mapping).document)


@pytest.fixture
def aws(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def values():
    """For every parameter, as the account in moto has them."""
    ec2, acm = boto3.client("ec2"), boto3.client("acm")
    subnets = ec2.describe_subnets()["Subnets"]
    return {
        "VpcId": subnets[0]["VpcId"],
        "SubnetIds": ",".join(each["SubnetId"] for each in subnets[:2]),
        "SendersCidr": "192.0.2.0/24",
        "CertificateArn": acm.request_certificate(DomainName="api.example.com")["CertificateArn"],
        "ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/emails:1",
        "FunctionImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/emails-function:1",
        "ApiKeysSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:keys",
        "SenderDomain": "mail.example.com",
        "AlertsTopicArn": "",
        "SesEndpointUrl": "",
    }


def deploy(template):
    """The stack's resources, by logical id."""
    cloudformation = boto3.client("cloudformation")
    assert set(values()) == set(PARAMETERS)
    carried = {
        **template,
        "Resources": {
            name: each
            for name, each in template["Resources"].items()
            if each["Type"] not in NOT_IN_MOTO
        },
        "Outputs": {
            name: each for name, each in template["Outputs"].items() if "ApiStage" not in str(each)
        },
    }
    given = values()
    cloudformation.create_stack(
        StackName="emails",
        TemplateBody=to_yaml(carried),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": given[name]} for name in template["Parameters"]
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    summaries = cloudformation.list_stack_resources(StackName="emails")["StackResourceSummaries"]
    assert {each["LogicalResourceId"] for each in summaries} == set(carried["Resources"])
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in summaries}


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("deployment", DEPLOYMENTS[:4:3], ids=NAMES[:4:3])
def test_a_stack_comes_up_and_its_queues_are_as_they_should_be(deployment):
    template = template_of(deployment)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # moto's own
        resources = deploy(template)
    sqs = boto3.client("sqs")
    for name, wanted in of_type(template, "SQS::Queue").items():
        found = sqs.get_queue_attributes(QueueUrl=resources[name], AttributeNames=["All"])[
            "Attributes"
        ]
        assert found["SqsManagedSseEnabled"] == "true"
        assert ("RedrivePolicy" in found) == ("RedrivePolicy" in wanted)
        assert found.get("FifoQueue", "false") == str(wanted.get("FifoQueue", False)).lower()


@pytest.mark.usefixtures("aws")
def test_a_function_reads_its_queue_and_reports_failures_one_by_one():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        deploy(template_of(DEPLOYMENTS[2]))  # with the API before it
    (trigger,) = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert trigger["EventSourceArn"].endswith(":emails-queue.fifo")
    assert trigger["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
