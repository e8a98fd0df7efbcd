"""python -m adversary.certificate FILE...: one line for each file (SPEC section 6)."""

import sys

from .checker import check


def main(paths: list[str]) -> int:
    """Exit status: 0 all accepted, 1 some rejected, 2 no file named."""
    if not paths:
        sys.stderr.write("usage: python -m adversary.certificate FILE...\n")
        return 2
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    status = 0
    for path in paths:
        verdict = check(path)
        name = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)
        word = "accepted" if verdict.accepted else "rejected"
        sys.stdout.write(f"{word}: {name}: {verdict.message}\n")
        status = status if verdict.accepted else 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
