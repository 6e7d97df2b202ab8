"""Networks of an unusual form: wide ones, and those whose values meet again and again."""

from __future__ import annotations

from tests.bombs.base import FLAT, HEAD, network, repeat


@network
def one_concat(share: float) -> str:
    count = int(58_000 * share)
    names = ", ".join(f"a{i}" for i in range(count))
    lines = "".join(f"- linear: 1\n  name: a{i}\n" for i in range(count))
    return f"{FLAT}layers:\n{lines}- concat: [{names}]\n- linear: 1\n"


@network
def one_wide_parallel(share: float) -> str:
    return repeat(f"{FLAT}layers:\n- parallel:\n", "  - linear: 1\n", 118_000 * share)


@network
def one_wide_parallel_of_chains(share: float) -> str:
    return repeat(f"{FLAT}layers:\n- parallel:\n", "  - [linear: 1, relu]\n", 59_000 * share)


@network
def one_value_for_all(share: float) -> str:
    count = int(58_000 * share)
    lines = "".join(f"- linear: 8\n  from: input\n  name: a{i}\n" for i in range(count))
    names = ", ".join(f"a{i}" for i in range(count))
    return f"{FLAT}layers:\n{lines}- add: [{names}]\n"


@network
def many_of_all(share: float) -> str:
    count = int(600 * share**0.5)
    lines = "".join(
        f"- concat: [{', '.join(f'a{j}' for j in range(i))}]\n  name: c{i}\n"
        f"- linear: 1\n  name: a{i}\n"
        for i in range(2, count)
    )
    head = "- linear: 1\n  name: a0\n- linear: 1\n  name: a1\n"
    return f"{FLAT}layers:\n{head}{lines}"


@network
def chain_of_concats(share: float) -> str:
    head = f"{FLAT}layers:\n- linear: 1\n  name: a\n"
    return repeat(head, "- concat: [_, a]\n", 118_000 * share)


@network
def concats_that_double(share: float) -> str:
    head = f"{FLAT}layers:\n" + "- concat: [_, _]\n" * 20 + "- linear: 1\n"
    return repeat(head, "- relu\n", 90_000 * share)


@network
def chain_of_sums_of_concats(share: float) -> str:
    line = "- concat: [_, _]\n- linear: 8\n"
    return repeat(f"{FLAT}layers:\n", line, 59_000 * share)


@network
def norms_shared_by_all(share: float) -> str:
    line = "- conv: {out_channels: 1, kernel_size: 1}\n- batch_norm:\n  shared: n\n"
    return repeat(f"{HEAD}layers:\n", line, 58_000 * share)


@network
def chain_of_depthwise(share: float) -> str:
    line = "- depthwise_conv: {kernel_size: 1, multiplier: 2}\n"
    line += "- conv: {out_channels: 1, kernel_size: 1}\n"
    return repeat(f"{HEAD}layers:\n", line, 40_000 * share)


@network
def ladder(share: float) -> str:
    lines = "".join(
        f"- add: [a{i}, a{i + 1}]\n  name: a{i + 2}\n" for i in range(int(80_000 * share))
    )
    return f"{FLAT}layers:\n- linear: 8\n  name: a0\n- linear: 8\n  name: a1\n{lines}"


@network
def two_lanes(share: float) -> str:
    lines = "".join(
        f"- linear: 8\n  from: {lane}{i}\n  name: {lane}{i + 1}\n"
        for i in range(int(50_000 * share))
        for lane in "ab"
    )
    last = f"- add: [a{int(50_000 * share)}, b{int(50_000 * share)}]\n"
    start = "- linear: 8\n  name: a0\n- linear: 8\n  from: a0\n  name: b0\n"
    return f"{FLAT}layers:\n{start}{lines}{last}"


@network
def u_net(share: float) -> str:
    count = int(40_000 * share)
    down = "".join(f"- linear: 8\n  name: a{i}\n" for i in range(count))
    up = "".join(f"- add: [_, a{count - 1 - i}]\n- relu\n" for i in range(count))
    return f"{FLAT}layers:\n{down}{up}"


@network
def dead_ends(share: float) -> str:
    line = "- linear: 8\n  from: input\n"
    return repeat(f"{FLAT}layers:\n", line, 100_000 * share)


@network
def shared_by_all(share: float) -> str:
    line = "- conv: {out_channels: 1, kernel_size: 3, padding: 1}\n  shared: c\n"
    return repeat(f"{HEAD}layers:\n", line, 58_000 * share)


@network
def shared_blocks(share: float) -> str:
    block = "blocks: {b: {layers: [{conv: {out_channels: 1, kernel_size: 1}}, relu]}}\n"
    return repeat(f"{HEAD}{block}layers:\n", "- b:\n  shared: b\n", 58_000 * share)


