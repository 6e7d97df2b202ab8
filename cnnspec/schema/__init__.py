"""The JSON Schema of a spec, by which editors complete, explain and check while one types.

Editors know nothing of a spec's own blocks and defaults. So there are four readings of a step: with
and without blocks of the spec's own, whose names nobody knows here, and with and without defaults,
which may give the fields that an op cannot do without. The head of the file says which one holds.
"""
