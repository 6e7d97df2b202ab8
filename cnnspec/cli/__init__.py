"""The command line: the only part, beside the loader, that reads and writes files."""
