"""Where lines come from, whatever they are kept in.

    PATH  folder  glob ---.
    s3://bucket/prefix ---+-> expand -> bound -> unwrap -> clean -> since -> Line
    -  (tail -f) ---------'                        |       source, number, data,
    cloudwatch:GROUP[:PREFIX] -> each stream ------'       first line of its record

A source is read once and in bounded memory. What was not read is in `Tally.skipped`, with the
reason: a scan that skipped something must not look clean. What cost no coverage is in
`Tally.notes`.
"""

from compliance.pii.printable import printable
from compliance.pii.sources.intake import Intake, Target, is_live
from compliance.pii.sources.line import Line, Note, Tally
from compliance.pii.sources.reading import Reading

__all__ = ["Intake", "Line", "Note", "Reading", "Tally", "Target", "is_live", "printable"]
