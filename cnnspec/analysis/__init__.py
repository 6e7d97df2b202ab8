"""What can be known of a network from its graph alone, for reports and for the linter."""
