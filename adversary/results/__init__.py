"""What folders of certified files say together."""
