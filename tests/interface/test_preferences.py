"""Preferences: what a method may see, and that it can see no more."""

from __future__ import annotations

import dataclasses

import torch

from adversary.interface.preferences import Preferences
from tests.generators import populations


def test_methods_cannot_see_users() -> None:
    """No field tells utilities: populations with equal comparison data look the same."""
    names = {field.name for field in dataclasses.fields(Preferences)}
    assert names == {
        "win", "margin", "noise", "log_pairs", "log_opponents", "log_reference", "budget",
        "log_win",
    }  # fmt: skip


def test_detach_keeps_values_and_drops_the_graph() -> None:
    """A detached copy has the same numbers and no gradient."""
    population = populations(0, 4, 3)
    leaf = population.utilities.clone().requires_grad_()
    live = dataclasses.replace(population, utilities=leaf).preferences()
    still = live.detach()
    assert live.margin.requires_grad
    assert not any(
        table is not None and table.requires_grad
        for table in (getattr(still, f.name) for f in dataclasses.fields(still))
    )
    assert torch.equal(live.margin, still.margin)


def test_index_and_support() -> None:
    """Indexing picks batch elements in every field; the support is where the reference has mass."""
    p = populations(0, 4, 3).preferences()
    p.log_reference[2, 1] = -torch.inf
    assert p[2].support.tolist() == [True, False, True]
    assert p[1:3].win.shape == (2, 3, 3)
    assert p[1:3].budget.shape == (2,)
