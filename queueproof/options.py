"""Command-line options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Seed = Annotated[int, typer.Option(help="Decides traffic, people and faults.", min=0)]
RunsDir = Annotated[Path, typer.Option(help="Where runs are written.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]
RunFolder = Annotated[Path, typer.Argument(help="A run directory, such as runs/latest.")]