@network
def residuals_in_residuals(share: float) -> str:
    inner = "- residual: [" * 11 + "linear: 8" + "]" * 11 + "\n"
    return repeat(
        f"{FLAT}layers:\n",
        inner.replace("- residual", "- residual", 1).replace("[- residual: ", "[residual: "),
        9_000 * share,
    )


@network
def residuals_in_residuals_deep(share: float) -> str:
    inner = "- residual: " + "[residual: " * 22 + "[relu]" + "]" * 22 + "\n"
    return repeat(f"{FLAT}layers:\n", inner, 5_000 * share)


@network
def blocks_deep(share: float) -> str:
    blocks = "".join(f"  b{i}: {{layers: [b{i + 1}, relu]}}\n" for i in range(30))
    calls = "- b0\n" * int(3_800 * share)
    return f"{HEAD}blocks:\n{blocks}  b30: {{layers: [relu]}}\nlayers:\n{calls}"


@network
def blocks_doubling(share: float) -> str:
    blocks = "".join(f"  b{i}: {{layers: [b{i + 1}, b{i + 1}]}}\n" for i in range(16))
    conv = "{conv: {out_channels: 1, kernel_size: 1}}"
    return f"{HEAD}blocks:\n{blocks}  b16: {{layers: [{conv}]}}\nlayers: [b0]\n"


@network
def blocks_doubling_by_parameter(share: float) -> str:
    blocks = "".join(
        f"  b{i}: {{params: [c], layers: [b{i + 1}: $(c * 2), b{i + 1}: $(c * 2 + 1)]}}\n"
        for i in range(15)
    )
    return f"{FLAT}blocks:\n{blocks}  b15: {{params: [c], layers: [linear: $c]}}\nlayers: [b0: 1]\n"


@network
def blocks_each_once(share: float) -> str:
    count = int(30_000 * share)
    blocks = "".join(
        f"  b{i}: {{layers: [{{conv: {{out_channels: 2, kernel_size: 1}}}}, relu]}}\n"
        for i in range(count)
    )
    return f"{HEAD}blocks:\n{blocks}layers:\n" + "".join(f"- b{i}\n" for i in range(count))


@network
def blocks_of_different_forms(share: float) -> str:
    count = int(9_000 * share)
    loop = f"for: {{i: $(range({count}))}}"
    steps = "".join(
        f"    - linear: 8\n      when: $(i // {2**bit} % 2 == 1)\n" for bit in range(13)
    )
    return (
        f"{FLAT}blocks:\n  b:\n    params: [i]\n    layers:\n    - relu\n{steps}"
        f"layers:\n- {loop}\n  b: $i\n"
    )


@network
def blocks_of_many_arguments(share: float) -> str:
    count = int(10_000 * share)
    steps = "".join(
        f"    - linear: $(i * {7919 + 2 * k} % 613 % {11 + k} + 1)\n" for k in range(10)
    )
    return (
        f"{FLAT}blocks:\n  b:\n    params: [i]\n    layers:\n{steps}"
        f"layers:\n- for: {{i: $(range({count}))}}\n  b: $i\n"
    )


@network
def block_of_all(share: float) -> str:
    lines = "    - linear: 3\n" * int(59_000 * share)
    return f"{FLAT}blocks:\n  b:\n    layers:\n{lines}layers: [b, b]\n"


@network
def block_used_twice_differently(share: float) -> str:
    lines = "    - linear: $c\n" * int(59_000 * share)
    return f"{FLAT}blocks:\n  b:\n    params: [c]\n    layers:\n{lines}layers: [b: 1, b: 2]\n"


@network
def constants(share: float) -> str:
    values = ", ".join(["0.5"] * 1000)
    line = f"- constant: {{features: 1000, values: [{values}]}}\n  name: c{{i}}\n"
    return repeat(f"{FLAT}layers:\n", line, 450 * share, "- linear: 1\n")


@network
def constants_looped(share: float) -> str:
    values = "'$([0.001 * i for i in range(1000)])'"
    return (
        f"{FLAT}layers:\n- for: {{j: $(range({int(7_000 * share)}))}}\n"
        f"  layers:\n  - constant: {{features: 1000, values: {values}}}\n  - linear: 8\n"
    )


@network
def constants_written(share: float) -> str:
    """As many numbers as are written as a model: 32 count as an op."""
    values = "'$([0.001 * i for i in range(1000)])'"
    return (
        f"{FLAT}layers:\n- for: {{j: $(range({int(3_500 * share)}))}}\n"
        f"  layers:\n  - constant: {{features: 1000, values: {values}}}\n  - linear: 8\n"
    )


@network
def attentions(share: float) -> str:
    head = "cnnspec: 1\nname: net\ninput: {tokens: 4, channels: 8}\nlayers:\n"
    return repeat(head, "- attention: 2\n", 100_000 * share)
