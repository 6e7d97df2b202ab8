"""Bounds on what a spec may ask for: each is far above any published network."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnnspec.spec.model import ModelSpec

# ResNet-1202 has 4,300 ops. A file of the largest size spells some 100,000, and a loop may make as
# many: they are checked in some four seconds.
MAX_NODES = 100_000
# Ops of a network whose sizes stay open: each has a formula, and is tried with many sizes.
MAX_OPEN_NODES = 10_000
# Different open sizes of a network: each is tried, and followed through all ops.
MAX_OPEN_SIZES = 16
# Ops that are written as a model: so many take some five seconds at the most.
MAX_WRITTEN = 10_000
# Values that one op takes: DenseNet's widest concatenation has some 60.
MAX_MERGED = 1_000
# Steps carried out, empty ones too: loops around nothing must end as well.
MAX_STEPS = 250_000
# A step counts once more for so many characters in its expressions, or entries in its lists.
STEP_LENGTH = 32
# Values that expressions go through for one step more, where builds are held against each other.
STEP_WORK = 100
# Once the variants of a spec have so many together, those that are left are not checked; the one
# before may have been as large as one may be.
MAX_WORK = 75_000
# The same for what it takes to try other sizes of the variants' inputs, in steps of a build.
MAX_TRIED_WORK = 150_000
# What a build costs before its first step, counted in steps.
BUILD_COST = 50
# Blocks that call blocks; deeper chains are unreadable long before they reach this.
MAX_CALL_DEPTH = 32
# Steps inside steps.
MAX_NESTING = 48
# Numbers in one value of one sample: 16 GiB in float32.
MAX_ELEMENTS = 2**32
# Parameters: 64 GiB in float32.
MAX_PARAMETERS = 2**34
# Findings after which the rest is left for the next run: nobody reads further.
MAX_DIAGNOSTICS = 100


def weigh_start(spec: ModelSpec) -> int:
    """What a build costs before its first step, in steps: an input or an output is one, too."""
    return max(BUILD_COST, len(spec.inputs) + len(spec.outputs))
