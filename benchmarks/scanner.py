"""The log scanner beside plain Presidio: same lines, same model, one core, start-up included.

Plain Presidio reads a slice that fits its time, and the whole is projected from it: its speed does
not depend on how many lines there are. So do presidio-cli and presidio-rs, where they are installed
(`pip install presidio-cli presidio-rs`; dependency group `bench`).
"""

import importlib.util
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import commands, plain_presidio
from benchmarks.commands import Finished
from benchmarks.figures import Goal, Row, Table, at_least, at_most
from benchmarks.log_lines import log_lines
from benchmarks.stage import Bench, Stage
from compliance.pii import Canary, Scanner, ScanSettings
from compliance.pii.canary_detector import CanaryDetector
from compliance.pii.model import MODELS
from compliance.pii.sources.whole_lines import BLOCK_BYTES
from scenarios.arrivals import canaries, synthetic_people

PLAIN, OURS = "plain Presidio", "compliance.pii"
PER_S, PER_CPU_S = "lines/s", "lines/CPU s"  # the second is what a busy machine disturbs less
PEOPLE, SEED = 100, 1
EXIT_CODES = (0, 1, 3)
MARGIN_S = 120.0  # for start-up and for a busy machine
CANARY_BYTES_MAX = 20_000_000
PASSES = 3


@dataclass(frozen=True)
class Corpus:
    """A log of so many lines, a share of them with somebody's data, and what is asked of it."""

    lines: int
    share: float
    goals: tuple[Goal, ...]
    plain_s: float  # how long plain Presidio may read it
    repeats: int
    others_s: float = 0.0  # how long each of the others may


SMALL = Corpus(2_000, 0.03, (at_least(40, of=PLAIN),), plain_s=30, repeats=3, others_s=10)
LARGE = Corpus(200_000, 0.003, (at_least(100, of=PLAIN),), plain_s=15, repeats=1)
QUICK_SMALL = Corpus(2_000, 0.03, SMALL.goals, plain_s=8, repeats=2)
QUICK_LARGE = Corpus(20_000, 0.003, (), plain_s=4, repeats=1)


def run(stage: Stage) -> Iterator[Table]:
    """Raises BenchError when a scanner cannot be run."""
    corpora = (QUICK_SMALL, QUICK_LARGE) if stage.is_quick else (SMALL, LARGE)
    people = synthetic_people(PEOPLE, SEED)
    for corpus in corpora:
        log = stage.folder / f"{corpus.lines}.log"
        lines = log_lines(corpus.lines, people=people, share=corpus.share, seed=SEED)
        log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        yield beside_plain(stage, corpus, log)
    known = [Canary(kind, value) for kind, value in canaries(people)]
    yield canary_pass(stage, known, log)
    yield first_finding(stage, known, log)


def beside_plain(stage: Stage, corpus: Corpus, log: Path) -> Table:
    """Lines a second, from the start of each program to its end."""
    plain = _presidio(stage, log, plain_presidio.PLAIN, corpus.plain_s)
    stage.say(f"compliance.pii on {log.name}")
    ours = [
        commands.run(
            _python("compliance.pii", log),
            log=stage.folder / "ours.txt",
            timeout_s=stage.left_s() + MARGIN_S,
            exit_codes=EXIT_CODES,
            is_one_core=True,
        )
        for _ in range(corpus.repeats)
    ]
    rows = [
        *plain_rows(plain, corpus.lines),
        *(_other_rows(stage, corpus, log) if corpus.others_s else ()),
        Row(
            name=OURS,
            unit=PER_S,
            samples=tuple(corpus.lines / each.elapsed_s for each in ours),
            goals=corpus.goals,
            note=f"{ours[-1].elapsed_s:.1f} s, {ours[-1].rss_peak_bytes / 1e6:,.0f} MB"
            + ("; it could not read everything" if ours[-1].exit_code == 3 else ""),
        ),
        Row(
            name=OURS,
            unit=PER_CPU_S,
            samples=tuple(corpus.lines / each.cpu_s for each in ours),
        ),
    ]
    size_mb = log.stat().st_size / 1e6
    title = f"{corpus.lines:,} log lines ({size_mb:.1f} MB), one core, start-up included"
    return Table(title=title, rows=rows, reference=PLAIN)


def _presidio(stage: Stage, log: Path, engine: str, seconds: float) -> Finished:
    stage.say(f"{engine} on {log.name}")
    options = ["--engine", engine, "--seconds", seconds, "--model", _model()]
    return commands.run(
        _python("benchmarks.plain_presidio", log, *options),
        log=stage.folder / f"{engine}.txt",
        timeout_s=seconds + MARGIN_S,
        is_one_core=True,
    )


