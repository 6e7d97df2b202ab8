"""More than twenty layers follow one another without a norm or a shortcut.

## What it checks
On every way to a convolution or linear layer lie twenty other such layers or more, with no norm
since, and no way around them by `residual`, `add`, `concat` or `multiply`. Networks with `selu`,
which normalises itself, are exempt. VGG-19 has nineteen in a row.

## Why
Plain networks get worse with depth, on the data that they are trained on as well: one of 34 layers
learned less than one of 18, and the same with shortcuts learned more. Without norms signals also
shrink or grow by a factor in each layer. Source: He et al., arXiv:1512.03385, sections 1 and 4.1.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 16, height: 32, width: 32}
layers:
  - repeat: 24
    layers:
      - conv: {out_channels: 16, kernel_size: 3, padding: 1}
      - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 16, height: 32, width: 32}
layers:
  - repeat: 12
    layers:
      - residual:
          - conv: {out_channels: 16, kernel_size: 3, padding: 1}
          - relu
          - conv: {out_channels: 16, kernel_size: 3, padding: 1}
      - relu
```

## When to ignore it
When the initial weights keep signals as they are, as those of "dynamical isometry" do.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import LAYERS, NORMS
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Value
from cnnspec.lint.base import Finding, Rule, Subject, describe_node, find_reader
from cnnspec.ops.activation import Selu

MOST = 20
_FRESH = (*NORMS, Selu)


def find_last(subject: Subject) -> Iterator[Finding]:
    """The first layer that is one too many."""
    layers = subject.list(*LAYERS)
    bare = 0
    for node in layers:
        reader = find_reader(node)
        bare += reader is None or not isinstance(reader.op, _FRESH)
    if bare <= MOST:
        return
    depths: dict[Value, int] = dict.fromkeys(subject.graph.inputs, 0)
    for node in subject.graph.nodes:
        depth = min((depths[value] for value in node.flows if value in depths), default=None)
        if depth is None or isinstance(node.op, _FRESH):
            depths[node.output] = 0
            continue
        depths[node.output] = depth + isinstance(node.op, LAYERS)
        if depths[node.output] > MOST:
            yield Finding(
                f"{describe_node(node)} is layer {MOST + 1} in a row without a norm or a shortcut",
                node,
                help=("put batch_norm behind each convolution, or pairs of them into residual",),
            )
            return


RULE = Rule("deep-plain", Severity.HINT, find_last)
