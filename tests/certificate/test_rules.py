"""The dual rule: sharp on random instances, never above the recomputed distortion."""

import json

import pytest
from mpmath import mp, mpf

from adversary.certificate.methods import METHODS as RECORDS
from adversary.certifying.proved import proved_bound

from . import reference
from .instances import LAWS, METHODS, random_document

CASES = [(m, law, ball) for m in METHODS for law in LAWS for ball in (False, True)]


@pytest.mark.parametrize(("method", "law", "alignment"), CASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_proves_the_recomputed_distortion(method: str, law: str, alignment: bool, seed: int):
    document = random_document(1000 + seed, method, law, alignment)
    document["witness"] = reference.witness(document)
    expected = reference.distortion(document).every
    proved = proved_bound(json.dumps(document).encode())
    assert proved is not None
    with mp.workdps(40):
        ratio = mpf(proved.numerator) / proved.denominator / expected
    assert 1 - mpf("1e-9") < ratio < 1 + mpf("1e-30")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000))
def test_proves_the_recomputed_distortion_of(seed: int):
    document = random_document(seed)
    try:
        document["witness"] = reference.witness(document)
    except NotImplementedError as reason:
        pytest.skip(str(reason))
    expected = reference.distortion(document).every
    proved = proved_bound(json.dumps(document).encode())
    assert proved is not None
    with mp.workdps(40):
        ratio = mpf(proved.numerator) / proved.denominator / expected
    assert 1 - mpf("1e-9") < ratio < 1 + mpf("1e-30")


def test_methods_that_ignore_the_budget():
    assert set(RECORDS) == set(METHODS)
    ignoring = {name for name, record in RECORDS.items() if not record.confined}
    assert ignoring == {"borda", "copeland", "maximal-lotteries"}
