"""`queueproof cost`: what a run's work costs on AWS at a given traffic, from its folder."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from compliance.checks.cost import Bill, Cost, bill
from compliance.ledgers import Ledgers
from compliance.pricing.table import PRICES, PriceTable, load_prices
from queueproof.driven import emit
from queueproof.options import AsJson, RunFolder
from reports.cost import cost_view, experiment_cost, usd
from scenarios.evidence import EvidenceError, read_experiment, read_manifest


def cost(
    run_folder: RunFolder,
    emails_per_month: Annotated[
        float, typer.Option(help="The traffic that the bill is for.", min=1, max=1e12)
    ] = 1_000_000,
    free_tier: Annotated[bool, typer.Option(help="Take off what AWS gives for nothing.")] = False,
    prices: Annotated[Path, typer.Option(help="Another price list, in TOML.")] = PRICES,
    as_json: AsJson = False,
) -> None:
    """Say what a run's work costs on AWS, per million emails and by month."""
    table = load_prices(prices)
    costs = run_costs(run_folder.resolve(), table)
    tell = _as_json if as_json else _as_text
    emit(tell(costs, table, emails_per_month, with_free_tier=free_tier))


def run_costs(run: Path, prices: PriceTable) -> dict[str, Cost]:
    """Of each experiment of which the cost can be told. Raises EvidenceError."""
    costs = {}
    for name in read_manifest(run).experiments:
        if (run / name / "experiment.json").exists():
            record = read_experiment(run / name)
            with Ledgers(run / name) as ledgers:
                cost = experiment_cost(ledgers, record, prices)
            if cost is not None:
                costs[name] = cost
    if not costs:
        raise EvidenceError(
            f"{run}: no experiment of this run sent emails through the reference and measured it; "
            "`queueproof run baseline` does"
        )
    return costs


def _as_json(
    costs: dict[str, Cost], prices: PriceTable, emails_per_month: float, *, with_free_tier: bool
) -> str:
    told: dict[str, Any] = {
        name: {
            "usd_per_million": cost.usd_per_million,
            "provider_usd_per_million": cost.provider_usd_per_million,
            "cost": cost.model_dump(mode="json"),
            "month": _month(cost, prices, emails_per_month, with_free_tier).model_dump(),
        }
        for name, cost in costs.items()
    }
    return json.dumps({"left_out": prices.left_out, "experiments": told}, indent=2)


def _as_text(
    costs: dict[str, Cost], prices: PriceTable, emails_per_month: float, *, with_free_tier: bool
) -> str:
    """A table an experiment: what a million emails take, what a month costs."""
    lines = []
    for name, cost in costs.items():
        month = _month(cost, prices, emails_per_month, with_free_tier)
        view = cost_view(cost, prices)
        lines += [f"{name}: {view.basis.replace(', without free tier', '')}", ""]
        lines.append(f"  {'':34}{'a million more':>16}{'this month':>14}")
        for row, paid in zip(cost.rows, month.rows, strict=True):
            lines.append(f"  {row.what:<34}{usd(row.usd_per_million):>16}{usd(paid.usd):>14}")
        total = month.pipeline_usd + month.provider_usd
        more = cost.usd_per_million + cost.provider_usd_per_million
        lines += [f"  {'in all':<34}{usd(more):>16}{usd(total):>14}", ""]
        lines.append(
            f"  A month of {emails_per_month:,.0f} emails: {usd(month.pipeline_usd)} for the "
            f"pipeline ({usd(month.usd_per_million)} a million), {usd(month.provider_usd)} for the "
            f"provider{', after the free tier' if with_free_tier else ''}."
        )
        lines += [f"  Note: {note}." for note in cost.notes]
        lines.append("")
    return "\n".join([*lines, f"Not priced: {'; '.join(prices.left_out)}."])


def _month(cost: Cost, prices: PriceTable, emails_per_month: float, with_free_tier: bool) -> Bill:
    return bill(cost, prices, emails_per_month, with_free_tier=with_free_tier)
