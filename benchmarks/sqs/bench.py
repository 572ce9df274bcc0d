"""The order of the tables: what is cheap first, what needs a long filling last."""

from collections.abc import Iterator

from benchmarks.figures import Table
from benchmarks.sqs import alone, beside
from benchmarks.sqs.lab import Lab
from benchmarks.stage import Bench, Stage
from loadtests.processes import Components


def run(stage: Stage) -> Iterator[Table]:
    """Raises BenchError when the local SQS itself does not start or answer."""
    with Components() as components:
        lab = Lab(stage, components)
        yield beside.starts(lab)
        stage.say("SendMessage")
        yield beside.sends(lab)
        if not stage.is_quick:
            yield beside.sends(lab, is_fifo=True)
        stage.say("SendMessageBatch")
        yield beside.batches(lab)
        stage.say("receive and delete")
        yield beside.takes(lab)
        stage.say("SendMessage with messages waiting")
        yield beside.sends_with_many_waiting(lab)
        lab.stop_rivals()
        yield alone.quota(lab)
        yield alone.data(lab)
        yield from alone.backlog(lab)


SQS = Bench(
    name="sqs",
    summary="the local SQS beside servers that do nothing, ministack and moto",
    budget_s=270,
    quick_budget_s=70,
    run=run,
)
