"""Shows what was decided elsewhere, and decides nothing.

    runs/<id>/ + Judgement -> view (all figures, all rounding) -> html | markdown | junit | terminal

`view.build` reads the ledgers and yields plain, rounded, cleaned values; the formats only lay
them out, and each escapes for itself.
"""

from reports.files import ReportError, write_all

__all__ = ["ReportError", "write_all"]
