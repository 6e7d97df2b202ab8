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
