"""What can be said about a network and about what is wrong with it."""
