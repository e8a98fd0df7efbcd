"""The exact adversary for one outcome: a linear program over user types, by column generation."""
