"""`queueproof list`: scenarios, the claims that they try, and queue configurations."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from queueproof.driven import emit
from queueproof.options import AsJson
from scenarios.configuration import configuration_names, load_configuration
from scenarios.model import Scenario, catalog_names, load_claims, load_scenario


def list_(
    as_json: AsJson = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of scenario files.")
    ] = False,
) -> None:
    """Show the scenarios, the claims that they try, and the queue configurations."""
    if schema:
        emit(json.dumps(Scenario.model_json_schema(), indent=2))
        return
    scenarios = [load_scenario(name)[0] for name in catalog_names()]
    configurations = [load_configuration(name)[0] for name in configuration_names()]
    if as_json:
        emit(
            json.dumps(
                {
                    "scenarios": [s.model_dump(mode="json") for s in scenarios],
                    "configurations": [c.model_dump(mode="json") for c in configurations],
                    "claims": [claim.model_dump(mode="json") for claim in load_claims()],
                },
                indent=2,
            )
        )
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("scenario", no_wrap=True)
    table.add_column("tries")
    table.add_column("what it does")
    for scenario in scenarios:
        table.add_row(scenario.name, ", ".join(scenario.claims), scenario.summary)
    built = Table("configuration", "how it is built", box=None, pad_edge=False)
    for configuration in configurations:
        built.add_row(configuration.name, configuration.summary)
    Console().print(table, "", built)
