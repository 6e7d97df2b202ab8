"""From edits that name steps to edits of a spec's text, which keep all the rest of it."""
