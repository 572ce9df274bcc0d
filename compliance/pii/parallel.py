"""Many files at once, or one big file: batches of equal size, each scanned on its own, one report.

A batch is scanned where its file is read, names included, so nothing but a report travels back.
Sources that cannot be split (standard input, a log group) make a batch each.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

from compliance.pii.canaries import Canary
from compliance.pii.report import ScanReport, merged
from compliance.pii.scanner import Scanner
from compliance.pii.settings import ScanSettings
from compliance.pii.sources import Note, Tally, cloudwatch, s3
from compliance.pii.sources.file_part import FilePart, parts_of
from compliance.pii.sources.files import FileFinder

# A few batches for each worker even out files that are slower than their size tells.
BATCHES_PER_WORKER = 3
Batch = tuple[str | FilePart, ...]
Progress = Callable[[str, int], None]


def scan_in_processes(
    targets: Iterable[Path | str],
    canaries: Sequence[Canary],
    settings: ScanSettings,
    jobs: int,
    progress: Progress | None = None,
) -> ScanReport:
    """Scan with so many processes on this machine."""
    started_s = time.perf_counter()
    settings = shared(settings)
    plan, tally = batches(targets, settings, jobs * BATCHES_PER_WORKER)
    known = tuple(canaries)
    reports: dict[Batch, ScanReport] = {}
    lost: list[Note] = []
    lines_read = 0
    # Spawned, not forked: a fork of a process with threads can deadlock.
    with ProcessPoolExecutor(min(jobs, max(1, len(plan))), get_context("spawn")) as pool:
        running: dict[Future[ScanReport], Batch] = {
            pool.submit(scan_batch, batch, known, settings): batch for batch in plan
        }
        try:
            for done in as_completed(running):
                batch = running[done]
                try:
                    reports[batch] = done.result()
                except BrokenProcessPool:
                    lost += [Note(str(name), "its process died; not read") for name in batch]
                    continue
                lines_read += reports[batch].lines_read
                if progress is not None:
                    progress(f"{len(reports)} of {len(plan)} batches", lines_read)
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            lost.append(Note("(all sources)", "stopped before everything was read"))
    done_in_order = [reports[batch] for batch in plan if batch in reports]
    elapsed_s = round(time.perf_counter() - started_s, 3)
    whole = joined(done_in_order, tally, lost, Scanner(canaries, settings))
    return replace(whole, elapsed_s=elapsed_s)


def scan_batch(batch: Batch, canaries: tuple[Canary, ...], settings: ScanSettings) -> ScanReport:
    """What a worker does; it keeps its detectors for the next batch."""
    return _scanner(canaries, settings).scan(batch)


@lru_cache(1)
def _scanner(canaries: tuple[Canary, ...], settings: ScanSettings) -> Scanner:
    return Scanner(canaries, settings)


def shared(settings: ScanSettings) -> ScanSettings:
    """Settings with a salt, so that equal values have equal hashes in every part."""
    return replace(settings, salt=settings.salt or secrets.token_bytes(16))


def batches(
    targets: Iterable[Path | str], settings: ScanSettings, count_max: int
) -> tuple[list[Batch], Tally]:
    """Files, and parts of big ones, in batches of about equal size, largest first; what is no file
    stays alone.
    """
    tally = Tally()
    finder = FileFinder(tally, settings.reading)
    sized: list[tuple[int, str | FilePart]] = []
    alone: list[Batch] = []
    for target in map(str, targets):
        if target.startswith(s3.SCHEME):
            objects = s3.objects(target, tally, settings.reading)
            sized += [(found.size_bytes, found.name) for found in objects]
        elif target == "-" or target.startswith(cloudwatch.SCHEME):
            alone.append((target,))
        else:
            for found in finder.find(target):
                parts = [] if settings.reading.since_s is not None else parts_of(found, count_max)
                sized += [(part.end_bytes - part.start_bytes, part) for part in parts]
                sized += [] if parts else [(found.size_bytes, str(found.path))]
    loads = [0] * min(count_max, len(sized))
    filled: list[list[str | FilePart]] = [[] for _ in loads]
    for size_bytes, name in sorted(sized, key=lambda file: (-file[0], str(file[1]))):
        lightest = loads.index(min(loads))
        loads[lightest] += size_bytes
        filled[lightest].append(name)
    return [*alone, *map(tuple, filled)], tally


def joined(
    reports: Sequence[ScanReport], tally: Tally, lost: Sequence[Note], scanner: Scanner
) -> ScanReport:
    """One report of the batches' own, with what was said while they were planned."""
    whole = merged([scanner.report_of(tally, lost), *reports])
    return replace(whole, canaries_known=scanner.canaries_known)
