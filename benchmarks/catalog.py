"""The benches, in the order in which they run."""

from benchmarks.checker import CHECKER
from benchmarks.pipeline import PIPELINE
from benchmarks.queues import QUEUES
from benchmarks.scanner import SCANNER
from benchmarks.scanner_stream import SCANNER_STREAM
from benchmarks.sim import SIM
from benchmarks.sqs.bench import SQS
from benchmarks.stage import Bench

BENCHES: dict[str, Bench] = {
    bench.name: bench for bench in (PIPELINE, SQS, QUEUES, SCANNER, SCANNER_STREAM, CHECKER, SIM)
}
