"""Tables and figures for LaTeX: what they say, and that they compile where there is a TeX."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from adversary.errors import CertificateError
from adversary.export import latex, tikz
from adversary.export.source import load
from tests.export.samples import INSTANCES, PAIRS, RLHF, awkward, with_claim

TEX = shutil.which("pdflatex")


def compiled(body: str, package: str, folder: Path) -> None:
    """Compile a fragment with one package; without a TeX, look at braces and environments."""
    depth = 0
    for token in re.findall(r"\\.|[{}]", body):
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0
    assert depth == 0
    begun, ended = (sorted(re.findall(rf"\\{word}{{(\w+)}}", body)) for word in ("begin", "end"))
    assert begun == ended
    if TEX is None:
        return
    head = f"\\documentclass{{article}}\n\\usepackage{package}\n\\begin{{document}}\n"
    (folder / "main.tex").write_text(f"{head}{body}\n\\end{{document}}\n", "utf-8")
    command = [TEX, "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]


def has(package: str) -> bool:
    found = subprocess.run(["kpsewhich", f"{package}.sty"], capture_output=True)
    return found.returncode == 0


def test_tables_compile(tmp_path: Path) -> None:
    body = latex.write(load([*INSTANCES, awkward(tmp_path)]))
    compiled(body, "{booktabs}", tmp_path)


def test_table_says_what_the_file_says() -> None:
    body = latex.write(load([RLHF]))
    assert "rlhf has distortion at least $706.997$ for every policy" in body
    assert r"type 2 & $0.9998$ & $0.01$ & $0$ & $1$ \\" in body
    assert r"$\tau = 37.4$" in body
    assert r"reference $\pi_{\mathrm{ref}}$ &  & $2/7$ & $5/7$ & $0$" in body
    assert "the exact values are in rlhf-kl-free-beta8.json" in body


def test_laws_on_pairs_have_a_line() -> None:
    assert r"\{a, b\}: $1/4$, \{a, d\}: $1/4$, \{b, c\}: $1/4$, \{c, e\}: $1/4$." in latex.write(
        load([PAIRS])
    )


def test_an_instance_without_a_claim_claims_nothing(tmp_path: Path) -> None:
    body = latex.write(load([awkward(tmp_path)]))
    assert "ertified" not in body
    assert r"$1.5\times 10^{-400}$" in body


@pytest.mark.parametrize("write", [latex.write, tikz.write])
def test_a_refused_claim_is_not_printed(write, tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="proves only"):
        write(load([with_claim(RLHF, "1e6", tmp_path)]))


def test_figures_compile(tmp_path: Path) -> None:
    if TEX is not None and not has("pgfplots"):
        pytest.skip("this TeX has no pgfplots")
    groups = [[RLHF], [PAIRS], [awkward(tmp_path)], INSTANCES]
    body = "\n\n".join(tikz.write(load(group)) for group in groups)
    compiled(body, r"{pgfplots}\pgfplotsset{compat=1.18}", tmp_path)


def test_one_file_gives_bars_and_several_give_bounds() -> None:
    bars = tikz.write(load([RLHF]))
    assert "(0,0.01) (1,0) (2,1)" in bars
    assert r"\addlegendentry{type 2, weight $0.9998$}" in bars
    bounds = tikz.write(load([RLHF, PAIRS]))
    assert "coordinates {(8.0,706.997084548)}" in bounds
    assert r"\addlegendentry{rlhf, social choice, pairs}" in bounds
