"""The names of the layers that an op adds beside its own."""

from __future__ import annotations

from cnnspec.backends.pycode import Code, Expr, format_inline


def suffix_name(name: Expr, suffix: str) -> Expr:
    """The name of a helping layer: ``"conv1"`` and ``pad`` give ``"conv1_pad"``.

    A name that is neither a string literal nor an f-string becomes part of an f-string.
    """
    text = format_inline(name)
    if text[-1] in "'\"":
        return Code(f"{text[:-1]}_{suffix}{text[-1]}")
    return Code(f'f"{{{text}}}_{suffix}"')