def _other_rows(stage: Stage, corpus: Corpus, log: Path) -> Iterator[Row]:
    for engine in (plain_presidio.CLI, plain_presidio.RUST):
        if importlib.util.find_spec(engine.replace("-", "_")) is None:
            yield Row(name=engine, unit=PER_S, note=f"not installed: pip install {engine}")
            continue
        finished = _presidio(stage, log, engine, corpus.others_s)
        yield from plain_rows(finished, corpus.lines, name=engine)


def plain_rows(plain: Finished, lines: int, name: str = PLAIN) -> list[Row]:
    """Plain Presidio on all lines, projected where it read only some."""
    told = json.loads(plain.output)
    share = lines / told["lines"]
    whole_s = plain.elapsed_s + (share - 1) * told["elapsed_s"]
    whole_cpu_s = plain.cpu_s + (share - 1) * told["cpu_s"]
    start_up_s = plain.elapsed_s - told["elapsed_s"]
    if told["lines"] == lines:
        how = "all lines read"
    else:
        how = f"projected from the first {told['lines']:,} lines, {whole_s:,.0f} s in all"
    note = f"{how}; start-up {start_up_s:.1f} s, {plain.rss_peak_bytes / 1e6:,.0f} MB"
    return [
        Row(name=name, unit=PER_S, samples=(lines / whole_s,), note=note),
        Row(name=name, unit=PER_CPU_S, samples=(lines / whole_cpu_s,)),
    ]


def canary_pass(stage: Stage, known: Sequence[Canary], log: Path) -> Table:
    """Every line searched for every known value in all its forms: suspects first, in blocks."""
    stage.say("canaries")
    began_s = time.perf_counter()
    detector = CanaryDetector(known)
    ready_s = time.perf_counter() - began_s
    data = log.read_bytes()[:CANARY_BYTES_MAX]
    part = log.with_suffix(".part.log")
    part.write_bytes(data)
    size_mb = len(data) / 1e6
    blocks = [data[at : at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES)]
    scanner = Scanner(known, ScanSettings(patterns=False, names=False))

    def search_blocks() -> None:
        for block in blocks:
            for position in detector.suspects_in(block):
                start = block.rfind(b"\n", 0, position) + 1
                detector.find(block[start : block.find(b"\n", position)])

    note = f"{len(known):,} values, {size_mb:.0f} MB; made ready in {ready_s:.2f} s"
    rows = [
        _pass_row("detector, in blocks", search_blocks, size_mb, note, at_least(100)),
        _pass_row("scan for canaries only", lambda: scanner.scan([part]), size_mb, "with reading"),
    ]
    return Table(title="Canary pass", rows=rows)


def _pass_row(name: str, run: Callable[[], object], size_mb: float, note: str, *goals: Goal) -> Row:
    speeds = []
    began_cpu_s = time.process_time()
    for _ in range(PASSES):
        began_s = time.perf_counter()
        run()
        speeds.append(size_mb / (time.perf_counter() - began_s))
    per_cpu_s = PASSES * size_mb / (time.process_time() - began_cpu_s)
    note = f"{per_cpu_s:.0f} MB a CPU second; {note}"
    return Row(name=name, unit="MB/s", samples=tuple(speeds), goals=goals, note=note)


def first_finding(stage: Stage, known: Sequence[Canary], log: Path) -> Table:
    """From the start of the program to its first line of output; a canary is on the first line."""
    stage.say("time to the first finding")
    planted = log.with_suffix(".planted.log")
    first = next(canary.value for canary in known if canary.kind == "email")
    planted.write_bytes(f"INFO sent to {first}\n".encode() + log.read_bytes()[:CANARY_BYTES_MAX])
    file = stage.folder / "canaries.jsonl"
    with file.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps({"kind": c.kind, "value": c.value}) + "\n" for c in known)
    finished = commands.run(
        _python("compliance.pii", planted, "--canaries", file, "--format", "jsonl"),
        log=stage.folder / "first.txt",
        timeout_s=stage.left_s() + MARGIN_S,
        exit_codes=EXIT_CODES,
    )
    seconds = finished.first_output_s
    row = Row(
        name=OURS,
        unit="s",
        samples=() if seconds is None else (seconds,),
        goals=(at_most(1.0),),
        note=f"of {finished.elapsed_s:.1f} s for {planted.stat().st_size / 1e6:.0f} MB",
    )
    return Table(title="Start to the first finding, as JSON Lines", rows=[row])


def _model() -> str:
    """The one that the scanner would take."""
    return next(name for name in MODELS if importlib.util.find_spec(name) is not None)


def _python(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


SCANNER = Bench(
    name="scanner",
    summary="the log scanner beside plain Presidio; its canary pass; its first finding",
    budget_s=170,
    quick_budget_s=60,
    run=run,
)
