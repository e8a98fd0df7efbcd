"""What a method is, and all that it may see."""
