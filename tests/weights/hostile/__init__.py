"""Files that are meant to harm, built by hand, one module for each format."""
