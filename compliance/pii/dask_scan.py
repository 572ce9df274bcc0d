"""Log archives over many machines, by Dask distributed. Data in: paths that every worker can read,
such as s3:// names or a shared file system. Data out: reports, which hold no values.

Canaries do travel to the workers, so a cluster outside one machine should use TLS.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from compliance.pii.canaries import Canary
from compliance.pii.parallel import BATCHES_PER_WORKER, batches, joined, scan_batch, shared
from compliance.pii.report import ScanReport
from compliance.pii.scanner import Scanner
from compliance.pii.settings import ScanSettings
from compliance.pii.sources import Note
from compliance.pii.third_party import quiet_import

CONNECT_TIMEOUT_S = 10
_RETRIES = 1  # a batch whose worker went away is tried once more on another


class DaskError(Exception):
    """There is no cluster to scan on; says what to do."""


def scan_on_dask(
    targets: Iterable[Path | str],
    canaries: Sequence[Canary],
    settings: ScanSettings,
    scheduler: str,
) -> ScanReport:
    """Scan on the workers of that scheduler. Raises DaskError without one."""
    started_s = time.perf_counter()
    try:
        distributed = quiet_import("distributed")
    except ImportError:
        raise DaskError("Dask is not installed: pip install 'queueproof[dask]'") from None
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError):
        raise DaskError(
            f"no scheduler answers at {scheduler}; start one with `dask scheduler`"
        ) from None
    with client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise DaskError(f"{scheduler} has no workers; start some with `dask worker`")
        settings = shared(settings)
        plan, tally = batches(targets, settings, len(workers) * BATCHES_PER_WORKER)
        futures = [
            client.submit(
                scan_batch, batch, tuple(canaries), settings, pure=False, retries=_RETRIES
            )
            for batch in plan
        ]
        reports = client.gather(futures, errors="skip")
        lost = [
            Note(
                str(name),
                f"a worker failed ({type(future.exception()).__name__}); is queueproof there?",
            )
            for batch, future in zip(plan, futures, strict=True)
            if future.status != "finished"
            for name in batch
        ]
    elapsed_s = round(time.perf_counter() - started_s, 3)
    return replace(joined(reports, tally, lost, Scanner(canaries, settings)), elapsed_s=elapsed_s)
