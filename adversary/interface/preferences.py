"""What an alignment method may see: win probabilities, pair law, reference policy, KL budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class Preferences:
    """The population limit of the comparison data, batched over leading dimensions, float64.

    Utilities are not here: methods see preferences only. In the social-choice setting the
    reference is uniform and the budget infinite, so that one solver serves both settings.
    """

    win: Float[Tensor, "*batch m m"]
    """p(x≻y) in (0, 1), accurate to its own size also near 0; ½ on the diagonal."""
    margin: Float[Tensor, "*batch m m"]
    """p(x≻y) − ½, accurate to its own size also near 0; skew-symmetric."""
    noise: Float[Tensor, "*batch m m"]
    """Bound on the rounding error of `margin`: what tells a difference of scores from none."""
    log_pairs: Float[Tensor, "*batch m m"]
    """Log-probability of the ordered pair (x, y) under the pair law; −inf if never shown."""
    log_opponents: Float[Tensor, "*batch m m"]
    """Log-probability that x meets y, given that x is shown (a row of −inf: never shown)."""
    log_reference: Float[Tensor, "*batch m"]
    """Log of the reference policy; −inf for an alternative outside its support."""
    budget: Float[Tensor, "*batch"]
    """KL budget τ ≥ 0 in nats; +inf in the social-choice setting."""
    log_win: Float[Tensor, "*batch m m"] | None = None
    """log p(x≻y), where some p may be too small for a float; None: none is."""

    @property
    def support(self) -> Bool[Tensor, "*batch m"]:
        """The alternatives to which the reference gives positive mass."""
        return self.log_reference > -torch.inf

    def __getitem__(self, index: Any) -> Preferences:
        """Return the part of the batch that `index` picks from the leading dimensions."""
        return self._each(lambda table: table[index])

    def detach(self) -> Preferences:
        """Return the same preferences outside the gradient graph."""
        return self._each(lambda table: table.detach())

    def _each(self, change: Callable[[Tensor], Tensor]) -> Preferences:
        tables = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{n: change(t) for n, t in tables.items() if t is not None})
