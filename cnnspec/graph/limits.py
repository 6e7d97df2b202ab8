"""Bounds on what a spec may ask for: each is far above any published network."""

# ResNet-152 has 515 ops; a spec that asks for this many has a loop gone wrong.
MAX_NODES = 200_000
# Blocks that call blocks; deeper chains are unreadable long before they reach this.
MAX_CALL_DEPTH = 32
# Steps inside steps.
MAX_NESTING = 48
# Numbers in one value of one sample: 16 GiB in float32.
MAX_ELEMENTS = 2**32
# Parameters: 64 GiB in float32.
MAX_PARAMETERS = 2**34
# Findings after which the rest is counted but not shown.
MAX_DIAGNOSTICS = 100
