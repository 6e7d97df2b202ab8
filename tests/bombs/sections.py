"""Very much of what stands in a spec beside its layers."""

from __future__ import annotations

from tests.bombs.base import FLAT, HEAD, bomb, repeat


@bomb
def parameters(share: float) -> str:
    return repeat(f"{HEAD}layers: [relu]\nparams:\n", "  p{i}: 1\n", 200_000 * share)


@bomb
def parameters_of_parameters(share: float) -> str:
    head = f"{HEAD}layers: [relu]\nparams:\n  p0: 1\n"
    return repeat(head, "  q{i}: $p0\n", 150_000 * share)


@bomb
def parameters_of_lists(share: float) -> str:
    line = '  p{i}: "$(range(100000))"\n'
    return repeat(f"{HEAD}layers: [relu]\nparams:\n", line, 100_000 * share)


@bomb
def parameters_of_texts(share: float) -> str:
    line = f"  p{{i}}: {'a' * 5_000}$p0$p0\n"
    return repeat(f"{HEAD}layers: [relu]\nparams:\n  p0: {'a' * 2400}\n", line, 800 * share)


@bomb
def parameters_chained(share: float) -> str:
    head = f"{HEAD}layers: [relu]\nparams:\n  p0: 1\n  q0: 1\n"
    lines = "".join(f"  q{i + 1}: $q{i}\n" for i in range(int(100_000 * share)))
    return head + lines


@bomb
def parameters_seen_by_blocks(share: float) -> str:
    names = "".join(f"  p{i}: 1\n" for i in range(int(30_000 * share)))
    calls = "- b\n" * int(40_000 * share)
    return f"{HEAD}params:\n{names}blocks: {{b: {{layers: [relu]}}}}\nlayers:\n{calls}"


@bomb
def parameters_seen_by_loops(share: float) -> str:
    names = "".join(f"  p{i}: 1\n" for i in range(int(100_000 * share)))
    return (
        f"{HEAD}params:\n{names}layers:\n- for: {{i: $(range({int(90_000 * share)}))}}\n  relu:\n"
    )


@bomb
def variants_of_one(share: float) -> str:
    return repeat(
        f"{HEAD}params: {{a: 1}}\nlayers: [relu]\nvariants:\n", "  v{i}: {a: 1}\n", 150_000 * share
    )


@bomb
def variants_that_overlap(share: float) -> str:
    count = int(450 * share**0.5)
    names = "".join(f"  p{i}: 1\n" for i in range(count))
    rows = "".join(
        f"  v{i}: {{{', '.join(f'p{j}: 2' for j in range(count))}}}\n" for i in range(count)
    )
    return f"{HEAD}params:\n{names}layers: [relu]\nvariants:\n{rows}"


@bomb
def variants_of_a_network(share: float) -> str:
    variants = "".join(f"  v{i}: {{a: {i + 1}}}\n" for i in range(300))
    layers = "- conv: {out_channels: $a, kernel_size: 3, padding: 1}\n- relu\n"
    count = int(500 * share)
    return f"{HEAD}params: {{a: 1}}\nvariants:\n{variants}layers:\n{layers * count}"


@bomb
def variants_with_parameters(share: float) -> str:
    names = "".join(f"  p{i}: 1\n" for i in range(int(100_000 * share)))
    variants = "".join(f"  v{i}: {{}}\n" for i in range(1_000))
    return f"{HEAD}params:\n{names}variants:\n{variants}layers: [relu]\n"


@bomb
def variants_with_lists(share: float) -> str:
    names = "".join(f'  p{i}: "$(range(20000))"\n' for i in range(int(20 * share)))
    variants = "".join(f"  v{i}: {{}}\n" for i in range(2_000))
    return f"{HEAD}params:\n{names}variants:\n{variants}layers: [relu]\n"


@bomb
def unused_blocks(share: float) -> str:
    return repeat(f"{HEAD}layers: [relu]\nblocks:\n", "  b{i}: {layers: [relu]}\n", 70_000 * share)


@bomb
def block_chains(share: float) -> str:
    head = f"{HEAD}layers: [relu]\nblocks:\n  b0: {{layers: [relu]}}\n"
    lines = "".join(f"  b{i + 1}: {{layers: [b{i}]}}\n" for i in range(int(70_000 * share)))
    return head + lines


