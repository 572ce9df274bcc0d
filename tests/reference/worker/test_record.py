"""A worker whose journal cannot be written sends nothing new, loses nothing, and goes on after."""

import errno

import pytest


@pytest.fixture
def full_disk(world, monkeypatch):
    """A switch: while it is on, no row of these events can be written."""
    blocked = set()
    write = world.journal.write

    def fail_when_full(**row):
        if row["event"] in blocked:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(**row)

    monkeypatch.setattr(world.journal, "write", fail_when_full)
    return blocked


EVERYTHING = {"attempted", "sent", "failed", "deleted", "released", "extended"}


def test_what_cannot_be_written_down_first_is_not_sent(world, full_disk):
    world.queue.put("a")
    full_disk |= EVERYTHING
    world.step()
    assert world.provider.sent == []
    full_disk.clear()
    world.work(2)
    assert world.provider.sent == ["a"]


def test_what_was_sent_is_deleted_though_nobody_could_write_so(world, full_disk):
    world.queue.put("a")
    full_disk |= EVERYTHING - {"attempted"}
    world.work(3)
    assert world.provider.sent == ["a"]
    assert world.queue.keys() == []
