"""Templates: read as CloudFormation would, as far as a template alone tells."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.queue_audit.facts import Missing, Redrive, Unknown
from compliance.queue_audit.judging import audit
from compliance.queue_audit.template.intrinsics import Resolver
from compliance.queue_audit.template.loading import Source, TemplateError, load
from compliance.queue_audit.template.reading import read_template

CLEAN = Path(__file__).parent / "clean.yaml"
QUEUE = "  Q:\n    Type: AWS::SQS::Queue\n"


@pytest.fixture
def read(tmp_path):
    def read(text, **parameters):
        path = tmp_path / "t.yaml"
        path.write_text(text)
        return read_template(path, parameters=parameters)

    return read


@pytest.fixture
def the_queue(read):
    """The first queue of a template whose resource Q has the properties given."""

    def the_queue(properties, rest="", **parameters):
        indented = "".join(f"      {line}\n" for line in properties.splitlines())
        text = f"Resources:\n{QUEUE}    Properties:\n{indented}{rest}"
        return read(text, **parameters).queues[0]

    return the_queue


def resolved(value, parameters=None, **sections):
    source = Source(Path("t.yaml"), sections, {})
    return Resolver(source, parameters or {}).value(value)


def test_a_clean_template_is_clean_and_lines_are_known(profile):
    facts = read_template(CLEAN, parameters={}, log_groups=("/aws/lambda/mailer",))
    result = audit(facts, profile)
    assert (result.findings, result.unanswered) == ((), ())
    assert [(queue.name, queue.place.line) for queue in facts.queues] == [
        ("Emails", 15),
        ("Dead", 26),
    ]


def test_the_same_template_as_json_gives_the_same_facts(tmp_path, profile):
    values = load(CLEAN).values
    for indent in (None, "\t", 2):
        path = tmp_path / "t.json"
        path.write_text(json.dumps(values, indent=indent))
        assert audit(read_template(path, parameters={}), profile).passed == 26


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("sqs/encryption", "KmsMasterKeyId: !Ref Key", "SqsManagedSseEnabled: 'false'"),
        ("sqs/tls-only", "Effect: Deny", "Effect: Allow"),
        ("sqs/tls-only", "!GetAtt Emails.Arn\n            -", "!GetAtt Key.Arn\n            -"),
        ("sqs/tls-only", "[!Ref Emails, !Ref Dead]", "[!Ref Emails]"),
        ("sqs/no-public-principal", "Effect: Deny", "Effect: Allow"),
        ("sqs/dead-letter-type", "QueueName: dead.fifo\n      FifoQueue: true", "QueueName: d"),
        ("sqs/dead-letter-retention", "1209600", "60"),
        ("sqs/max-receive-count", "maxReceiveCount: 5", "maxReceiveCount: '50'"),
        ("sqs/redrive-allowed", "[Emails, Arn]", "[Dead, Arn]"),
        ("sqs/redrive-allow", "redrivePermission: byQueue", "redrivePermission: allowAll"),
        ("sqs/retention", "Select [1,", "Select [0,"),
        ("sqs/visibility", "seconds: 30", "seconds: 29"),
        ("sqs/encryption", "Condition: Never", "Condition: Fifo"),
        ("logs/retention", "RetentionInDays: 30", "RetentionInDays: 400"),
        ("logs/data-protection", "Operation: {Deidentify", "Operation: {Audit"),
    ],
)
def test_a_fault_planted_in_the_template_is_found(read, profile, rule, old, new):
    text = CLEAN.read_text()
    assert text.count(old) == 1
    result = audit(read(text.replace(old, new)), profile)
    assert rule in {finding.rule.id for finding in result.findings}
    assert all(finding.place.line for finding in result.findings)


def test_defaults_are_those_of_cloudformation(read):
    [queue] = read(f"Resources:\n{QUEUE}").queues
    assert (queue.sse_sqs, queue.kms_key, queue.policy) == (True, None, None)
    assert (queue.retention_s, queue.visibility_s, queue.is_fifo) == (345_600, 30, False)
    assert queue.redrive is None


def test_policies_may_be_text(the_queue):
    queue = the_queue('RedrivePolicy: \'{"deadLetterTargetArn":"a","maxReceiveCount":"3"}\'')
    assert queue.redrive == Redrive("a", 3)
    assert isinstance(queue.dead_letter, Unknown)


@pytest.mark.parametrize(
    ("properties", "field"),
    [
        ("VisibilityTimeout: !Ref P", "visibility_s"),
        ("VisibilityTimeout: soon", "visibility_s"),
        ("VisibilityTimeout: 1.5", "visibility_s"),
        ("KmsMasterKeyId: !ImportValue key", "kms_key"),
        ("SqsManagedSseEnabled: !If [Nope, true, false]", "sse_sqs"),
        ("MessageRetentionPeriod: !FindInMap [A, B, C]", "retention_s"),
        ("FifoQueue: !Ref P", "is_fifo"),
        ("RedrivePolicy: '{'", "redrive"),
        ("RedrivePolicy: !Ref P", "redrive"),
        ("RedriveAllowPolicy: [1]", "redrive_allow"),
    ],
)
def test_what_a_template_does_not_tell_is_unknown(the_queue, properties, field):
    rest = "Parameters:\n  P: {Type: Number}\n"
    assert isinstance(getattr(the_queue(properties, rest), field), Unknown)


def test_a_parameter_may_be_given(the_queue):
    rest = "Parameters:\n  P: {Type: Number}\n"
    assert the_queue("VisibilityTimeout: !Ref P", rest, P="31").visibility_s == 31


def test_an_arn_written_out_meets_its_queue_once_region_and_account_are_given(the_queue):
    properties = (
        "QueueName: q\nRedrivePolicy:\n  maxReceiveCount: 3\n"
        "  deadLetterTargetArn: arn:aws:sqs:eu-west-1:123456789012:q"
    )
    known = {"AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012"}
    assert isinstance(the_queue(properties).dead_letter, Unknown)
    assert not isinstance(the_queue(properties, **known).dead_letter, Unknown | Missing | None)


def test_a_policy_for_nobody_knows_which_queue_may_be_any_queues(read):
    policy = (
        "  P:\n    Type: AWS::SQS::QueuePolicy\n    Properties:\n"
        "      Queues: [!ImportValue url]\n      PolicyDocument: {Statement: []}\n"
    )
    assert isinstance(read(f"Resources:\n{QUEUE}{policy}").queues[0].policy, Unknown)


def test_two_policies_of_one_queue_are_a_question(read):
    policy = (
        "  P{}:\n    Type: AWS::SQS::Queue{}\n    Properties:\n"
        "      {}: !Ref Q\n      PolicyDocument: {{Statement: []}}\n"
    )
    both = policy.format(1, "Policy", "Queues") + policy.format(2, "InlinePolicy", "Queue")
    assert isinstance(read(f"Resources:\n{QUEUE}{both}").queues[0].policy, Unknown)


@pytest.mark.parametrize(
    ("rest", "gap"),
    [
        ("Transform: AWS::Include\n", "AWS::Include"),
        ("Transform: [{Name: Macro}]\n", "Macro"),
        ("  Fn::ForEach::More: [X, [a], {}]\n", "Fn::ForEach::More"),
    ],
)
def test_what_a_transform_may_add_is_a_gap(read, rest, gap):
    [(_, why)] = read(f"Resources:\n{QUEUE}{rest}").gaps
    assert gap in why


def test_sam_leaves_queues_alone_and_a_wanted_log_group_must_be_there(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(f"Transform: AWS::Serverless-2016-10-31\nResources:\n{QUEUE}")
    [(_, why)] = read_template(path, parameters={}, log_groups=("/a",)).gaps
    assert why == "log group /a is not in it"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"Fn::Join": ["-", ["a", {"Ref": "AWS::NoValue"}, "b"]]}, "a-b"),
        ({"Fn::Sub": "${!Literal}-${AWS::Partition}"}, "${Literal}-aws"),
        ({"Fn::Sub": ["${x}${N}", {"x": {"Fn::Select": ["1", ["a", "b"]]}}]}, "b7"),
        ({"Fn::Split": [",", "a,b"]}, ["a", "b"]),
        ({"Fn::Sub": "${B.Arn}"}, "${B.Arn}"),
        ({"Ref": "L"}, ["x", "y"]),
        ({"Ref": "T"}, "true"),
        ({"Fn::ToJsonString": {"a": {"Ref": "N"}}}, '{"a": "7"}'),
        ({"Fn::Or": [{"Fn::Equals": [1, "1"]}, {"Fn::Equals": [{"Ref": "None"}, 1]}]}, True),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
    ],
)
def test_functions_are_worked_out(value, wanted):
    sections = {
        "Parameters": {
            "N": {"Type": "Number", "Default": 7},
            "L": {"Type": "CommaDelimitedList", "Default": "x, y"},
            "T": {"Default": True},
        },
        "Resources": {"B": {"Type": "AWS::S3::Bucket"}},
    }
    assert resolved(value, **sections) == wanted


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Nobody"},
        {"Ref": {"Ref": "x"}},
        {"Ref": "Ssm"},
        {"Fn::GetAtt": "Nobody.Arn"},
        {"Fn::GetAtt": [{}, []]},
        {"Fn::Sub": 5},
        {"Fn::Sub": "${Nobody}"},
        {"Fn::Join": "x"},
        {"Fn::Join": ["", [{"Ref": "Nobody"}]]},
        {"Fn::Split": ["", "x"]},
        {"Fn::Select": [9, ["a"]]},
        {"Fn::Select": [0, {"Ref": "Nobody"}]},
        {"Fn::If": ["Nope", 1, 2]},
        {"Fn::If": []},
        {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
        {"Fn::Cidr": ["10.0.0.0/8", 1, 1]},
        {"Fn::Not": ["x"]},
        {"Condition": "Nope"},
    ],
)
def test_functions_that_cannot_be_worked_out_are_unknown(value):
    ssm = {"Ssm": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/x"}}
    assert isinstance(resolved(value, Parameters=ssm), Unknown)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not a mapping"),
        ("- a\n", "not a mapping"),
        ("just text", "not a mapping"),
        ("null", "not a mapping"),
        ("Resources: []\n", ":1: Resources is not a mapping"),
        ("Resources: {}\n", "has no AWS::SQS::Queue"),
        ("a: &x 1\nb: *x\n", ":1: has aliases and anchors"),
        ("a: !!python/object/apply:os.system ['true']\n", ":1: has the tag"),
        ("a: !!python/name:os.system ''\n", ":1: has the tag"),
        ("a: !Exec rm\n", "which is none of CloudFormation's"),
        ("? !!python/name:os.system ''\n: 1\n", "on a key"),
        ("? [a]\n: 1\n", "a key that is not text"),
        ("a:\n  <<: {b: 1}\n", ":2: has a merge"),
        ("a: 1\na: 2\n", ":2: has the key 'a' twice"),
        ("a: 1\n---\nb: 1\n", "a second document"),
        ("a: [\n", "not YAML or JSON"),
        ('{"a": 1,', "not YAML or JSON"),
        ("a: !!int x\n", "no int"),
        ("a: " + "[" * 200 + "]" * 200, "more than 100 levels"),
        ("a: " + "{a: " * 5000, "more than 100 levels"),
        ("a: \x00", "not YAML or JSON"),
    ],
)
def test_hostile_templates_are_refused_in_a_line(read, text, told):
    with pytest.raises(TemplateError) as refused:
        read(text)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_bomb_of_aliases_is_refused_at_its_first(read):
    bomb = "a0: &a0 x\n" + "".join(
        f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1)] * 10)}]\n" for n in range(1, 30)
    )
    with pytest.raises(TemplateError, match=":1: has aliases"):
        read(bomb)


def test_a_huge_file_and_one_that_is_not_there_are_refused(tmp_path):
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"a: 1\n" * 300_000)
    with pytest.raises(TemplateError, match="larger than 1,048,576 bytes"):
        load(huge)
    for path in (tmp_path / "none.yaml", tmp_path, Path("a\0b")):
        with pytest.raises(TemplateError):
            load(path)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: \xe4\n")
    with pytest.raises(TemplateError, match="not UTF-8"):
        load(latin)


@pytest.mark.parametrize(
    "text",
    [
        "Resources:\n  A:\n"
        "    Type: AWS::SQS::Queue\n    Properties: {QueueName: !GetAtt B.QueueName}\n"
        "  B:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !Ref A}\n",
        f"Resources:\n{QUEUE}    Condition: C\nConditions:\n"
        "  C: !Not [!Condition D]\n  D: !Not [!Condition C]\n",
    ],
)
def test_a_circle_is_refused_and_shown(read, text):
    with pytest.raises(TemplateError, match=r"goes in a circle: \S+ -> \S+ -> "):
        read(text)


def test_conditions_that_double_take_no_time(read):
    doubling = "".join(
        f"  C{n}: !Or [!Condition C{n + 1}, !Condition C{n + 1}]\n" for n in range(60)
    )
    text = f"Resources:\n{QUEUE}    Condition: C0\nConditions:\n{doubling}  C60: !Equals [a, a]\n"
    assert len(read(text).queues) == 1


def test_names_that_double_end_as_a_symbol(read):
    names = "".join(
        f"  Q{n}:\n    Type: AWS::SQS::Queue\n    Properties:\n"
        f"      QueueName: !Sub '${{Q{n + 1}.QueueName}}${{Q{n + 1}.QueueName}}'\n"
        for n in range(40)
    )
    text = f"Resources:\n{names}  Q40: {{Type: AWS::SQS::Queue, Properties: {{QueueName: ab}}}}\n"
    assert len(read(text).queues[0].arn) < 200_000


def test_a_chain_too_long_to_follow_is_refused(read):
    chain = "".join(f"  C{n}: !Not [!Condition C{n + 1}]\n" for n in range(5000))
    text = f"Resources:\n{QUEUE}    Condition: C0\nConditions:\n{chain}"
    with pytest.raises(TemplateError, match="too deep"):
        read(text)


NAMES = st.sampled_from(["Q", "P", "C", "Arn", "QueueName", "AWS::NoValue", "AWS::Region", "x"])
FUNCTIONS = st.sampled_from(
    [
        *("Ref", "Condition", "Type", "Queues", "Statement", "Principal", "Default"),
        *("Fn::Sub", "Fn::GetAtt", "Fn::If", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Equals"),
        *("Fn::And", "Fn::Or", "Fn::Not", "Fn::FindInMap", "Fn::ToJsonString", "Fn::Base64"),
    ]
)
VALUES = st.recursive(
    NAMES | st.integers(-1, 9) | st.booleans() | st.none() | st.just("${Q.Arn}${P}"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(FUNCTIONS | NAMES, inner, max_size=3)
    ),
    max_leaves=8,
)


PROPERTIES = st.sampled_from(
    [
        *("QueueName", "FifoQueue", "KmsMasterKeyId", "RedrivePolicy", "RedriveAllowPolicy"),
        *("VisibilityTimeout", "SqsManagedSseEnabled", "MessageRetentionPeriod"),
    ]
)
SECTIONS = st.sampled_from(["Parameters", "Conditions", "Mappings", "Transform"])
RESOURCES = st.fixed_dictionaries(
    {
        "Q": st.fixed_dictionaries(
            {
                "Type": st.just("AWS::SQS::Queue"),
                "Properties": st.dictionaries(PROPERTIES, VALUES),
            }
        ),
        "P": st.fixed_dictionaries(
            {
                "Type": st.just("AWS::SQS::QueuePolicy"),
                "Condition": VALUES,
                "Properties": st.fixed_dictionaries({"Queues": VALUES, "PolicyDocument": VALUES}),
            }
        ),
        "L": st.fixed_dictionaries(
            {
                "Type": st.just("AWS::Logs::LogGroup"),
                "Properties": st.fixed_dictionaries({"DataProtectionPolicy": VALUES}),
            }
        ),
    }
)


@given(resources=RESOURCES, rest=st.dictionaries(SECTIONS, VALUES))
def test_no_template_makes_it_fail(tmp_path_factory, profile, resources, rest):
    path = tmp_path_factory.getbasetemp() / "random.json"
    path.write_text(json.dumps({"Resources": resources, **rest}))
    with contextlib.suppress(TemplateError):
        audit(read_template(path, parameters={}), profile)
