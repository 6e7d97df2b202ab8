"""Specs that cost as much as the limits let them, each by one thing of which it has very many.

A builder takes a share of the limits and gives files by name; the spec is `net.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable

from cnnspec import document
from cnnspec.graph import limits

Files = dict[str, str]
Build = Callable[[float], Files]

HEAD = "cnnspec: 1\nname: net\ninput: {channels: 1, height: 8, width: 8}\n"
FLAT = "cnnspec: 1\nname: net\ninput: {features: 8}\n"
BOMBS: dict[str, Build] = {}
# What the numbers below are for, and how much of it the limits allow.
ROOM = 4 * 2**20
TEXT = document.MAX_BYTES / ROOM
OPS = limits.MAX_NODES / 120_000
# Those that are held by the limit of ops, of which what is compiled has another.
NETWORKS: set[str] = set()


def bomb(build: Callable[[float], str | Files], scale: float = TEXT) -> Build:
    """List a builder under its name."""

    def files(share: float) -> Files:
        built = build(share * scale)
        return {"net.yaml": built} if isinstance(built, str) else built

    BOMBS[build.__name__] = files
    return files


def network(build: Callable[[float], str | Files]) -> Build:
    """The same for one that is held by the limit of ops."""
    NETWORKS.add(build.__name__)
    return bomb(build, OPS)


def write(name: str, command: str, share: float) -> Files:
    """The files of a bomb, as large as a command takes them."""
    if name in NETWORKS and command in ("torch", "keras", "onnx"):
        share *= limits.MAX_WRITTEN / limits.MAX_NODES
    return BOMBS[name](share)


def fill(head: str, line: str, share: float, tail: str = "", room: int = ROOM) -> str:
    """Lines up to a share of the largest file; `{i}` in a line is its number."""
    size = int(room * share) - len(head) - len(tail)
    lines, length, number = [], 0, 0
    while True:
        text = line.replace("{i}", str(number)).replace("{j}", str(max(0, number - 1)))
        length += len(text)
        if length > size:
            return head + "".join(lines) + tail
        lines.append(text)
        number += 1


def repeat(head: str, line: str, count: float, tail: str = "") -> str:
    """So many lines, as far as a file can hold them."""
    numbers = range(max(1, int(count)))
    lines = [line.replace("{i}", str(i)).replace("{j}", str(max(0, i - 1))) for i in numbers]
    text = head + "".join(lines) + tail
    assert len(text) <= ROOM, len(text)
    return text


# The text alone


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


# Parts of a spec beside its layers


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


# Layers


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


# Networks of an unusual form


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
def attentions(share: float) -> str:
    head = "cnnspec: 1\nname: net\ninput: {tokens: 4, channels: 8}\nlayers:\n"
    return repeat(head, "- attention: 2\n", 100_000 * share)


# Sizes


def sized(size: str, layers: str) -> str:
    return (
        f"cnnspec: 1\nname: net\ninput: {{channels: 1, height: {size}, width: {size}}}\n"
        f"layers:\n{layers}"
    )


@network
def sizes_of_large_maps(share: float) -> str:
    convs = "- conv: {out_channels: 1, kernel_size: 7, stride: 1, padding: 3}\n" * int(
        9_000 * share
    )
    return sized("60000", convs)


@network
def sizes_of_dilated_maps(share: float) -> str:
    convs = "".join(
        f"- conv: {{out_channels: 1, kernel_size: 3, dilation: {rate}, padding: {rate}}}\n"
        for rate in (i % 97 + 1 for i in range(int(9_000 * share)))
    )
    return sized("60000", convs)


@network
def sizes_of_strides(share: float) -> str:
    convs = "".join(
        f"- conv: {{out_channels: 1, kernel_size: 1, stride: {p}}}\n- upsample: {p}\n"
        for p in (2, 3, 5, 7, 11, 13, 17, 19, 23)
    )
    return sized("S", convs + "- relu\n" * int(60_000 * share))


@network
def sizes_open_and_long(share: float) -> str:
    line = "- conv: {out_channels: 2, kernel_size: 3, padding: 1}\n- relu\n"
    return sized("S", line * int(30_000 * share))


@network
def sizes_open_and_built(share: float) -> str:
    line = "- conv: {out_channels: $(1 + (a.height > 0)), kernel_size: 3, padding: 1}\n"
    return sized("S", "- relu:\n  name: a\n" + line * int(10_000 * share))


@network
def sizes_open_and_flat(share: float) -> str:
    line = "- linear: 3\n"
    return sized("S", "- flatten\n" + line * int(50_000 * share))


@network
def sizes_with_a_gap(share: float) -> str:
    line = "- conv: {out_channels: 1, kernel_size: 3, stride: 2}\n- upsample: 2\n- relu\n"
    return sized("{min: 1, max: 65536, multiple_of: 1}", line * int(1_000 * share))


# Findings


@network
def findings_of_norms(share: float) -> str:
    line = "- conv: {out_channels: 2, kernel_size: 3, padding: 1}\n- batch_norm\n"
    return repeat(f"{HEAD}layers:\n", line, 55_000 * share)


@network
def findings_with_fixes(share: float) -> str:
    line = "- conv: {out_channels: 2, kernel_size: 1}\n- relu\n- relu\n"
    return repeat(f"{HEAD}layers:\n", line, 39_000 * share)


@network
def findings_of_no_effect(share: float) -> str:
    return repeat(f"{HEAD}layers:\n", "- max_pool: 1\n- identity\n", 59_000 * share)


@network
def faults_of_shape(share: float) -> str:
    line = "- conv: {out_channels: 2, kernel_size: 9}\n  from: input\n"
    return repeat(f"{HEAD}layers:\n", line, 70_000 * share)


@network
def faults_of_merges(share: float) -> str:
    return repeat(
        f"{FLAT}layers:\n- linear: 3\n  name: a\n", "- add: [input, a]\n", 100_000 * share
    )


@network
def fault_at_the_end(share: float) -> str:
    line = "- conv: {out_channels: 2, kernel_size: 3, padding: 1}\n- relu\n"
    return repeat(
        f"{HEAD}layers:\n", line, 2_400 * share, "- conv: {out_channels: 2, kernel_size: 9}\n"
    )


@network
def faults_after_many(share: float) -> str:
    line = "- conv: {out_channels: 2, kernel_size: 3, padding: 1}\n- relu\n"
    tail = "- conv: {out_channels: 2, kernel_size: 9}\n  from: input\n" * 60
    return repeat(f"{HEAD}layers:\n", line, 2_400 * share, tail)


@network
def faults_of_values(share: float) -> str:
    return repeat(f"{HEAD}layers:\n", "- add: [a{i}, b]\n", 100_000 * share)


@network
def fault_among_long_names(share: float) -> str:
    lines = "".join(f"- relu:\n  name: {'a' * 50}{i}\n" for i in range(int(50_000 * share)))
    return f"{HEAD}layers:\n{lines}- add: [{'a' * 50}, _]\n"


# Several files


@bomb
def files_that_extend(share: float) -> Files:
    top = fill("cnnspec: 1\nname: net\nextends: a1.yaml\nparams:\n", "  p{i}: 1\n", share)
    files = {"net.yaml": top}
    for i in range(1, 8):
        follow = f"extends: a{i + 1}.yaml\n" if i < 7 else f"{HEAD}layers: [relu]\n"
        files[f"a{i}.yaml"] = fill(f"{follow}params:\n", "  p{i}: 1\n", share)
    return files


@bomb
def files_as_parts(share: float) -> Files:
    files = {
        f"a{i}.yaml": fill(f"{HEAD}layers: [relu]\nparams:\n", "  p{i}: 1\n", share)
        for i in range(62)
    }
    steps = "".join(f"- spec: a{i}.yaml\n" for i in range(62))
    return files | {"net.yaml": f"{HEAD}layers:\n{steps}"}


@bomb
def files_of_layers(share: float) -> Files:
    files = {f"a{i}.yaml": fill(f"{HEAD}layers:\n", "- relu\n", share / 5) for i in range(62)}
    steps = "".join(f"- spec: a{i}.yaml\n" for i in range(62))
    return files | {"net.yaml": f"{HEAD}layers:\n{steps}"}


@bomb
def one_part_for_all(share: float) -> Files:
    part = f"{HEAD}params: {{a: 1}}\nlayers: [relu]\n"
    return {
        "net.yaml": repeat(f"{HEAD}layers:\n", "- spec: a.yaml\n", 100_000 * share),
        "a.yaml": part,
    }


@bomb
def one_large_part_for_all(share: float) -> Files:
    names = "".join(f"  p{i}: 1\n" for i in range(100_000))
    part = f"{HEAD}params:\n{names}layers: [relu]\n"
    return {
        "net.yaml": repeat(f"{HEAD}layers:\n", "- spec: a.yaml\n", 2_000 * share),
        "a.yaml": part,
    }


@bomb
def one_part_set_differently(share: float) -> Files:
    part = f"{FLAT}params: {{a: 1}}\nlayers: [linear: $a, linear: 8]\n"
    lines = repeat(f"{FLAT}layers:\n", "- {spec: a.yaml, set: {a: {i}}}\n", 30_000 * share)
    return {"net.yaml": lines.replace("a: 0}", "a: 1}"), "a.yaml": part}
