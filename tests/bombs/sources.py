"""Networks that are hard to write as code: what is tried first fails, or reads long."""

from __future__ import annotations

from tests.bombs.base import FLAT, HEAD, network


def nest(steps: str, share: float) -> str:
    """Loops in loops, each of two turns, around some steps."""
    depth = 1
    while 2 ** (depth + 2) * steps.count("\n") <= 100_000 * share:
        depth += 1
    text, indent = "", ""
    for level in range(depth):
        text += f"{indent}- for: {{i{level}: [0, 1]}}\n{indent}  layers:\n"
        indent += "  "
    lines = steps.replace("LAST", f"i{depth - 1}").splitlines()
    return f"{FLAT}layers:\n{text}" + "".join(f"{indent}{line}\n" for line in lines)


@network
def loops_of_different_ops(share: float) -> str:
    return nest("- $('relu' if LAST else 'batch_norm')\n- linear: 8\n", share)


@network
def loops_of_optional_residuals(share: float) -> str:
    return nest("- residual: [linear: 8, relu]\n- linear: 8\n  when: $(LAST == 0)\n", share)


@network
def loops_of_shared_layers(share: float) -> str:
    return nest("- linear: 8\n  shared: w\n", share)


@network
def groups_in_groups(share: float) -> str:
    text, indent = "layers:\n", "  "
    for level in range(40):
        text += f"{indent}n{level}:\n"
        indent += "  "
        text += f"{indent}q{level}: {{residual: [linear: 8]}}\n"
    return f"{FLAT}{text}" + "".join(
        f"{indent}r{i}: {{residual: [linear: 8, relu]}}\n" for i in range(int(4_000 * share))
    )


@network
def outputs_for_training(share: float) -> str:
    count = max(1, int(998 * min(1, 10 * share)))
    chain = "".join(f"- linear: 8\n  name: a{i}\n" for i in range(int(80_000 * share)))
    heads = "".join(
        f"- layers: [relu, linear: 3]\n  from: a{i}\n  name: h{i}\n" for i in range(count)
    )
    outputs = "".join(f"  h{i}: {{training: true}}\n" for i in range(count))
    last = "- linear: 3\n  from: a1\n  name: last\n"
    return f"{FLAT}layers:\n{chain}{heads}{last}outputs:\n  last: last\n{outputs}"


@network
def blocks_shared_twice(share: float) -> str:
    count = int(28_000 * share)
    calls = "".join(f"- b:\n  shared: w{i % max(1, count // 2)}\n" for i in range(count))
    return f"{FLAT}blocks: {{b: {{layers: [linear: 8, relu]}}}}\nlayers:\n{calls}"


@network
def sums_of_all_channels(share: float) -> str:
    conv = "conv: {out_channels: 1, kernel_size: 1}"
    lines = "".join(
        f"- {conv}\n  name: a{i}\n- concat: [_, b{i - 1}]\n  name: b{i}\n"
        for i in range(1, int(48_000 * share))
    )
    return f"{HEAD}layers:\n- {conv}\n  name: b0\n{lines}"


@network
def parameters_that_may_be_arguments(share: float) -> str:
    count = max(1, int(900 * min(1, 10 * share)))
    names = "".join(f"  p{i}: 8\n" for i in range(count))
    lines = "".join(f"- linear: $p{i % count}\n- relu\n" for i in range(int(45_000 * share)))
    return f"{FLAT}params:\n{names}layers:\n{lines}"


@network
def defaults_of_defaults(share: float) -> str:
    count = int(9_000 * share)
    names = ", ".join(f"d{i + 1}=$(d{i} + d{i} - d{i})" for i in range(min(900, count)))
    steps = ", ".join(f"linear: $d{i}" for i in range(min(900, count)))
    calls = "".join(f"- b: {i + 1}\n" for i in range(10))
    return f"{FLAT}blocks:\n  b: {{params: [d0, {names}], layers: [{steps}]}}\nlayers:\n{calls}"


@network
def arguments_that_double(share: float) -> str:
    blocks = "".join(
        f"  b{i}: {{params: [c], layers: [b{i + 1}: $(c + c - c), relu]}}\n" for i in range(29)
    )
    last = "  b29: {params: [c], layers: [linear: $(c + c - c), batch_norm]}\n"
    calls = "".join(f"- b0: {i % 9 + 1}\n- linear: 7\n" for i in range(int(3_000 * share)))
    return f"{FLAT}blocks:\n{blocks}{last}layers:\n{calls}"


@network
def conditions_of_all_uses(share: float) -> str:
    units = "".join(
        f"    - residual: {{body: [linear: 8], shortcut_when: $(x > {i})}}\n"
        for i in range(int(19_000 * share))
    )
    calls = "".join(f"- b: {i * 500}\n" for i in range(3))
    return f"{FLAT}blocks:\n  b:\n    params: [x]\n    layers:\n{units}layers:\n{calls}"


@network
def values_taken_by_a_group(share: float) -> str:
    count = int(48_000 * share)
    loop = f"for: {{i: $(range({count}))}}"
    return (
        f"{FLAT}layers:\n- {loop}\n  layers:\n  - relu:\n    name: a$(i)\n"
        f"- name: g\n  layers:\n  - {loop}\n    add: [_, a$(i)]\n"
    )


@network
def values_inside_of_groups(share: float) -> str:
    lines = "".join(
        f"- layers: [relu, tanh]\n  name: s{i}\n- add: [_, s{i}.0]\n"
        for i in range(int(30_000 * share))
    )
    return f"{FLAT}layers:\n{lines}"


@network
def open_sizes_written(share: float) -> str:
    head = "cnnspec: 1\nname: net\ninput: {channels: 4, height: H, width: W}\n"
    conv = "conv: {out_channels: 4, kernel_size: 3, padding: 1}"
    return f"{head}layers:\n- repeat: {int(118_000 * share / 10)}\n  {conv}\n"
