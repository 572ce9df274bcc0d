"""Ids look like AWS's and are never given twice."""

import uuid

from reference.cloud.sqs.ids import unique_ids


def test_ids_are_version_4_uuids_and_differ():
    new_id = unique_ids()
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {uuid.UUID(each).version for each in ids} == {4}
    assert {uuid.UUID(each).variant for each in ids} == {uuid.RFC_4122}
    assert all(str(uuid.UUID(each)) == each for each in ids)


def test_two_sources_share_no_id():
    one, other = unique_ids(), unique_ids()
    assert {one() for _ in range(100)}.isdisjoint({other() for _ in range(100)})
