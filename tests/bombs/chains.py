"""Very many layers, one after the other or by loops."""

from __future__ import annotations

from tests.bombs.base import FLAT, HEAD, network, repeat


@network
def chain_of_relu(share: float) -> str:
    return repeat(f"{HEAD}layers:\n", "- relu\n", 118_000 * share)


@network
def chain_of_norms(share: float) -> str:
    return repeat(f"{HEAD}layers:\n", "- batch_norm\n", 118_000 * share)


@network
def chain_of_convs(share: float) -> str:
    line = "- conv: {out_channels: 2, kernel_size: 1}\n"
    return repeat(f"{HEAD}layers:\n", line, 95_000 * share)


@network
def chain_of_units(share: float) -> str:
    line = "- conv: {out_channels: 2, kernel_size: 3, padding: 1}\n- batch_norm\n- relu\n"
    return repeat(f"{HEAD}layers:\n", line, 39_000 * share)


@network
def chain_of_different_convs(share: float) -> str:
    lines = "".join(
        f"- conv: {{out_channels: {i % 977 + 1}, kernel_size: 1}}\n"
        for i in range(int(90_000 * share))
    )
    return f"{HEAD}layers:\n{lines}"


@network
def chain_of_names(share: float) -> str:
    return repeat(f"{HEAD}layers:\n", "- relu:\n  name: a{i}\n", 118_000 * share)


@network
def chain_of_stages(share: float) -> str:
    return repeat(f"{HEAD}layers:\n", "  s{i}: {linear: 1}\n", 118_000 * share)


@network
def chain_of_stages_of_two(share: float) -> str:
    line = "  s{i}: [{conv: {out_channels: 2, kernel_size: 1}}, relu]\n"
    return repeat(f"{HEAD}layers:\n", line, 58_000 * share)


@network
def chain_of_linears(share: float) -> str:
    return repeat(f"{FLAT}layers:\n", "- linear: 3\n", 118_000 * share)


@network
def chain_of_dropouts(share: float) -> str:
    return repeat(f"{FLAT}layers:\n", "- dropout: 0.5\n", 118_000 * share)


@network
def chain_of_upsamples(share: float) -> str:
    line = "- upsample: 2\n- max_pool: 2\n"
    return repeat(f"{HEAD}layers:\n", line, 59_000 * share)


@network
def chain_of_residuals(share: float) -> str:
    line = "- residual: [{conv: {out_channels: 1, kernel_size: 3, padding: 1}}, relu]\n"
    return repeat(f"{HEAD}layers:\n", line, 39_000 * share)


@network
def chain_of_parallels(share: float) -> str:
    line = "- parallel: [[relu], [linear: 8]]\n  merge: add\n"
    return repeat(f"{FLAT}layers:\n", line, 39_000 * share)


@network
def chain_of_lists(share: float) -> str:
    return repeat(f"{HEAD}layers:\n", "- - relu\n", 118_000 * share)


@network
def chain_of_library_blocks(share: float) -> str:
    line = "- conv_bn_relu: {channels: 2, kernel_size: 1}\n"
    return repeat(f"{HEAD}layers:\n", line, 39_000 * share)


@network
def loop_of_relu(share: float) -> str:
    return f"{HEAD}layers:\n- repeat: {int(118_000 * share)}\n  relu:\n"


@network
def loop_of_convs(share: float) -> str:
    conv = "{out_channels: 2, kernel_size: 3, padding: 1}"
    return f"{HEAD}layers:\n- repeat: {int(59_000 * share)}\n  layers: [{{conv: {conv}}}, relu]\n"


@network
def loop_of_named_convs(share: float) -> str:
    conv = "{out_channels: $(i % 7 + 1), kernel_size: 3, padding: 1}"
    loop = f"for: {{i: $(range({int(59_000 * share)}))}}"
    return (
        f"{HEAD}layers:\n- {loop}\n  layers:\n  - conv: {conv}\n    name: conv$(i)\n"
        "  - relu:\n    name: relu$(i)\n"
    )


@network
def loop_of_random_numbers(share: float) -> str:
    conv = "{out_channels: $(i * i * 7919 % 613 % 97 + 1), kernel_size: 1}"
    loop = f"for: {{i: $(range({int(90_000 * share)}))}}"
    return f"{HEAD}layers:\n- {loop}\n  conv: {conv}\n"


