"""Ways out of a fault, each tried before it is offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import gcd
from types import MappingProxyType

from cnnspec.graph.fit_kinds import fit_kind
from cnnspec.graph.fit_merges import fit_merge
from cnnspec.graph.fit_windows import fit_window
from cnnspec.graph.record import Fault
from cnnspec.graph.trials import Trials, is_own, put_instead
from cnnspec.ops.base import ShapeFault

# Numbers of groups that are offered.
_MAX_GROUPS = 3


def find_remedies(fault: Fault, trials: Trials) -> list[str]:
    """What makes a fault go away without any new one, in sentences."""
    find = _REMEDIES.get(fault.cause.rule)
    found = list(find(fault, trials)) if find is not None and trials.start() else []
    # What the op itself advises follows from its own rule, and needs no trial.
    return found if fault.cause.rule in _TRIED_ONLY else [*found, *fault.cause.help]


def _fit_groups(fault: Fault, trials: Trials) -> Iterator[str]:
    """Numbers of groups, or rows of a tile, that divide what the op asks for."""
    field, shape = fault.cause.field, fault.shapes[0]
    if field is None or not hasattr(fault.op, field):
        return
    wanted = int(getattr(fault.op, field))
    total = gcd(shape.channels, int(getattr(fault.op, "out_channels", shape.channels)))
    most = min(max(total, *shape.sizes, 1), 4096)
    dividing = (n for n in range(1, most + 1) if total % n == 0 or gcd(*shape.sizes) % n == 0)
    fitting = [number for number in dividing if _takes(fault, field, number)]
    nearest = sorted(fitting, key=lambda number: (abs(number - wanted), number))
    if nearest:
        shown = ", ".join(map(str, sorted(nearest[:_MAX_GROUPS])))
        yield f"{field.removesuffix('s')}s that fit here: {shown}"
    unit = wanted**shape.rank if field == "factor" else wanted
    yield from _fit_channels(fault, f"{wanted} would fit", unit)


def _fit_channels(fault: Fault, promise: str, unit: int) -> Iterator[str]:
    """The numbers of channels next to those that an op gets, or makes, which a number divides."""
    got, made = fault.shapes[0].channels, getattr(fault.op, "out_channels", None)
    if made is None:
        numbers = {"channels": got}
    else:
        numbers = {"input channels": got, "output channels": int(made)}
    for noun, channels in numbers.items():
        below = channels // unit * unit
        near = [number for number in (below, below + unit) if 0 < number <= 2 * channels]
        if channels % unit and near:
            yield f"{promise} {' or '.join(map(str, near))} {noun}"


def _takes(fault: Fault, field: str, number: int) -> bool:
    """Whether the op takes its inputs with another number in a field."""
    op = type(fault.op).model_validate({**vars(fault.op), field: number})
    try:
        op.infer_shape(fault.shapes)
    except ShapeFault:
        return False
    return True


def _leave_out(fault: Fault, trials: Trials) -> Iterator[str]:
    """The network without the step."""
    if is_own(fault.step) and trials.solves(fault, put_instead(fault.step)):
        yield f"leave this {fault.op.op} out"


_REMEDIES: MappingProxyType[str, Callable[[Fault, Trials], Iterator[str]]] = MappingProxyType(
    {
        "crop-exceeds-input": fit_window,
        "groups-not-dividing": _fit_groups,
        "kernel-exceeds-input": fit_window,
        "kind-mismatch": fit_kind,
        "norm-degenerate": _leave_out,
        "shape-mismatch": fit_merge,
    }
)

# Rules whose ops advise in general what is tried here in particular.
_TRIED_ONLY = frozenset({"groups-not-dividing", "norm-degenerate"})
