"""BibTeX entries of the papers whose theorems apply to the files, and of the software."""

from __future__ import annotations

from collections.abc import Sequence

from adversary.export.format import Format
from adversary.export.source import Item
from adversary.theory import Question, known
from adversary.theory.sources import PROJECT, Source
from adversary.theory.theorem import Theorem
from adversary.version import __version__


def write(items: Sequence[Item]) -> str:
    """Return an entry for each source, the software last; a comment names the theorems used."""
    used: dict[Source, dict[str, Theorem]] = {}
    for item in items:
        if item.method is None:
            continue
        for theorem, _ in known(Question.of(item.document.instance, item.method)):
            used.setdefault(theorem.source, {})[theorem.key] = theorem
    own = used.pop(PROJECT, {})
    papers = [_paper(source, used[source]) for source in sorted(used, key=lambda s: s.citation)]
    return "\n".join([*papers, _comment(own) + _software()])


def _comment(theorems: dict[str, Theorem]) -> str:
    places = ", ".join(f"{theorem.place} ({key})" for key, theorem in sorted(theorems.items()))
    return f"% {places}\n" if places else ""


def _paper(source: Source, theorems: dict[str, Theorem]) -> str:
    fields = {"author": source.authors, "title": f"{{{source.title}}}"}
    if source.venue is not None:
        fields["booktitle"] = source.venue
    fields["year"] = str(source.year)
    if source.arxiv is not None:
        fields |= {"eprint": source.arxiv, "archiveprefix": "arXiv"}
        fields["note"] = f"arXiv:{source.arxiv}"
    kind = "misc" if source.venue is None else "inproceedings"
    return _comment(theorems) + _entry(kind, source.citation, fields)


def _software() -> str:
    fields = {
        "author": "{The adversary authors}",
        "title": "{adversary: worst cases of preference-alignment methods}",
        "year": str(PROJECT.year),
        "note": f"Software, version {__version__}",
    }
    return _entry("misc", PROJECT.citation, fields)


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}\n}}\n"


FORMAT = Format("bibtex", "the papers whose theorems apply, and this software", write)
