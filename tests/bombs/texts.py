"""Texts as large as the limits let them be, whatever they say."""

from __future__ import annotations

from tests.bombs.base import HEAD, bomb, fill, repeat


@bomb
def aliases_of_aliases(share: float) -> str:
    levels = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    return fill("a0: &a0 [x, x]\n" + levels, "# more\n", share)


@bomb
def anchors(share: float) -> str:
    return fill(f"{HEAD}layers:\n", "- &a{i} relu\n", share)


@bomb
def aliases(share: float) -> str:
    return fill(f"{HEAD}layers:\n- &a relu\n", "- *a\n", share * 0.13)


@bomb
def merges_of_one(share: float) -> str:
    many = ", ".join(f"k{i}: 1" for i in range(700))
    return repeat(f"a: &a {{{many}}}\nb: {{<<: [", "*a,", 350 * share, "]}\n")


@bomb
def merge_chain(share: float) -> str:
    return repeat("a0: &a0 {k: 1}\n", "b{i}: &b{i} {<<: *a0, k{i}: 1}\n", 50_000 * share)


@bomb
def duplicate_keys(share: float) -> str:
    return fill(HEAD, "year: 1\n", share)


@bomb
def unknown_keys(share: float) -> str:
    return fill(f"{HEAD}layers: [relu]\n", "layer{i}: 1\n", share)


@bomb
def one_text(share: float) -> str:
    return fill(f"{HEAD}layers: [relu]\nsummary: ", "long ", share)


@bomb
def one_word_as_op(share: float) -> str:
    return fill(f"{HEAD}layers:\n- ", "conw", share)


@bomb
def one_name(share: float) -> str:
    return fill(f"{HEAD}layers:\n- relu:\n  name: ", "long", share)


@bomb
def one_variable(share: float) -> str:
    return fill(f"{HEAD}layers:\n- linear: $", "long", share)


@bomb
def one_number(share: float) -> str:
    return fill(f"{HEAD}layers:\n- linear: ", "9", share)


@bomb
def one_field(share: float) -> str:
    return fill(f"{HEAD}layers:\n- conv: {{", "long", share, ": 1}\n")


@bomb
def one_key(share: float) -> str:
    return fill(f"{HEAD}layers: [relu]\n", "long", share, ": 1\n")


@bomb
def one_path(share: float) -> str:
    return fill(f"{HEAD}extends: ", "a/", share, "b.yaml\n")


@bomb
def one_folded_text(share: float) -> str:
    return fill(f"{HEAD}layers: [relu]\nsummary: >\n", "  a\n\n", share)


@bomb
def one_escaped_text(share: float) -> str:
    return fill(f'{HEAD}layers: [relu]\nsummary: "', "\\u263a", share, '"\n')


@bomb
def one_line_of_faults(share: float) -> str:
    return fill(f"{HEAD}layers: [", "frob{i}, ", share, "]\n")


@bomb
def one_line_of_wide_faults(share: float) -> str:
    return fill(f"{HEAD}layers: [", "\u754c{i}, ", share / 2, "]\n")


@bomb
def one_line_of_layers(share: float) -> str:
    return repeat(f"{HEAD}layers: [", "relu, ", 100_000 * share, "]\n")


@bomb
def open_lists(share: float) -> str:
    return fill(f"{HEAD}layers: ", "[", share)


@bomb
def open_mappings(share: float) -> str:
    return fill(f"{HEAD}layers: ", "{a: ", share)


@bomb
def indents(share: float) -> str:
    lines = "".join(f"{' ' * i}a:\n" for i in range(int(2_800 * share)))
    return f"{HEAD}layers:\n{lines}"


@bomb
def wide_indent(share: float) -> str:
    return f"{HEAD}layers:\n" + f"{' ' * 30_000}- relu\n" * int(135 * share)


@bomb
def comments(share: float) -> str:
    return fill(f"{HEAD}layers: [relu]\n", "# a\n", share)


@bomb
def ignores(share: float) -> str:
    return repeat(f"{HEAD}layers:\n", "- relu # cnnspec: ignore[noop-layer] a\n", 90_000 * share)


@bomb
def ignores_alone(share: float) -> str:
    return fill(f"{HEAD}layers: [relu]\n", "# cnnspec: ignore[noop-layer]\n", share)


@bomb
def ignores_broken(share: float) -> str:
    return fill(f"{HEAD}layers: [relu]\n", "# cnnspec: ignore[nop-layer\n", share)


@bomb
def ignored_rules(share: float) -> str:
    return fill(f"{HEAD}layers:\n- relu # cnnspec: ignore[", "noop-layer,", share, "a]\n")


@bomb
def empty_lines(share: float) -> str:
    return fill(f"{HEAD}layers: [relu]\n", "\n", share)


@bomb
def documents(share: float) -> str:
    return fill(f"{HEAD}layers: [relu]\n", "---\n", share)


@bomb
def tags(share: float) -> str:
    return fill(f"{HEAD}layers:\n", "- !!str relu\n", share)


@bomb
def unknown_tags(share: float) -> str:
    return fill(f"{HEAD}layers:\n", "- !<tag:a> relu\n", share)
