"""The price list: every row has a source and a day, and AWS's tiers are worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.pricing.table import ITEMS, PRICES, Price, PriceError, Tier, load_prices

PRICE_LIST = load_prices()


def price(*tiers, free_units=0.0):
    return Price(
        item="x",
        unit="units",
        source="https://example.com",
        seen="a page, 2026-01-01",
        free_units=free_units,
        tiers=[Tier(up_to=up_to, price_usd=usd) for up_to, usd in tiers],
    )


@pytest.mark.parametrize("item", ITEMS)
def test_every_price_names_awss_page_and_where_the_figure_was_seen(item):
    row = PRICE_LIST.of(item)
    assert row.source.startswith("https://aws.amazon.com/")
    assert row.seen
    assert row.first_usd > 0


def test_a_fifo_request_is_dearer_than_a_standard_one():
    assert (
        PRICE_LIST.of("sqs-fifo-request").first_usd
        > PRICE_LIST.of("sqs-standard-request").first_usd
    )


def test_a_rest_call_costs_less_above_333_million():
    # 333 M at 3.50 and 67 M at 2.80 dollars a million
    expected = 333 * 3.50 + 67 * 2.80
    assert PRICE_LIST.of("api-gateway-rest-call").usd(400e6) == pytest.approx(expected)


def test_the_free_tier_is_off_until_it_is_asked_for():
    requests = PRICE_LIST.of("lambda-request")
    assert requests.usd(3e6) == pytest.approx(0.60)
    assert requests.usd(3e6, with_free_tier=True) == pytest.approx(0.40)
    assert requests.usd(5e5, with_free_tier=True) == 0


PRICES_AND_UNITS = st.tuples(
    st.lists(st.floats(0, 10), min_size=1, max_size=4).map(
        lambda prices: price(
            *((float(10 * n), usd) for n, usd in enumerate(prices[:-1], start=1)),
            (None, prices[-1]),
        )
    ),
    st.floats(0, 100),
    st.floats(0, 100),
)


@given(PRICES_AND_UNITS)
def test_more_units_never_cost_less(drawn):
    row, units, more = drawn
    assert row.usd(units + more) >= row.usd(units)


@given(PRICES_AND_UNITS)
def test_a_unit_costs_no_less_than_the_cheapest_and_no_more_than_the_dearest_tier(drawn):
    row, units, _ = drawn
    prices = [tier.price_usd for tier in row.tiers]
    assert units * min(prices) - 1e-9 <= row.usd(units) <= units * max(prices) + 1e-9


@pytest.mark.parametrize(
    ("changed", "to", "named"),
    [
        ("price_usd = 0.50e-6", "price_usd = -1", "price_usd"),
        ('item = "ses-email"', 'item = "ses-mail"', "ses-email, ses-mail"),
        ('item = "ses-email"', 'item = "alb-hour"', "ses-email"),
        ("up_to = 333_000_000", "up_to = 2_000_000_000", "tiers"),
        ('seen = "signoz.io', 'sources = "signoz.io', "seen"),
        ("cpu_utilization = 0.6", "cpu_utilization = 0", "cpu_utilization"),
        ("as_of = 2026-11-24", "as_of = 'yesterday'", "as_of"),
        ("[deployment]", "[deployment", "not TOML"),
    ],
)
def test_a_list_that_is_amiss_is_refused_with_its_place(tmp_path, changed, to, named):
    text = PRICES.read_text()
    assert changed in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(changed, to, 1))
    with pytest.raises(PriceError, match=named) as refused:
        load_prices(path)
    assert str(path) in str(refused.value)


def test_a_list_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PriceError, match="No such file"):
        load_prices(tmp_path / "none.toml")
