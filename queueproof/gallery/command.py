"""`queueproof gallery`: all twins, then the healthy reference under other seeds; a score."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from queueproof.gallery import show
from queueproof.gallery.catalog import (
    ROOT,
    Exhibit,
    GalleryError,
    choose,
    clean_exhibits,
    load_catalog,
    twin_exhibits,
)
from queueproof.gallery.rooms import GOOD, Seen, visit
from queueproof.gallery.sight import Sight
from queueproof.progress import PatientConsole, progress
from queueproof.suite import create_run

JOBS_DEFAULT = (os.cpu_count() or 1) + 1  # a trial waits about half of its time
EXIT_UNCLEAR = 3


def open_gallery(
    names: Sequence[str],
    *,
    jobs: int | None,
    clean: int | None,
    seed: int,
    runs_dir: Path | None,
    as_json: bool,
    quiet: bool,
    root: Path = ROOT,
) -> int:
    """Try the twins and the clean runs and print what was seen; returns the exit code.

    Raises GalleryError, SuiteError, and ComponentError when no process can be started.
    """
    catalog = load_catalog(root)
    twins = choose(catalog, names)
    count = clean if clean is not None else 0 if names else None
    exhibits = [
        *twin_exhibits(twins, seed, root),
        *clean_exhibits(twins, count, seed + 1, root),
    ]
    return exhibit(
        exhibits, jobs=jobs or JOBS_DEFAULT, runs_dir=runs_dir, as_json=as_json, quiet=quiet
    )


def exhibit(
    exhibits: Sequence[Exhibit], *, jobs: int, runs_dir: Path | None, as_json: bool, quiet: bool
) -> int:
    """The same for any exhibits."""
    folder = create_run(runs_dir, "gallery") if runs_dir else _temporary()
    console = PatientConsole(stderr=as_json)
    seen: list[Seen] = []
    try:
        with progress(console, quiet=quiet or as_json) as say:
            say(f"{len(exhibits)} runs, {jobs} at a time")

            def tell(each: Seen) -> None:
                seen.append(each)
                say(f"{len(seen)}/{len(exhibits)}  {show.line(each)}")

            result = visit(
                exhibits, folder.resolve(), jobs=jobs, keep_all=runs_dir is not None, tell=tell
            )
    except KeyboardInterrupt:
        print(f"stopped after {len(seen)} of {len(exhibits)} runs", file=sys.stderr)
        return EXIT_UNCLEAR
    finally:
        if runs_dir is None and all(each.sight in GOOD for each in seen):
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        print(json.dumps(show.as_data(result), indent=2))
    else:
        show.table(result, console)
    return exit_code(result)


def exit_code(seen: Sequence[Seen]) -> int:
    """0: all caught, none flagged. 3: nothing is known to be wrong, but something is unknown."""
    if all(each.sight in GOOD for each in seen):
        return 0
    return EXIT_UNCLEAR if all(each.sight in GOOD | {Sight.UNCLEAR} for each in seen) else 1


def _temporary() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="queueproof-gallery-"))
    except OSError as error:
        raise GalleryError(
            f"no temporary folder can be made ({error.strerror}); choose one with --runs-dir"
        ) from error
