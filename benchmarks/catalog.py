"""The benches, in the order in which they run."""

from benchmarks.sqs.bench import SQS
from benchmarks.stage import Bench

BENCHES: dict[str, Bench] = {bench.name: bench for bench in (SQS,)}
