"""The names of the layers that an op adds beside its own."""

from __future__ import annotations

from cnnspec.backends.pycode import Call, Code, Expr, format_inline

# The helping layers that come after the layer with the op's own name.
AFTER = ("restore", "crop", "stride")


def suffix_name(name: Expr, suffix: str) -> Expr:
    """The name of a helping layer: ``"conv1"`` and ``pad`` give ``"conv1_pad"``.

    A name that is neither a string literal nor an f-string becomes part of an f-string.
    """
    text = format_inline(name)
    if text[-1] in "'\"":
        return Code(f"{text[:-1]}_{suffix}{text[-1]}")
    return Code(f'f"{{{text}}}_{suffix}"')


def find_suffixes(name: Expr, layers: tuple[Expr, ...]) -> tuple[str, ...]:
    """What the names of an op's layers add to its own: ``_pad``, and nothing for the main one."""
    main = format_inline(name)
    found = []
    for layer in layers:
        given = dict(layer.keywords).get("name") if isinstance(layer, Call) else None
        if given is not None:
            found.append(format_inline(given)[len(main) - 1 : -1])
    return tuple(found)
