"""Finds certificates of upper bounds, `adversary-bound/1`. Untrusted: the checker judges them."""
