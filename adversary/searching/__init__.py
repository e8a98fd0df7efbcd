"""The outer search: what is free, the strategies, and the one verb `search`.

Called `searching` because `adversary.search` is that verb.
"""