@network
def loop_of_random_choices(share: float) -> str:
    loop = f"for: {{i: $(range({int(60_000 * share)}))}}"
    return (
        f"{FLAT}layers:\n- {loop}\n  layers:\n"
        "  - $('relu' if i * i * 7919 % 613 % 2 else 'tanh')\n"
        "  - linear: $(i * i * 31 % 101 % 13 + 1)\n"
    )


@network
def loop_of_skips(share: float) -> str:
    loop = f"for: {{i: $(range({int(80_000 * share)}))}}"
    return f"{FLAT}layers:\n- {loop}\n  when: $(i * i * 7919 % 613 % 2 == 0)\n  linear: 3\n"


@network
def loop_of_blocks(share: float) -> str:
    loop = f"for: {{i: $(range({int(39_000 * share)}))}}"
    block = (
        "blocks:\n  b:\n    params: [c]\n    layers:\n"
        "    - conv: {out_channels: $c, kernel_size: 1}\n    - batch_norm\n    - relu\n"
    )
    return f"{HEAD}{block}layers:\n- {loop}\n  b: $(i * i * 7919 % 613 % 97 + 1)\n"


@network
def loop_of_residual_blocks(share: float) -> str:
    loop = f"for: {{i: $(range({int(19_000 * share)}))}}"
    block = (
        "blocks:\n  b:\n    params: [c]\n    layers:\n    - residual:\n        body:\n"
        "        - conv: {out_channels: $c, kernel_size: 1}\n        - relu\n"
        "        - conv: {out_channels: $c, kernel_size: 1}\n        shortcut:\n"
        "        - conv: {out_channels: $c, kernel_size: 1}\n"
        "          when: $(in_channels != c)\n    - relu\n"
    )
    return f"{HEAD}{block}layers:\n- {loop}\n  b: $(i * i * 7919 % 613 % 97 + 1)\n"


@network
def loop_of_costly_expressions(share: float) -> str:
    return (
        f"{FLAT}layers:\n- for: {{i: $(range({int(50_000 * share)}))}}\n"
        "  linear: $(len(range(100000)) // 50000)\n"
    )


@network
def loop_of_long_expressions(share: float) -> str:
    return (
        f"{FLAT}layers:\n- for: {{i: $(range({int(50_000 * share)}))}}\n"
        f"  linear: $(1{'+ 1' * 300})\n"
    )


@network
def loop_of_long_lists(share: float) -> str:
    return (
        f"{FLAT}params: {{l: '$(range(90000))'}}\nlayers:\n"
        f"- for: {{i: $(range({int(50_000 * share)}))}}\n  linear: $(1 + len(l + [i]) // 50000)\n"
    )


@network
def loop_of_searches(share: float) -> str:
    return (
        f"{FLAT}params: {{l: '$(range(90000))'}}\nlayers:\n"
        f"- for: {{i: $(range({int(50_000 * share)}))}}\n  linear: $(2 if -1 in l else 3)\n"
    )


@network
def loop_of_sums(share: float) -> str:
    return (
        f"{FLAT}params: {{l: '$(range(90000))'}}\nlayers:\n"
        f"- for: {{i: $(range({int(50_000 * share)}))}}\n  linear: $(sum(l) % 7 + 1)\n"
    )


@network
def loop_of_texts(share: float) -> str:
    text = "'" + "a" * 700 + "'"
    return (
        f"{FLAT}layers:\n- for: {{i: $(range({int(50_000 * share)}))}}\n"
        f"  linear: $(2 if {text} in {text[:-1]}b' else 3)\n"
    )


@network
def loop_of_many_lists(share: float) -> str:
    lists = "".join(f"    v{i}: $(range({int(1_000 * share)}))\n" for i in range(100))
    return f"{FLAT}layers:\n- for:\n{lists}  linear: $(v7 % 3 + 1)\n"


@network
def loops_in_loops(share: float) -> str:
    lines, indent = "", ""
    for _ in range(16):
        lines += f"{indent}- repeat: 2\n{indent}  layers:\n"
        indent += "  "
    return f"{HEAD}layers:\n{lines}{indent}- relu\n"


@network
def loops_in_loops_of_different(share: float) -> str:
    lines, indent, total = "", "", "0"
    for depth in range(15):
        lines += f"{indent}- for: {{i{depth}: [0, 1]}}\n{indent}  layers:\n"
        indent += "  "
        total += f" + i{depth} * {depth + 1}"
    return f"{FLAT}layers:\n{lines}{indent}- linear: $({total} + 1)\n"
