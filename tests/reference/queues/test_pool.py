"""Groups are spread evenly, and as few of them as possible move when the pool changes."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.cloud.sqs.partitions import hash_of_group, partition_of
from reference.queues.pool import QUEUES_MAX, Pool, PoolError

GROUPS = [f"customer-{n}" for n in range(4000)]
NUMBERS = st.sets(st.integers(0, 200), min_size=1, max_size=8)
GROUP = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=128)


def url(number, host="127.0.0.1:1"):
    return f"http://{host}/000000000000/mail-{number}.fifo"


def pool_of(numbers):
    return Pool(tuple(url(number) for number in numbers))


@given(NUMBERS, GROUP, st.randoms())
def test_every_replica_finds_the_same_queue(numbers, group, randomness):
    """However its list is ordered, and whatever network it reaches the queues by."""
    shuffled = sorted(numbers)
    randomness.shuffle(shuffled)
    elsewhere = Pool(tuple(url(number, "sqs.example.com") for number in shuffled))
    here = pool_of(numbers).owner(group)
    assert here in pool_of(numbers).urls
    assert elsewhere.owner(group).rpartition("/")[2] == here.rpartition("/")[2]


@given(NUMBERS, st.integers(0, 200), GROUP)
def test_a_queue_that_comes_only_takes_and_one_that_goes_only_gives(numbers, changed, group):
    more = numbers | {changed, 201}
    fewer = more - {changed}
    before, after = pool_of(fewer).owner(group), pool_of(more).owner(group)
    assert after in (before, url(changed))


def share_of_the_largest(pool, groups=GROUPS):
    counts = Counter(pool.owner(group) for group in groups)
    return max(counts.values()) * len(pool.urls) / len(groups)


@pytest.mark.parametrize("count", [2, 3, 4, 16])
def test_no_queue_has_many_more_groups_than_its_part(count):
    """A fair share of 4,000 deviates by under 4 standard deviations."""
    part = len(GROUPS) / count
    assert share_of_the_largest(pool_of(range(count))) < 1 + 4 * (1 / part) ** 0.5


class ModuloPool(Pool):
    """Planted bug: counting off by a hash instead of bidding."""

    def owner(self, group):
        return self.urls[hash_of_group(group) % len(self.urls)]


def test_growth_moves_no_more_than_the_new_queues_part():
    def moved(kind):
        pools = [kind(tuple(url(n) for n in range(count))) for count in (4, 5)]
        return sum(pools[0].owner(g) != pools[1].owner(g) for g in GROUPS) / len(GROUPS)

    assert 0.17 < moved(Pool) < 0.23
    assert moved(ModuloPool) > 0.7


def test_the_groups_of_one_queue_are_spread_over_sqss_partitions():
    """With the hash that SQS itself uses, as in the planted pool, they would meet in a few."""

    def partitions(kind):
        pool = kind(tuple(url(n) for n in range(4)))
        mine = [group for group in GROUPS if pool.owner(group) == url(0)]
        return len({partition_of(hash_of_group(group), "eu-north-1") for group in mine})

    all_of_them = partitions(lambda urls: Pool(urls[:1]))
    assert partitions(Pool) == all_of_them
    assert partitions(ModuloPool) <= all_of_them / 4


@pytest.mark.parametrize(
    ("urls", "named"),
    [
        ((), "a pool of no queues"),
        ((url(1), "http://127.0.0.1:1/0/plain"), "standard and FIFO queues"),
        (("http://127.0.0.1:1/0/a", "http://127.0.0.1:1/0/b"), "a standard queue in a pool"),
        ((url(1), url(2), url(1, "sqs.example.com")), "the queue mail-1.fifo stands there twice"),
        (tuple(url(n) for n in range(QUEUES_MAX + 1)), "65 queues; a pool has at most 64"),
    ],
)
def test_what_is_no_pool_is_refused(urls, named):
    with pytest.raises(PoolError, match=named):
        Pool(urls)