@bomb
def blocks_that_double(share: float) -> str:
    head = f"{HEAD}layers: [relu]\nblocks:\n  b0: {{layers: [relu]}}\n"
    lines = "".join(f"  b{i + 1}: {{layers: [b{i}, b{i}]}}\n" for i in range(int(70_000 * share)))
    return head + lines


@bomb
def block_webs(share: float) -> str:
    count = int(700 * share**0.5)
    lines = "".join(
        f"  b{i}: {{layers: [{', '.join(f'b{j}' for j in range(i)) or 'relu'}]}}\n"
        for i in range(count)
    )
    return f"{HEAD}layers: [relu]\nblocks:\n{lines}"


@bomb
def block_parameters(share: float) -> str:
    names = ", ".join(f"p{i}=1" for i in range(int(100_000 * share)))
    return f"{HEAD}layers: [b, b, b]\nblocks:\n  b: {{params: [{names}], layers: [relu]}}\n"


@bomb
def block_parameters_and_calls(share: float) -> str:
    names = ", ".join(f"p{i}=1" for i in range(int(50_000 * share)))
    calls = "- b\n" * int(50_000 * share)
    return f"{HEAD}blocks:\n  b: {{params: [{names}], layers: [relu]}}\nlayers:\n{calls}"


@bomb
def defaults(share: float) -> str:
    head = f"{HEAD}layers: [relu]\ndefaults:\n  conv:\n"
    return repeat(head, "    f{i}: 1\n", 200_000 * share)


@bomb
def inputs(share: float) -> str:
    lines = "".join(f"  i{i}: {{features: 1}}\n" for i in range(int(40_000 * share)))
    names = ", ".join(f"i{i}" for i in range(int(40_000 * share)))
    return f"cnnspec: 1\nname: net\ninputs:\n{lines}layers:\n- concat: [{names}]\n- linear: 1\n"


@bomb
def inputs_that_stay_open(share: float) -> str:
    count = int(10_000 * share)
    lines = "".join(f"  i{i}: {{channels: 1, length: L{i}}}\n" for i in range(count))
    steps = "".join(f"- global_avg_pool:\n  from: i{i}\n  name: o{i}\n" for i in range(count))
    names = ", ".join(f"o{i}" for i in range(count))
    return f"cnnspec: 1\nname: net\ninputs:\n{lines}layers:\n{steps}- concat: [{names}]\n"


@bomb
def outputs(share: float) -> str:
    count = int(60_000 * share)
    layers = "".join(f"- linear: 1\n  name: a{i}\n" for i in range(count))
    names = "".join(f"  o{i}: a{i}\n" for i in range(count))
    return f"{FLAT}layers:\n{layers}outputs:\n{names}"


@bomb
def outputs_of_one(share: float) -> str:
    lines = "".join(f"  o{i}: a\n" for i in range(int(150_000 * share)))
    return f"{FLAT}layers:\n- linear: 1\n  name: a\noutputs:\n{lines}"


@bomb
def figures(share: float) -> str:
    return repeat(
        f"{FLAT}layers: [linear: 1]\nexpect:\n", "  v{i}: {parameters: 9}\n", 120_000 * share
    )


@bomb
def lint_rules(share: float) -> str:
    return repeat(f"{FLAT}layers: [linear: 1]\nlint:\n", "  rule{i}: off\n", 150_000 * share)


# What is tried or measured anew for each variant: other sizes, and what is read of its values.


def varied(size: str, count: float, layers: str) -> str:
    variants = "".join(f"  v{i}: {{a: {i + 1}}}\n" for i in range(int(count)))
    return (
        f"cnnspec: 1\nname: net\ninput: {{channels: 1, height: {size}, width: {size}}}\n"
        f"params: {{a: 1}}\nvariants:\n{variants}layers:\n{layers}"
    )


STRIDES = "".join(
    f"- conv: {{out_channels: $a, kernel_size: 1, stride: {p}}}\n- upsample: {p}\n"
    for p in (2, 3, 5, 7, 11, 13, 17, 19, 23)
)


