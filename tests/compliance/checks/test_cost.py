"""Cost against bills worked out by hand, properties that any tariff has, and planted mistakes."""

from dataclasses import replace

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from compliance.checks import cost
from compliance.checks.cost import LambdaUse, QueueUse, ServiceUse, Usage, bill, cost_of
from compliance.pricing.table import load_prices

PRICES = load_prices()
MILLION = 1_000_000
HOURS = 730


def queue(*, is_fifo=True, **more):
    requests = {"send": MILLION, "receive": MILLION, "delete": MILLION}
    fields = {"name": "q", "is_fifo": is_fifo, "requests": requests}
    return QueueUse(**(fields | more))


def usage(**more):
    """A million emails in a million seconds through one queue, and nothing else."""
    fields = {
        "emails": MILLION,
        "deliveries": MILLION,
        "duration_s": 1e6,
        "http_requests": 0,
        "http_body_bytes": 0,
        "is_api_gateway": True,
        "queues": (queue(),),
    }
    return Usage(**(fields | more))


def row(result, what):
    (found,) = (row for row in result.rows if row.what == what)
    return found


def queue_usd(result):
    return sum(row.usd_per_million for row in result.rows if row.item.startswith("sqs-"))


def test_a_million_emails_call_by_call_cost_a_dollar_fifty_on_fifo_and_one_twenty_on_standard():
    assert queue_usd(cost_of(usage(), PRICES)) == pytest.approx(1.50)
    standard = usage(queues=(queue(is_fifo=False),))
    assert queue_usd(cost_of(standard, PRICES)) == pytest.approx(1.20)


def test_the_same_calls_in_batches_of_ten_cost_a_tenth():
    batched = queue(
        requests={"send": MILLION / 10, "receive": MILLION / 10, "delete": MILLION / 10}
    )
    alone, together = (cost_of(usage(queues=(q,)), PRICES) for q in (queue(), batched))
    assert queue_usd(together) == pytest.approx(queue_usd(alone) / 10)


def test_a_group_id_on_a_standard_queue_adds_the_fair_queue_price():
    fair = cost_of(usage(queues=(queue(is_fifo=False, carries_groups=True),)), PRICES)
    assert queue_usd(fair) == pytest.approx(1.20 + 0.30)
    fifo = cost_of(usage(queues=(queue(carries_groups=True),)), PRICES)
    assert queue_usd(fifo) == pytest.approx(1.50)


