"""A LaTeX table of each instance and its certified claim; needs the package booktabs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from adversary.export.format import Format
from adversary.export.source import Item
from adversary.figures.numbers import latex_bound, latex_number, latex_text
from adversary.problem.instance import Independent, Instance, PairLaw, Pairs


def write(items: Sequence[Item]) -> str:
    """Return a table environment for each file. Raises CertificateError for a refused claim."""
    return "\n".join(table(item) for item in items)


def table(item: Item) -> str:
    """Return one instance as a table; weights are normalised."""
    item.must_be_accepted()
    instance = item.document.instance
    names = [latex_text(name) for name in instance.alternatives]
    total = sum(user.weight for user in instance.users)
    rows = [
        _row(f"type {k}", latex_number(user.weight / total), user.utilities)
        for k, user in enumerate(instance.users, 1)
    ]
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        f"\\caption{{{_caption(item)}}}\\smallskip",
        f"\\begin{{tabular}}{{l{'r' * (len(names) + 1)}}}",
        r"\toprule",
        " & ".join(["", "weight", *names]) + r" \\",
        r"\midrule",
        *rows,
        r"\midrule",
        _row("average utility", "", instance.average_utility),
    ]
    if isinstance(instance.sampling, Independent):
        lines.append(_row(r"pair law $\mu$", "", _shares(instance.sampling.weights)))
    if instance.reference is not None:
        lines.append(
            _row(r"reference $\pi_{\mathrm{ref}}$", "", _shares(instance.reference.weights))
        )
    lines += [r"\bottomrule", r"\end{tabular}", r"\par\smallskip", r"\footnotesize"]
    return "\n".join([*lines, *_notes(item), r"\end{table}", ""])


def _row(name: str, weight: str, values: Sequence[Fraction]) -> str:
    return " & ".join([name, weight, *map(latex_number, values)]) + r" \\"


def _shares(weights: Sequence[Fraction]) -> list[Fraction]:
    return [weight / sum(weights) for weight in weights]


def _caption(item: Item) -> str:
    if item.bound is None or item.verdict is None:
        return "An instance."
    claim = f"Certified: {item.method} has distortion at least {latex_bound(item.bound)}"
    return f"{claim} for {item.verdict.policies} policy that it allows."


def _notes(item: Item) -> Iterator[str]:
    instance = item.document.instance
    budget = ""
    if instance.reference is not None:
        budget = f", KL budget $\\tau = {latex_number(instance.reference.kl_budget)[1:]}"
    yield f"Bradley--Terry temperature $\\beta = {latex_number(instance.beta)[1:]}{budget}."
    if not isinstance(instance.sampling, Independent):
        yield f"Pair law $\\nu$: {_law(instance.sampling, instance)}."
    yield f"Long numbers are rounded; the exact values are in {latex_text(item.path.name)}."


def _law(law: PairLaw, instance: Instance) -> str:
    names = [latex_text(name) for name in instance.alternatives]
    if isinstance(law, Independent):
        shares = zip(names, _shares(law.weights), strict=True)
        return ", ".join(f"{name}: {latex_number(share)}" for name, share in shares)
    if isinstance(law, Pairs):
        shares = zip(law.weights, _shares([weight for _, _, weight in law.weights]), strict=True)
        return ", ".join(
            f"\\{{{names[x]}, {names[y]}\\}}: {latex_number(share)}"
            for (x, y, _), share in shares
            if share
        )
    return "; ".join(
        f"type {k}: {_kind(own)}{_law(own, instance)}" for k, own in enumerate(law.laws, 1)
    )


def _kind(law: PairLaw) -> str:
    return "independent draws from " if isinstance(law, Independent) else ""


FORMAT = Format("latex", "a table of each instance and its claim (booktabs)", write)
