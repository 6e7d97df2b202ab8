"""The reference pages in docs/reference: a page for each op, library block and command."""
