"""Files of named arrays: one module for each format."""
