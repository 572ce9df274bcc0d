"""Every rule: a planted fault that it alone tells, a near miss that it lets pass, an Unknown."""

from dataclasses import replace

import pytest

from compliance.queue_audit.facts import Facts, Missing, Redrive, RedriveAllow, Unknown
from compliance.queue_audit.judging import audit
from compliance.queue_audit.rules import ALL_RULES, RULE_IDS

NOT_KNOWN = Unknown("a parameter has no default")
ARN = "arn:aws:sqs:us-east-1:123456789012:emails.fifo"
DLQ_ARN = "arn:aws:sqs:us-east-1:123456789012:dead.fifo"


def rules_told(queue, profile):
    result = audit(Facts((queue,)), profile)
    return (
        {finding.rule.id for finding in result.findings},
        {each.rule_id for each in result.unanswered},
    )


def test_a_queue_as_the_profile_asks_is_clean(
    make_queue, make_dead_letter, make_log_group, profile
):
    queue = make_queue()
    result = audit(Facts((queue, queue.dead_letter), (make_log_group(),)), profile)
    assert (result.findings, result.unanswered) == ((), ())
    assert result.passed == 12 + 12 + 2


def test_every_rule_names_a_page_of_aws_and_says_what_to_do():
    assert len(set(RULE_IDS)) == len(ALL_RULES)
    for rule in ALL_RULES:
        assert rule.source.startswith("https://docs.aws.amazon.com/")
        assert rule.fix
        assert rule.summary


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("sqs/encryption", {"sse_sqs": False}),
        ("sqs/tls-only", {"policy": None}),
        ("sqs/dead-letter", {"redrive": None, "dead_letter": ...}),
        ("sqs/max-receive-count", {"redrive": Redrive(DLQ_ARN, 1)}),
        ("sqs/max-receive-count", {"redrive": Redrive(DLQ_ARN, 21)}),
        ("sqs/retention", {"retention_s": 60}),
        ("sqs/visibility", {"visibility_s": 29}),
    ],
)
def test_a_planted_fault_is_told_by_its_rule_alone(make_queue, profile, rule, changes):
    queue = replace(make_queue(), **{k: v for k, v in changes.items() if v is not ...})
    if changes.get("dead_letter") is ...:
        queue = replace(queue, dead_letter=None)
    assert rules_told(queue, profile) == ({rule}, set())


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("sqs/dead-letter-type", {"is_fifo": False}),
        ("sqs/dead-letter-retention", {"retention_s": 345_599}),
        ("sqs/redrive-allowed", {"redrive_allow": RedriveAllow("denyAll")}),
        ("sqs/redrive-allowed", {"redrive_allow": RedriveAllow("byQueue", (DLQ_ARN,))}),
    ],
)
def test_a_fault_of_the_dead_letter_queue_is_told_at_its_source(
    make_queue, make_dead_letter, profile, rule, changes
):
    queue = make_queue(dead_letter=make_dead_letter(**changes))
    assert rules_told(queue, profile) == ({rule}, set())


def test_a_dead_letter_queue_that_does_not_exist_is_told(make_queue, profile):
    queue = make_queue(dead_letter=Missing("dead.fifo"))
    assert rules_told(queue, profile) == ({"sqs/dead-letter-exists"}, set())


def test_the_type_of_a_dead_letter_queue_elsewhere_shows_in_its_name(make_queue, profile):
    elsewhere = make_queue(redrive=Redrive(DLQ_ARN.removesuffix(".fifo"), 5), dead_letter=NOT_KNOWN)
    assert rules_told(elsewhere, profile) == (
        {"sqs/dead-letter-type"},
        {"sqs/dead-letter-exists"},
    )


@pytest.mark.parametrize("allow", [None, RedriveAllow("allowAll")])
def test_a_dead_letter_queue_open_to_every_queue_is_told(make_dead_letter, profile, allow):
    queue = make_dead_letter(redrive_allow=allow)
    assert rules_told(queue, profile) == ({"sqs/redrive-allow"}, set())


def test_a_dead_letter_queue_needs_neither_a_dead_letter_queue_nor_visibility(
    make_dead_letter, profile
):
    assert rules_told(make_dead_letter(visibility_s=0), profile) == (set(), set())


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("logs/retention", {"retention_days": None}),
        ("logs/retention", {"retention_days": 91}),
        ("logs/data-protection", {"masked": None}),
        ("logs/data-protection", {"masked": frozenset({"EmailAddress", "Name"})}),
    ],
)
def test_a_log_group_that_keeps_or_shows_too_much_is_told(make_log_group, profile, rule, changes):
    result = audit(Facts((), (make_log_group(**changes),)), profile)
    assert {finding.rule.id for finding in result.findings} == {rule}


@pytest.mark.parametrize(
    ("rules", "changes"),
    [
        ({"sqs/encryption"}, {"sse_sqs": NOT_KNOWN}),
        ({"sqs/encryption"}, {"sse_sqs": False, "kms_key": NOT_KNOWN}),
        ({"sqs/tls-only", "sqs/no-public-principal"}, {"policy": NOT_KNOWN}),
        ({"sqs/dead-letter"}, {"redrive": NOT_KNOWN, "dead_letter": None}),
        ({"sqs/dead-letter-exists"}, {"dead_letter": NOT_KNOWN}),
        ({"sqs/dead-letter-type"}, {"is_fifo": NOT_KNOWN}),
        ({"sqs/max-receive-count"}, {"redrive": Redrive(DLQ_ARN, NOT_KNOWN)}),
        ({"sqs/retention", "sqs/dead-letter-retention"}, {"retention_s": NOT_KNOWN}),
        ({"sqs/visibility"}, {"visibility_s": NOT_KNOWN}),
        ({"sqs/redrive-allow"}, {"is_dead_letter": NOT_KNOWN}),
    ],
)
def test_what_is_not_known_has_not_passed(make_queue, profile, rules, changes):
    queue = replace(make_queue(), **changes)
    assert rules_told(queue, profile) == (set(), rules)


@pytest.mark.parametrize("changes", [{"retention_days": NOT_KNOWN}, {"masked": NOT_KNOWN}])
def test_what_is_not_known_of_a_log_group_has_not_passed(make_log_group, profile, changes):
    result = audit(Facts((), (make_log_group(**changes),)), profile)
    assert len(result.unanswered) == 1
    assert result.passed == 1


def test_unknown_facts_of_a_dead_letter_queue_leave_its_rules_open(
    make_queue, make_dead_letter, profile
):
    dead_letter = make_dead_letter(retention_s=NOT_KNOWN, redrive_allow=NOT_KNOWN)
    assert rules_told(make_queue(dead_letter=dead_letter), profile) == (
        set(),
        {"sqs/dead-letter-retention", "sqs/redrive-allowed"},
    )


def test_sse_sqs_is_not_enough_where_the_profile_asks_for_a_kms_key(make_queue, profile):
    strict = profile.model_copy(update={"encryption": "kms"})
    assert rules_told(make_queue(), strict) == ({"sqs/encryption"}, set())
    assert rules_told(make_queue(kms_key="alias/mails"), strict) == (set(), set())


def test_levels_of_the_profile_rule_and_off_is_silent(make_queue, profile):
    queue = make_queue(sse_sqs=False)
    as_note = profile.model_copy(update={"levels": {"sqs/encryption": "note"}})
    result = audit(Facts((queue,)), as_note)
    assert [finding.level for finding in result.findings] == ["note"]
    assert not result.is_broken
    off = profile.model_copy(update={"levels": {"sqs/encryption": "off"}})
    assert audit(Facts((queue,)), off).findings == ()
