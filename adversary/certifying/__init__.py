"""The untrusted writer of certificates."""
