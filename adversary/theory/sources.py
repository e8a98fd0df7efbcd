"""Where the theorems come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A paper, or this project."""

    citation: str
    """Citation key."""
    short: str
    authors: str
    title: str
    year: int
    arxiv: str | None = None
    venue: str | None = None


GHY = Source(
    citation="goelz2025distortion",
    short="GHY",
    authors="Paul Gölz and Nika Haghtalab and Kunhe Yang",
    title="Distortion of AI Alignment: Does Preference Optimization Optimize for Preferences?",
    year=2025,
    arxiv="2505.23749",
    venue="NeurIPS 2025",
)
AG = Source(
    citation="alipour2026utilitarian",
    short="AG",
    authors="Alipour and Goyal",
    title="Utilitarian Distortion Under Probabilistic Voting",
    year=2026,
    arxiv="2602.11152",
)
OUHB = Source(
    citation="oko2026distortion",
    short="OUHB",
    authors="Oko and Ulichney and Haghtalab and Bao",
    title="Distortion of AI Alignment Revisited: RLHF Is a Decent Utilitarian Aligner",
    year=2026,
    arxiv="2609.12651",
)
PROJECT = Source(
    citation="adversary",
    short="this project",
    authors="the authors of adversary",
    title="adversary",
    year=2026,
)
