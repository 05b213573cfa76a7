"""Cohen's kappa against values from the literature and the formula by a matrix of weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.curation.agreement import ReviewerAgreement, agreements, disagreements
from smallobjects.curation.submission import Settlement


@pytest.mark.parametrize(
    ("cells", "kappa"),
    [
        ((20, 5, 10, 15), 0.4),  # p_o = 0.7, p_e = 0.5
        ((45, 15, 25, 15), 0.06 / 0.46),  # p_o = 0.60, p_e = 0.54
        ((25, 35, 5, 35), 0.14 / 0.54),  # the same p_o, p_e = 0.46
        ((5, 0, 0, 5), 1.0),
        ((0, 5, 5, 0), -1.0),
        ((10, 10, 10, 10), 0.0),
        ((9, 1, 0, 0), 0.0),
        ((10, 0, 0, 0), None),
        ((0, 0, 0, 0), None),
    ],
)
def test_known_values(cells, kappa):
    found = ReviewerAgreement("A", "B", *cells).kappa
    assert found == (kappa if kappa is None else pytest.approx(kappa, abs=1e-12))


@given(st.tuples(*[st.integers(0, 10**5)] * 4))
def test_kappa_is_that_of_weighted_confusions(cells):
    """1 - Σ w n / Σ w e, with w = 1 off the diagonal and e the product of the margins."""
    confusion = np.array(cells, float).reshape(2, 2)
    weights = 1 - np.eye(2)
    kappa = ReviewerAgreement("A", "B", *cells).kappa
    if confusion.sum() == 0:
        assert kappa is None
        return
    expected = np.outer(confusion.sum(1), confusion.sum(0)) / confusion.sum()
    by_chance = (weights * expected).sum()
    if by_chance == 0:
        assert kappa is None
    else:
        assert kappa == pytest.approx(1 - (weights * confusion).sum() / by_chance, abs=1e-9)
        assert -1 <= kappa <= 1


def test_agreement_on_each_answer():
    agreement = ReviewerAgreement("A", "B", 8, 1, 3, 2)
    assert agreement.observed == 10 / 14
    assert agreement.on_accept == 16 / 20
    assert agreement.on_reject == 4 / 8
    assert ReviewerAgreement("A", "B", 3, 0, 0, 0).on_reject is None


def test_pairs_count_what_both_decided(store, say, images):
    said = {"Ada": "aarrs", "Bo": "arar.", "Cy": "....a"}
    words = {"a": "accept", "r": "reject", "s": "skip"}
    for name, letters in said.items():
        for image, letter in zip(images, letters, strict=False):
            if letter in words:
                say(name, image, words[letter])
    with store.connect() as connection:
        (pair,) = agreements(connection)
    assert pair == ReviewerAgreement("Ada", "Bo", 1, 1, 1, 1)


def test_disagreements_end_when_they_are_settled_or_minds_change(store, say, images):
    for image in images[:3]:
        say("Ada", image, "accept", "fine")
        say("Bo", image, "reject")
    say("Ada", images[3], "accept")
    say("Bo", images[3], "skip")

    def found(offset=0, count=10):
        with store.connect() as connection:
            return disagreements(connection, offset, count)

    total, unsettled, listed = found()
    ids = sorted(images[:3])
    assert (total, unsettled) == (3, 3)
    assert [item["image"] for item in listed] == ids
    assert [(v["reviewer"], v["decision"], v["note"]) for v in listed[0]["verdicts"]] == [
        ("Ada", "accept", "fine"),
        ("Bo", "reject", ""),
    ]
    store.settle(Settlement(reviewer="Ada", image=ids[0], decision="reject", note="right"))
    say("Bo", ids[1], "accept")
    total, unsettled, listed = found()
    assert (total, unsettled) == (2, 1)
    assert [item["image"] for item in listed] == [ids[2], ids[0]]
    assert listed[1]["settlement"] == {"decision": "reject", "reviewer": "Ada", "note": "right"}
    assert found(1, 1)[2] == listed[1:]
