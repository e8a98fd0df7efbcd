"""What all tests share: reproducible property-based tests, one thread."""

from __future__ import annotations

import torch
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")
torch.set_num_threads(1)
