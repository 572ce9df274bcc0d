"""Presidio as its documentation shows it: one AnalyzerEngine, asked line by line. And two packages
that bring it to the command line, and to Rust.

Run as a program, so that its start-up counts as the scanner's does. Prints how many lines it read
before the time was up, and how long that took without the start-up.
"""

import argparse
import importlib
import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLAIN, CLI, RUST = "presidio-analyzer", "presidio-cli", "presidio-rs"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plain_presidio")
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, required=True, help="stop reading after so long")
    parser.add_argument("--engine", choices=(PLAIN, CLI, RUST), default=PLAIN)
    parser.add_argument("--model", required=True, help="a spaCy model by name")
    options = parser.parse_args()
    analyze = _ENGINES[options.engine](options.model)
    read = findings = 0
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    with options.file.open(encoding="utf-8") as lines:
        for line in lines:
            if time.perf_counter() - began_s > options.seconds:
                break
            findings += analyze(line)
            read += 1
    told = {
        "lines": read,
        "findings": findings,
        "elapsed_s": time.perf_counter() - began_s,
        "cpu_s": time.process_time() - began_cpu_s,
    }
    print(json.dumps(told))
    return 0


def _plain(model: str) -> Callable[[str], int]:
    """Counts the findings in a text."""
    engine = _engine(model)
    return lambda text: len(engine.analyze(text=text, language="en"))


def _cli(model: str) -> Callable[[str], int]:
    config = importlib.import_module("presidio_cli.config")
    analyze = importlib.import_module("presidio_cli.analyzer").analyze
    # It takes the large model of English and no other, and would fetch it.
    vars(config)["AnalyzerEngine"] = lambda: _engine(model)
    settings = config.PresidioCLIConfig(content="language: en")
    return lambda text: sum(1 for _ in analyze(text, settings))


def _rust(_: str) -> Callable[[str], int]:
    engine = importlib.import_module("presidio_rs").Analyzer()
    return lambda text: len(engine.analyze(text))


def _engine(model: str) -> Any:
    # Imported here: a part of the start-up that is measured.
    from presidio_analyzer import AnalyzerEngine  # noqa: PLC0415
    from presidio_analyzer.nlp_engine import NlpEngineProvider  # noqa: PLC0415

    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)
    provider = NlpEngineProvider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": "en", "model_name": model}],
        }
    )
    return AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])


_ENGINES = {PLAIN: _plain, CLI: _cli, RUST: _rust}

if __name__ == "__main__":
    sys.exit(main())
