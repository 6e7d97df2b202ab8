"""Design faults of networks that run: rules, what they find, and what is done about it."""
