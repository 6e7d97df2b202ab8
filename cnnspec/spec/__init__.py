"""What a file may contain, before it is known what it computes."""
