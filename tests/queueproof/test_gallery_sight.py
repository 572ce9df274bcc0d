"""A gallery that calls everything caught would prove nothing: each way to be wrong has a name."""

import pytest

from compliance.verdict import ClaimVerdict, Judgement, Offence, Outcome, Verdict
from queueproof.gallery.catalog import Expected
from queueproof.gallery.sight import Sight, look

MEANT_FOR_ORDER = Expected(claim="order", offence="left after")


def judgement(*, what="left after a later email", **outcomes):
    return Judgement(
        run="r",
        claims=[
            ClaimVerdict(
                claim=claim.replace("_", "-"),
                text="",
                outcome=outcome,
                summary="",
                verdicts=[
                    Verdict(
                        claim=claim,
                        experiment="e",
                        outcome=outcome,
                        summary="",
                        offences=[Offence(id="em_1", what=what)]
                        if outcome is Outcome.REFUTED
                        else [],
                        reasons=["too few"] if outcome is Outcome.INCONCLUSIVE else [],
                    )
                ],
            )
            for claim, outcome in outcomes.items()
        ],
    )


OK, NO, UNSURE = Outcome.VERIFIED, Outcome.REFUTED, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("judged", "sight", "detail"),
    [
        (judgement(order=NO, no_loss=OK), Sight.CAUGHT, ""),
        (judgement(order=NO, no_loss=UNSURE), Sight.CAUGHT, ""),
        (judgement(order=OK, no_loss=OK), Sight.MISSED, "order was verified"),
        (judgement(no_loss=OK), Sight.MISSED, "order was not tried"),
        (
            judgement(order=NO, no_loss=NO),
            Sight.WRONG_CHECK,
            "refuted: no-loss, order; expected: order",
        ),
        (judgement(order=OK, no_loss=NO), Sight.WRONG_CHECK, "refuted: no-loss; expected: order"),
        (judgement(order=NO, what="lost"), Sight.WRONG_CHECK, "order was refuted for: lost"),
        (judgement(order=UNSURE, no_loss=OK), Sight.UNCLEAR, "order: too few"),
    ],
)
def test_a_twin_is_caught_by_the_check_meant_for_it_and_by_no_other(judged, sight, detail):
    assert look(MEANT_FOR_ORDER, judged) == (sight, detail)


def test_a_defect_that_breaks_two_claims_has_to_be_refuted_on_both():
    expected = MEANT_FOR_ORDER.model_copy(update={"also": {"no-loss": "it is one and the same"}})
    assert look(expected, judgement(order=NO, no_loss=NO))[0] is Sight.CAUGHT
    assert look(expected, judgement(order=NO, no_loss=OK))[0] is Sight.WRONG_CHECK


def test_a_claim_that_chance_decides_on_may_be_refuted_or_not():
    expected = MEANT_FOR_ORDER.model_copy(update={"perhaps": {"no-loss": "a race"}})
    assert look(expected, judgement(order=NO, no_loss=NO))[0] is Sight.CAUGHT
    assert look(expected, judgement(order=NO, no_loss=OK))[0] is Sight.CAUGHT
    assert look(expected, judgement(order=OK, no_loss=NO))[0] is Sight.WRONG_CHECK


@pytest.mark.parametrize(
    ("judged", "sight", "detail"),
    [
        (judgement(order=OK, no_loss=OK), Sight.CLEAN, ""),
        (judgement(order=OK, no_loss=NO), Sight.FLAGGED, "refuted: no-loss"),
        (judgement(order=OK, no_loss=UNSURE), Sight.UNCLEAR, "no-loss: too few"),
        (judgement(), Sight.UNCLEAR, "nothing was tried"),
    ],
)
def test_a_clean_run_is_clean_only_when_all_is_verified(judged, sight, detail):
    assert look(None, judged) == (sight, detail)
