"""`python -m adversary`."""

from adversary.cli import main

if __name__ == "__main__":
    main()
