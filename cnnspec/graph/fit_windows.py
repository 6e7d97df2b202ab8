"""Ways out where a map is too small for a window."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.graph.fit_sizes import find_smallest
from cnnspec.graph.record import Fault
from cnnspec.graph.trail import Change, resolve_windows, trace_fault
from cnnspec.graph.trials import Trials, is_own, put_instead, set_fields, swap
from cnnspec.graph.walk import list_steps
from cnnspec.spec.model import Literal, MapArgument, Step

_CONVOLUTIONS = ("conv", "depthwise_conv")
# Each costs a build, and advice about more places than this is no longer one edit.
_MAX_EDITS = 16


def fit_window(fault: Fault, trials: Trials) -> Iterator[str]:
    """A stride of 1, a kernel that fits, padding that keeps the size, an input large enough."""
    if fault.op.op == "conv_transpose":
        return
    yield from _unstride(fault, trials)
    if fault.cause.field == "kernel_size" and is_own(fault.step):
        yield from _fit_kernel(fault, trials)
    yield from _keep_size(fault, trials)
    yield from find_smallest(fault, trials)


def _unstride(fault: Fault, trials: Trials) -> Iterator[str]:
    """A stride of 1 where it is as large as an odd kernel, as slips of the pen make it."""
    for change in trace_fault(fault):
        step, windows = change.node.origin.step, change.windows
        if change.node.op.op not in _CONVOLUTIONS or not is_own(step):
            continue
        odd = all(w.kernel == w.stride > 1 and w.kernel % 2 for w in windows)
        if odd and trials.solves(fault, swap(set_fields(step, stride=1))):
            where = "here" if step is fault.step else f"on {change.title}"
            yield f"stride: 1 {where}, where windows of {windows[0].kernel} rows never overlap"
            return


def _fit_kernel(fault: Fault, trials: Trials) -> Iterator[str]:
    shape = fault.shapes[0]
    windows = resolve_windows(fault.op, shape)
    largest = tuple(
        min(w.kernel, max(1, (size + w.before + w.after - 1) // w.dilation + 1))
        for w, size in zip(windows, shape.sizes, strict=True)
    )
    if max(largest) == 1 and "pool" in fault.op.op:
        if trials.solves(fault, put_instead(fault.step)):
            yield f"leave this {fault.op.op} out: the map is as small as it gets"
        return
    kernel = largest[0] if len(set(largest)) == 1 else largest
    if trials.solves(fault, swap(set_fields(fault.step, kernel_size=kernel))):
        shown = kernel if isinstance(kernel, int) else list(kernel)
        yield f"the largest kernel that fits here is {shown}"


def _keep_size(fault: Fault, trials: Trials) -> Iterator[str]:
    """Padding on one step that brings the network through, or on as few as do."""
    *before, last = trace_fault(fault)
    candidates = [last] if fault.op.op in _CONVOLUTIONS else []
    candidates += [change for change in _list_late(before) if change.eats]
    for change in candidates:
        step = change.node.origin.step
        if is_own(step) and trials.solves(fault, swap(_pad(step))):
            where = "here" if change is last else f"on {change.title}"
            keeps = all(window.stride == 1 for window in change.windows)
            yield f"padding: same {where} {'keeps the size' if keeps else 'loses no rows'}"
            return
    yield from _pad_several(fault, trials)


def _list_late(changes: list[Change]) -> list[Change]:
    """The convolutions since the map was twice as large, the last first."""
    late = []
    final = changes[-1].after.sizes if changes and changes[-1].after else ()
    for change in reversed(changes):
        if change.node.op.op in _CONVOLUTIONS:
            late.append(change)
        pairs = zip(change.before.sizes, final, strict=False)
        if any(before >= 2 * after for before, after in pairs):
            break
    return late


def _pad_several(fault: Fault, trials: Trials) -> Iterator[str]:
    steps = [step for step in list_steps(trials.base.spec) if _can_pad(step)]
    if not 2 <= len(steps) <= _MAX_EDITS:
        return
    if not trials.solves(fault, swap(*map(_pad, steps))):
        return
    for step in list(steps):
        fewer = [other for other in steps if other is not step]
        if trials.solves(fault, swap(*map(_pad, fewer))):
            steps = fewer
    lines = sorted({step.span.line for step in steps})
    listed = ", ".join(map(str, lines[:-1]))
    if len(lines) > 1:
        yield f"padding: same on the convolutions at lines {listed} and {lines[-1]} keeps the size"


def _can_pad(step: Step) -> bool:
    """Whether padding would change what a convolution does to the size."""
    if step.head not in _CONVOLUTIONS or not isinstance(step.argument, MapArgument):
        return False
    kernel, padding = step.argument.get("kernel_size"), step.argument.get("padding")
    same = isinstance(padding, Literal) and padding.value == "same"
    return not same and not (isinstance(kernel, Literal) and kernel.value == 1)


def _pad(step: Step) -> Step:
    return set_fields(step, padding="same")
