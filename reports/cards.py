"""The card of a counter-example: cleaned for showing, and as plain lines for a terminal."""

from collections.abc import Iterator

from compliance.timeline import STEPS_FIRST
from compliance.verdict import ActiveFault, Card
from reports.model import CardFault, CardStep, CardView
from reports.text import ID_LENGTH_MAX, LABEL_LENGTH_MAX, shown

WHERE = {"sender": "sender", "queue": "queue", "worker": "worker", "sink": "provider"}


def card_view(card: Card) -> CardView:
    """The card with its foreign text cleaned and its times in words."""
    names = [("key", card.keys), ("email id", card.email_ids), ("message id", card.message_ids)]
    return CardView(
        experiment=shown(card.experiment, LABEL_LENGTH_MAX),
        names=[(kind, shown(each, ID_LENGTH_MAX)) for kind, ids in names for each in ids],
        group=shown(card.group or "", ID_LENGTH_MAX),
        seed=card.seed,
        steps=[
            CardStep(
                at=f"{step.at_s:.3f}",
                after="" if step.after_s is None else f"{step.after_s:+.3f}",
                where=WHERE.get(step.ledger, "fault"),
                what=shown(step.what),
            )
            for step in card.steps
        ],
        left_out=card.steps_left_out,
        left_out_before=STEPS_FIRST,
        faults=[_fault(fault) for fault in card.faults],
        replay=shown(card.replay),
    )


def text_lines(card: CardView) -> Iterator[str]:
    """The card as lines of a terminal; times are seconds."""
    seed = f", seed {card.seed}" if card.replay else ""  # what nobody drew needs none
    yield f"experiment  {card.experiment}{seed}"
    for kind, name in card.names:
        yield f"{kind:<12}{name}"
    if card.group:
        yield f"{'group':<12}{card.group}"
    yield ""
    yield f"{'at s':>10} {'after':>9}  where     what"
    for number, step in enumerate(card.steps):
        if card.left_out and number == card.left_out_before:
            yield f"{'':>10} {'':>9}  ({card.left_out:,} steps left out)"
        yield f"{step.at:>10} {step.after:>9}  {step.where:<9} {step.what}"
    yield ""
    yield "faults that were on meanwhile" + ("" if card.faults else ": none")
    for fault in card.faults:
        yield f"  {fault.what}, {fault.span}, {fault.named}"
    if card.replay:
        yield f"try it again: {card.replay}"


def _fault(fault: ActiveFault) -> CardFault:
    what = f"{fault.label} ({fault.kind})" + (f" on {fault.where}" if fault.where else "")
    start = "?" if fault.start_s is None else f"{fault.start_s:.1f}"
    end = "its end was not seen" if fault.end_s is None else f"{fault.end_s:.1f} s"
    named = {0: "not known to have fired on this email", 1: "fired on this email once"}.get(
        fault.named_it, f"fired on this email {fault.named_it} times"
    )
    return CardFault(what=shown(what), span=f"from {start} to {end}", named=named)
