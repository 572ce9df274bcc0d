"""What an experiment's work costs on AWS, laid out: per million emails, and by month."""

from compliance.checks.cost import MILLION, PROVIDER_ITEM, Bill, Cost, bill, cost_of
from compliance.ledgers import Ledgers
from compliance.pricing.table import PriceTable
from compliance.usage import read_usage
from reports.model import CostMonth, CostRow, CostView
from reports.numbers import figure, precise, significant
from scenarios.evidence import ExperimentRecord

TRAFFICS = (100_000, 1_000_000, 10_000_000, 100_000_000)  # emails a month


def experiment_cost(ledgers: Ledgers, record: ExperimentRecord, prices: PriceTable) -> Cost | None:
    """None for what was no pipeline of ours, and where no email arrived."""
    usage = read_usage(ledgers, record) if record.target == "reference" else None
    return None if usage is None else cost_of(usage, prices)


def cost_view(cost: Cost, prices: PriceTable) -> CostView:
    """All figures of the section, rounded."""
    return CostView(
        rows=[
            CostRow(
                what=row.what,
                per_million=_amount(row.per_email * MILLION, row.unit),
                usd_per_million=usd(row.usd_per_million),
                usd_per_month=usd(row.usd_per_month) + (" at least" if row.is_floor else ""),
            )
            for row in cost.rows
            if row.item != PROVIDER_ITEM
        ],
        usd_per_million=usd(cost.usd_per_million),
        provider_usd_per_million=usd(cost.provider_usd_per_million),
        months=[_month(bill(cost, prices, emails)) for emails in TRAFFICS],
        basis=(
            f"{figure(cost.emails)} emails in {figure(cost.duration_s, 0)} s, at list prices of "
            f"{cost.region} on {cost.as_of}, without free tier"
        ),
        left_out=prices.left_out,
        notes=cost.notes,
    )


def usd(value: float) -> str:
    """Dollars in words: cents, or three digits of what is less."""
    if value == 0:
        return "-"
    return f"${value:,.2f}" if value >= 1 else f"${precise(value)}"


def _amount(units: float, unit: str) -> str:
    return f"{figure(significant(units))} {unit}" if units else "-"


def _month(month: Bill) -> CostMonth:
    return CostMonth(
        emails=figure(int(month.emails_per_month)),
        pipeline=usd(month.pipeline_usd),
        per_million=usd(month.usd_per_million),
        provider=usd(month.provider_usd),
    )
