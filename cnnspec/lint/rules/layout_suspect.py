"""An image has many channels and a width of 1, 3 or 4: its axes may be in another order.

## What it checks
An input with two axes has more than 8 channels, a height above 8, and a width of 1, 3 or 4. Where
such an input makes a map run out, that is an error, which says so in a note.

## Why
Keras and image files have the channels last, as in (224, 224, 3), a spec and PyTorch first. Copied
number by number, the height becomes the channels. With padding in all layers nothing fails, and the
kernels slide over columns and colours: each weight mixes all rows, and no feature is found in
another row than where it was learned.
Source: PyTorch, `torch.nn.Conv2d` (N, C, H, W); Keras, `image_data_format` (N, H, W, C).

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 224, height: 224, width: 3}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 224, width: 224}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
```

## When to ignore it
When the input is a map of another network, or a table of signals, that is so narrow.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.image_layout import guess_layout
from cnnspec.lint.base import Finding, Rule, Subject


def find_turned_images(subject: Subject) -> Iterator[Finding]:
    """Every input that looks like an image with its channels last."""
    declared = {source.name: source for source in subject.spec.inputs}
    for value in subject.graph.inputs:
        shape = value.known
        meant = guess_layout(shape)
        if meant is None or shape.sizes[-1] > shape.sizes[0]:
            continue
        source = declared.get(value.name) or subject.spec.inputs[0]
        yield Finding(
            f"the input has {shape.channels} channels, and is only {shape.sizes[-1]} wide",
            span=source.span,
            help=(f"an image is probably meant: {meant}",),
        )


RULE = Rule("layout-suspect", Severity.WARNING, find_turned_images)
