"""Groups are known from what passed by, and no more of them are kept than allowed."""

from reference.cloud.sqs import seen_groups
from reference.cloud.sqs.partitions import hash_of_group
from reference.cloud.sqs.seen_groups import SeenGroups


def received(*handles, group="g"):
    attributes = {} if group is None else {"Attributes": {"MessageGroupId": group}}
    return {"Messages": [{"ReceiptHandle": handle, **attributes} for handle in handles]}


def test_a_handle_is_known_once_a_receive_told_its_group():
    groups = SeenGroups()
    groups.see(received("told", group="tenant"))
    groups.see(received("untold", group=None))
    groups.see({})
    assert groups.hash_of("told") == hash_of_group("tenant")
    assert groups.hash_of("untold") is groups.hash_of("forged") is None


def test_the_oldest_handles_are_let_go(monkeypatch):
    monkeypatch.setattr(seen_groups, "_KEPT_MAX", 2)
    groups = SeenGroups()
    groups.see(received("a", "b", "c"))
    assert [groups.hash_of(each) is None for each in "abc"] == [True, False, False]