def test_a_pool_of_queues_is_billed_as_the_sum_of_its_queues():
    parts = tuple(
        queue(name=f"q{n}", requests={"send": MILLION // 4, "receive": MILLION // 4})
        for n in "1234"
    )
    assert queue_usd(cost_of(usage(queues=parts), PRICES)) == pytest.approx(1.00)


def test_polls_of_an_empty_queue_are_paid_by_the_hour_and_not_by_the_email():
    # Two a second in the run: 5,256,000 in a month of 730 hours.
    busy = cost_of(usage(queues=(queue(empty_receives=2_000_000),)), PRICES)
    empty = row(busy, "SQS receives that found nothing")
    assert empty.per_month == pytest.approx(5_256_000)
    assert empty.usd_per_month == pytest.approx(2.628)
    assert empty.usd_per_million == 0
    assert [bill(busy, PRICES, n).rows[3].usd for n in (1, MILLION)] == [pytest.approx(2.628)] * 2


@pytest.mark.parametrize(
    ("lambdas", "polls_per_s"),
    [(None, 2 / 5), (LambdaUse(invocations=1, gb_s=1), 5 / 20)],
)
def test_a_run_too_busy_to_see_idle_polls_pays_for_them_all_the_same(lambdas, polls_per_s):
    # One queue that is read, and a dead-letter queue that nobody reads.
    queues = (queue(), queue(name="dlq", requests={}))
    idle = cost_of(usage(queues=queues, lambdas=lambdas), PRICES)
    empty = row(idle, "SQS receives that found nothing")
    assert empty.per_month == pytest.approx(polls_per_s * HOURS * 3600)


def test_fargate_costs_what_the_work_takes_but_never_less_than_its_fewest_tasks():
    # 1 ms of CPU an email at 60 %: 1,000,000 emails take 0.46 vCPU hours; two tasks 365 a month.
    result = cost_of(usage(services=(ServiceUse(name="api", cpu_s=1_000),)), PRICES)
    vcpu = row(result, "api tasks, vCPU")
    assert vcpu.usd_per_million == pytest.approx(1_000 / 3600 / 0.6 * 0.04048)
    assert vcpu.units(MILLION) == pytest.approx(2 * 0.25 * HOURS)
    assert vcpu.units(1e10) == pytest.approx(1e10 * 0.001 / 3600 / 0.6)
    memory = row(result, "api tasks, memory")
    assert memory.units(1e10) == pytest.approx(2 * vcpu.units(1e10))  # 0.5 GB beside 0.25 vCPU


def test_lambda_costs_invocations_and_gb_seconds():
    # 256 MB for 200 ms an email, ten emails an invocation.
    used = LambdaUse(invocations=MILLION // 10, gb_s=MILLION * 0.2 * 0.25)
    result = cost_of(usage(lambdas=used), PRICES)
    assert row(result, "Lambda invocations").usd_per_million == pytest.approx(0.02)
    assert row(result, "Lambda duration").usd_per_million == pytest.approx(50_000 * 0.0000166667)


def test_api_gateway_costs_its_calls_and_a_load_balancer_its_hours_and_capacity():
    gateway = cost_of(usage(http_requests=2 * MILLION), PRICES)
    assert row(gateway, "API Gateway calls").usd_per_million == pytest.approx(7.00)
    balancer = cost_of(usage(http_requests=MILLION, is_api_gateway=False), PRICES)
    assert row(balancer, "load balancer").usd_per_month == pytest.approx(0.0225 * HOURS)
    # A connection each is 11.1 LCU hours; a gigabyte of heads would be one.
    capacity = row(balancer, "load balancer capacity")
    assert capacity.usd_per_million == pytest.approx(MILLION / 25 / 3600 * 0.008)
    heavy = usage(http_requests=MILLION, http_body_bytes=99 * 10**9, is_api_gateway=False)
    assert row(cost_of(heavy, PRICES), "load balancer capacity").usd_per_million == pytest.approx(
        100 * 0.008
    )


def test_logs_cost_their_bytes_taken_in_and_kept_for_a_month():
    result = cost_of(usage(log_bytes=10**9), PRICES)
    assert row(result, "logs, taken in").usd_per_million == pytest.approx(0.50)
    assert row(result, "logs, kept").usd_per_million == pytest.approx(0.03)


def test_each_queue_has_an_alarm_and_each_service_two():
    services = (ServiceUse(name="api", cpu_s=1), ServiceUse(name="worker", cpu_s=1))
    result = cost_of(usage(queues=(queue(), queue(name="dlq")), services=services), PRICES)
    assert row(result, "alarms").usd_per_month == pytest.approx(0.60)


def test_a_function_has_an_alarm_for_its_errors_and_one_for_its_throttles():
    triggered = usage(queues=(queue(),), lambdas=LambdaUse(invocations=1, gb_s=1))
    assert row(cost_of(triggered, PRICES), "alarms").units(1) == 3


def test_the_provider_is_paid_for_duplicates_and_kept_apart():
    result = cost_of(usage(deliveries=MILLION + 50_000), PRICES)
    assert result.provider_usd_per_million == pytest.approx(105.0)
    assert result.usd_per_million == pytest.approx(1.50)
    month = bill(result, PRICES, 2 * MILLION)
    assert month.provider_usd == pytest.approx(210.0)


def test_a_discount_goes_by_all_units_of_an_item_together():
    # 9 billion sends and as many receives and deletes on a standard queue stay in the first tier;
    # 40 billion of each do not: 120 billion, 100 at 0.40 and 20 at 0.30 dollars a million.
    result = cost_of(usage(queues=(queue(is_fifo=False),)), PRICES)
    requests = [each.usd for each in bill(result, PRICES, 40e9).rows[:3]]
    # Idle polls take a place in it, too: a million of them.
    assert requests == [pytest.approx((100_000 * 0.40 + 20_000 * 0.30) / 3, rel=1e-4)] * 3


def test_the_free_tier_is_taken_off_once_and_only_when_asked_for():
    result = cost_of(usage(), PRICES)
    # Three million requests, 1,051,200 idle polls and an alarm.
    assert bill(result, PRICES, MILLION).pipeline_usd == pytest.approx(1.50 + 0.5256 + 0.10)
    free = bill(result, PRICES, MILLION, with_free_tier=True)
    assert free.pipeline_usd == pytest.approx(1.00 + 0.5256)  # a million less, and no alarm


def test_no_email_no_cost():
    with pytest.raises(ValueError, match="no email arrived"):
        cost_of(usage(emails=0), PRICES)
    with pytest.raises(ValueError, match="emails_per_month is 0"):
        bill(cost_of(usage(), PRICES), PRICES, 0)


COUNTS = st.integers(0, 10**6)
QUEUES = st.builds(
    QueueUse,
    name=st.just("q"),
    is_fifo=st.booleans(),
    carries_groups=st.booleans(),
    requests=st.fixed_dictionaries({"send": COUNTS, "receive": COUNTS, "delete": COUNTS}),
    empty_receives=COUNTS,
    throttled=COUNTS,
)
USAGES = st.builds(
    Usage,
    emails=st.integers(1, 10**6),
    deliveries=COUNTS,
    duration_s=st.floats(1, 1e5),
    http_requests=COUNTS,
    http_body_bytes=COUNTS,
    is_api_gateway=st.booleans(),
    queues=st.lists(QUEUES, max_size=3).map(tuple),
    services=st.just(()),
    lambdas=st.none() | st.builds(LambdaUse, invocations=COUNTS, gb_s=st.floats(0, 1e4)),
    log_bytes=COUNTS,
)
TRAFFIC = st.floats(1, 1e11)
BRIEFLY = settings(max_examples=30)  # an example builds three queues and two bills


def total_usd(used, traffic=1e6):
    month = bill(cost_of(used, PRICES), PRICES, traffic)
    return month.pipeline_usd + month.provider_usd


@BRIEFLY
@given(USAGES, TRAFFIC, TRAFFIC)
def test_more_traffic_never_costs_less_in_all(used, traffic, more):
    assert total_usd(used, traffic + more) >= total_usd(used, traffic) * (1 - 1e-9)


@BRIEFLY
@given(USAGES, TRAFFIC, TRAFFIC)
def test_more_traffic_never_costs_more_a_million(used, traffic, more):
    result = cost_of(used, PRICES)
    few, many = (bill(result, PRICES, emails) for emails in (traffic, traffic + more))
    assert many.usd_per_million <= few.usd_per_million * (1 + 1e-9)


@BRIEFLY
@given(USAGES, st.sampled_from(["deliveries", "http_requests", "http_body_bytes", "log_bytes"]))
def test_using_more_of_anything_never_costs_less(used, name):
    more = replace(used, **{name: getattr(used, name) + 1_000})
    assert total_usd(more) >= total_usd(used) * (1 - 1e-9)


@BRIEFLY
@given(USAGES.filter(lambda used: used.queues))
def test_the_same_requests_cost_more_on_fifo_than_on_standard(used):
    def all_of(is_fifo):
        queues = tuple(replace(q, is_fifo=is_fifo, carries_groups=False) for q in used.queues)
        return total_usd(replace(used, queues=queues))

    requests = sum(sum(q.requests.values()) + q.empty_receives + q.throttled for q in used.queues)
    if requests:
        assert all_of(is_fifo=True) > all_of(is_fifo=False)


@BRIEFLY
@given(USAGES)
def test_the_bill_is_the_sum_of_its_rows_and_grows_out_of_both_their_parts(used):
    result = cost_of(used, PRICES)
    month = bill(result, PRICES, 1e6)
    rows = sum(each.usd for each in month.rows)
    assert rows == pytest.approx(month.pipeline_usd + month.provider_usd)
    plain = sum(each.usd_per_million + each.usd_per_month for each in result.rows)
    assert rows <= plain * (1 + 1e-9)  # discounts only take off


def plainly(used, *, traffic=1e6):
    """A month's SQS bill, request by request, without the tiers: too plain to be wrong."""
    usd = 0.0
    polls_per_s = 2 / 5 if used.lambdas is None else 5 / 20
    for is_fifo, each in ((True, 0.50e-6), (False, 0.40e-6)):
        queues = [q for q in used.queues if q.is_fifo is is_fifo]
        seen_per_s = sum(q.empty_receives for q in queues) / used.duration_s
        read = [q for q in queues if q.empty_receives or q.requests["receive"]]
        usd += max(seen_per_s, len(read) * polls_per_s) * HOURS * 3600 * each
        for q in queues:
            followed = sum(q.requests.values()) + q.throttled
            usd += followed / used.emails * traffic * each
            if q.carries_groups and not is_fifo:
                usd += sum(q.requests.values()) / used.emails * traffic * 0.10e-6
    return usd


def sqs_usd(used, reckon=cost_of):
    month = bill(reckon(used, PRICES), PRICES, 1e6)
    return sum(each.usd for each in month.rows if each.item.startswith("sqs-"))


SMALL = USAGES.filter(lambda used: plainly(used) < 1e4)  # below every discount


@BRIEFLY
@given(SMALL)
def test_agrees_with_the_plain_bill(used):
    assert sqs_usd(used) == pytest.approx(plainly(used))


def blind(used, prices):
    """Planted: what found nothing is not counted."""
    queues = tuple(replace(q, empty_receives=0) for q in used.queues)
    return cost_of(replace(used, queues=queues), prices)


def test_planted_an_ignored_empty_receive_is_found():
    found = find(SMALL, lambda used: sqs_usd(used, blind) != pytest.approx(sqs_usd(used)))
    assert any(queue.empty_receives > 0 for queue in found.queues)


def test_planted_a_throttled_call_that_nobody_bills_is_found():
    def unthrottled(used, prices):
        queues = tuple(replace(q, throttled=0) for q in used.queues)
        return cost_of(replace(used, queues=queues), prices)

    found = find(SMALL, lambda used: sqs_usd(used, unthrottled) < plainly(used) * 0.999)
    assert sum(q.throttled for q in found.queues) > 0


def test_every_item_that_a_row_can_name_is_on_the_price_list():
    everything = usage(
        http_requests=1,
        is_api_gateway=False,
        queues=(queue(empty_receives=1, throttled=1), queue(is_fifo=False, carries_groups=True)),
        services=(ServiceUse(name="api", cpu_s=1), ServiceUse(name="worker", cpu_s=1)),
        lambdas=LambdaUse(invocations=1, gb_s=1),
        log_bytes=1,
    )
    named = {row.item for row in cost_of(everything, PRICES).rows}
    named |= {row.item for row in cost_of(usage(http_requests=1), PRICES).rows}
    # No metric of our own is made by the reference; a price list may say otherwise.
    assert named == {price.item for price in PRICES.price} - {"custom-metric-month"}
    assert cost.PROVIDER_ITEM in named
