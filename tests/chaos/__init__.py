"""Coverage-guided fuzzing: any bytes at all give findings, or a network that can be written."""