@bomb
def variants_of_open_sizes(share: float) -> str:
    return varied("S", 4_000 * share, STRIDES)


@bomb
def variants_of_ranges(share: float) -> str:
    return varied("{min: 1, max: 65536}", 4_000 * share, STRIDES)


@bomb
def variants_of_fixed_sizes(share: float) -> str:
    return varied("64", 4_000 * share, STRIDES)


@bomb
def variants_of_sizes_without_end(share: float) -> str:
    layers = "- flatten\n- linear: $a\n- linear: 3\n"
    return varied("S", 4_000 * share, "- conv: {out_channels: 1, kernel_size: 99}\n" + layers)


@bomb
def variants_of_tokens(share: float) -> str:
    layers = (
        "- conv: {out_channels: 1, kernel_size: 3, stride: 2}\n- to_tokens\n"
        "- to_map: [1499, 1499]\n- crop: 7\n- conv: {out_channels: $a, kernel_size: 3}\n"
    )
    return varied("3000", 4_000 * share, layers)


@bomb
def variants_of_chains(share: float) -> str:
    line = "- conv: {out_channels: $a, kernel_size: 3, padding: 1}\n- relu\n"
    return varied("8", 1_200 * share, line * int(2_000 * share))


@bomb
def variants_of_long_chains(share: float) -> str:
    line = "- conv: {out_channels: $a, kernel_size: 3, padding: 1}\n- relu\n"
    return varied("8", 12, line * int(27_500 * share))


@bomb
def borders_that_nobody_reads(share: float) -> str:
    line = "- conv: {out_channels: 1, kernel_size: 1, stride: 2}\n"
    return varied("64", 1, line + "- relu\n" * int(395_000 * share))


@bomb
def inputs_with_letters(share: float) -> str:
    count = int(3_600 * share)
    sizes = "".join(f"  x{i}: {{channels: 1, height: H{i}, width: W{i}}}\n" for i in range(count))
    return _pooled(sizes, count, "", int(32_000 * share))


@bomb
def inputs_with_unread_borders(share: float) -> str:
    count = int(3_600 * share)
    sizes = "".join(f"  x{i}: {{channels: 1, height: 3, width: 3}}\n" for i in range(count))
    conv = "- from: x{i}\n  conv: {out_channels: 1, kernel_size: 2, stride: 2}\n"
    return _pooled(sizes, count, conv, int(360_000 * share))


def _pooled(sizes: str, count: int, first: str, tail: int) -> str:
    start = "- global_avg_pool:\n" if first else "- from: x{i}\n  global_avg_pool:\n"
    steps = "".join(f"{first}{start}  name: z{{i}}\n".replace("{i}", str(i)) for i in range(count))
    names = ", ".join(f"z{i}" for i in range(count))
    layers = f"{steps}- concat: [{names}]\n- repeat: {max(1, tail)}\n  relu:\n"
    return f"cnnspec: 1\nname: net\ninputs:\n{sizes}layers:\n{layers}"


@bomb
def parts_seen_from_outside(share: float) -> str:
    count = int(160_000 * share)
    inner = f"- layers:\n  - for: {{i: $(range({count}))}}\n    relu:\n    name: r$(i)\n  name: s\n"
    return (
        f"{HEAD}layers:\n{inner}- for: {{j: $(range({count}))}}\n  relu:\n  from: s.r{count - 1}\n"
    )


@bomb
def gates_behind_residuals(share: float) -> str:
    size = HEAD.replace("height: 8, width: 8", "height: 1, width: 1")
    body = f"- repeat: {int(60_000 * share)}\n  residual: [sigmoid]\n"
    return (
        f"{size}layers:\n- tanh:\n  name: x\n- global_avg_pool\n{body}- multiply: [x, _]\n- relu\n"
    )


@bomb
def outputs_along_a_chain(share: float) -> str:
    count = int(360_000 * share)
    loop = f"- for: {{i: $(range({count}))}}\n  dropout: 0.5\n  name: r$(i)\n"
    outputs = "".join(f"  o{i}: r{i * (count // 999)}\n" for i in range(999) if count > 999)
    return f"{FLAT}layers:\n{loop}outputs:\n{outputs or '  o: _'}"
