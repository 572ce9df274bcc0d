"""A pool file is taken when it is good; garbage leaves a running process with what it had."""

import errno
import json
import os
from pathlib import Path

import pytest

from reference.clock import VirtualClock
from reference.queues import resize
from reference.queues.epochs import DRAINING_MAX, Epoch, parse_epoch, read_epoch
from reference.queues.pool import Pool, PoolError
from reference.queues.pool_file import REREAD_S, PoolFile

URLS = [f"http://127.0.0.1:1/0/{name}.fifo" for name in "abcd"]
GARBAGE = [
    (b"", "the file: Invalid JSON"),
    (b"{", "the file: Invalid JSON"),
    (b"[]", "the file: "),
    (b"{}", "epoch: Field required"),
    (b'{"epoch": 2, "queues": []}', "a pool of no queues"),
    (b'{"epoch": "2", "queues": ["http://h/0/a.fifo"]}', "epoch: "),
    (b'{"epoch": 0, "queues": ["http://h/0/a.fifo"]}', "epoch: "),
    (b'{"epoch": 2, "queues": ["http://h/0/a.fifo", "http://h/0/b"]}', r"queues\.1: "),
    (b'{"epoch": 2, "queues": ["http://h/0/a.fifo", "http://h/1/a.fifo"]}', "stands there twice"),
    (b'{"epoch": 2, "queues": ["http://h/0/a.fifo"], "draining": [[]]}', "a pool of no queues"),
    (b'{"epoch": 2, "queues": ["http://h/0/a.fifo"], "s3same": 1}', "Extra inputs"),
    (b"\xff\xfe", "the file: "),
    (b" " * 2_000_000, "a pool file of more than 1048576 bytes"),
]


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "pool.json"
    found.write_text(Epoch(2, Pool(tuple(URLS[:2]))).to_json())
    return found


@pytest.mark.parametrize(("text", "named"), GARBAGE)
def test_garbage_is_refused_with_its_place_and_leaves_the_last_good_epoch(path, text, named):
    with pytest.raises(PoolError, match=named):
        parse_epoch(text)
    clock = VirtualClock()
    file = PoolFile(path, clock)
    path.write_bytes(text)
    clock.advance(REREAD_S)
    assert file.epoch().number == 2
    path.write_text(file.epoch().next(URLS).to_json())
    clock.advance(REREAD_S)
    assert file.epoch().number == 3


@pytest.mark.parametrize("number", [1, 2])
def test_an_epoch_that_does_not_come_later_is_refused(path, number):
    clock = VirtualClock()
    file = PoolFile(path, clock)
    path.write_text(Epoch(number, Pool(tuple(URLS))).to_json())
    clock.advance(REREAD_S)
    assert file.epoch() == Epoch(2, Pool(tuple(URLS[:2])))


def test_a_file_that_vanishes_leaves_the_last_epoch_and_tells_since_when(path):
    clock = VirtualClock()
    file = PoolFile(path, clock)
    text = path.read_text()
    assert file.unread_s() == 0
    path.unlink()
    for looks in (1, 2, 3):
        clock.advance(REREAD_S)
        assert file.epoch().number == 2
        assert file.unread_s() == looks * REREAD_S
    path.write_text(text)
    clock.advance(REREAD_S)
    assert file.epoch().number == 2
    assert file.unread_s() == 0


def test_a_new_epoch_that_could_not_be_read_is_read_at_the_next_look(path, monkeypatch):
    clock = VirtualClock()
    file = PoolFile(path, clock)
    path.write_text(file.epoch().next(URLS[:3]).to_json())

    def fail(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as broken:
        broken.setattr(Path, "read_bytes", fail)
        clock.advance(REREAD_S)
        assert file.epoch().number == 2
        assert file.unread_s() == REREAD_S
    clock.advance(REREAD_S)
    assert file.epoch().number == 3
    assert file.unread_s() == 0


def test_a_file_that_was_refused_counts_as_read(path):
    clock = VirtualClock()
    file = PoolFile(path, clock)
    path.write_text("{")
    clock.advance(REREAD_S)
    assert file.epoch().number == 2
    assert file.unread_s() == 0


def test_a_change_is_seen_at_the_latest_after_the_interval(path):
    clock = VirtualClock()
    file = PoolFile(path, clock)
    path.write_text(file.epoch().next(URLS[:3]).to_json())
    clock.advance(REREAD_S - 0.001)
    assert file.epoch().number == 2
    clock.advance(0.001)
    assert file.epoch().number == 3
    assert set(file.epoch().urls) == set(URLS[:3])


def test_what_was_written_is_read_as_it_was(path):
    epoch = read_epoch(path).next(URLS[:3]).next(URLS[1:])
    assert parse_epoch(epoch.to_json().encode()) == epoch
    assert json.loads(epoch.to_json()) == {
        "epoch": 4,
        "queues": URLS[1:],
        "draining": [URLS[:2], URLS[:3]],
    }


def test_the_command_makes_grows_and_forgets(tmp_path, capsys):
    path = tmp_path / "pool.json"
    assert resize.main([str(path), *URLS[:2]]) == 0
    assert resize.main([str(path), *URLS[:3]]) == 0
    assert read_epoch(path) == Epoch(2, Pool(tuple(URLS[:3])), (Pool(tuple(URLS[:2])),))
    assert resize.main([str(path), "--forget"]) == 0
    assert read_epoch(path) == Epoch(3, Pool(tuple(URLS[:3])))
    assert capsys.readouterr().out.splitlines()[-1] == "epoch 3: 3 queues, 0 draining"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "either the new queues or --forget is wanted"),
        ([URLS[0], "--forget"], "either the new queues or --forget is wanted"),
        (["http://127.0.0.1:1/0/plain"], "queues.0: "),
        ([URLS[0], URLS[0]], "stands there twice"),
    ],
)
def test_the_command_refuses_what_nobody_could_read(path, capsys, arguments, named):
    before = path.read_bytes()
    assert resize.main([str(path), *arguments]) == 2
    assert named in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, capsys):
    assert resize.main([str(tmp_path / "nowhere" / "pool.json"), URLS[0]]) == 2
    assert f"cannot be written ({os.strerror(2)})" in capsys.readouterr().err


def test_two_commands_at_once_do_not_make_two_epochs_of_one_number(path, capsys, monkeypatch):
    def interrupted(found):
        epoch = read_epoch(found)
        with monkeypatch.context() as inner:
            inner.setattr(resize, "read_epoch", read_epoch)
            assert resize.main([str(path), *URLS]) == 2
        return epoch

    monkeypatch.setattr(resize, "read_epoch", interrupted)
    assert resize.main([str(path), *URLS[:3]]) == 0
    assert f"{path}.new is there" in capsys.readouterr().err
    assert set(read_epoch(path).pool.urls) == set(URLS[:3])
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_command_that_failed_is_in_nobodys_way(path):
    assert resize.main([str(path)]) == 2
    assert resize.main([str(path), *URLS]) == 0


def test_only_so_many_pools_can_drain_at_a_time():
    epoch = Epoch(1, Pool((URLS[0],)))
    for _ in range(DRAINING_MAX):
        epoch = epoch.next([URLS[0]])
    with pytest.raises(PoolError, match="16 earlier pools are draining"):
        epoch.next([URLS[0]])
