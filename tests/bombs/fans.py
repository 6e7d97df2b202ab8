"""One value that very many ops take, or many that one takes, often at the end of a long chain."""

from __future__ import annotations

from tests.bombs.base import FLAT, HEAD, bomb, network

IMAGE = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 32}\n"


def fan(chain: str, step: str, share: float, head: str = FLAT) -> str:
    """Half of the steps in a row, and half of them each on its end."""
    half = int(45_000 * share)
    return (
        f"{head}layers:\n- repeat: {half}\n  {chain}\n- identity:\n  name: end\n"
        f"- for: {{i: $(range({half}))}}\n  {step}\n  from: end\n"
    )


@network
def sigmoids_behind_a_chain(share: float) -> str:
    return fan("identity:", "sigmoid:", share)


@network
def norms_behind_a_chain(share: float) -> str:
    return fan("identity:", "batch_norm:", share) + "- dropout: 0.5\n"


@network
def strides_behind_crops(share: float) -> str:
    step = "conv: {out_channels: 1, kernel_size: 1, stride: 2}"
    return fan("layers: [zero_pad: 1, crop: 1]", step, share / 2, IMAGE)


@network
def strides_beside_a_relu(share: float) -> str:
    conv = "conv: {out_channels: 1, kernel_size: 2, stride: 3}"
    loop = f"for: {{i: $(range({int(90_000 * share)}))}}"
    return f"{IMAGE}layers:\n- {loop}\n  {conv}\n  from: input\n- relu:\n  from: input\n"


@network
def hasty_stems(share: float) -> str:
    conv = "conv: {out_channels: 1, kernel_size: 4, stride: 8}"
    loop = f"for: {{i: $(range({int(90_000 * share)}))}}"
    return f"{IMAGE}layers:\n- {loop}\n  {conv}\n  from: input\n"


@network
def convolutions_of_one_position(share: float) -> str:
    conv = "conv: {out_channels: 1, kernel_size: 3, padding: 1}"
    first = "- conv: {out_channels: 1, kernel_size: 8}\n"
    return f"{HEAD}layers:\n{first}- repeat: {int(80_000 * share)}\n  {conv}\n"


@network
def large_layers_that_share(share: float) -> str:
    loop = f"for: {{i: $(range({int(30_000 * share)}))}}"
    return (
        f"{IMAGE}layers:\n- conv: {{out_channels: 4, kernel_size: 1}}\n  name: map\n- {loop}\n"
        "  layers:\n  - flatten:\n    from: map\n  - linear: 1000\n    shared: w\n"
    )


@network
def projections_of_a_wide_product(share: float) -> str:
    count = 1 + int(900 * share)
    makers = "".join(f"- relu:\n  name: a{i}\n  from: input\n" for i in range(count))
    names = ", ".join(f"a{i}" for i in range(count))
    loop = f"for: {{i: $(range({int(40_000 * share)}))}}"
    return (
        f"{HEAD}layers:\n{makers}- multiply: [{names}, _]\n  name: m\n- {loop}\n  layers:\n"
        "  - conv: {out_channels: 8, kernel_size: 1}\n    from: m\n"
        "  - conv: {out_channels: 8, kernel_size: 3}\n"
    )


@network
def norms_of_one_open_position(share: float) -> str:
    head = "cnnspec: 1\nname: net\ninput: {channels: 4, height: H, width: W}\n"
    pool = "- global_avg_pool: {keepdims: true}\n"
    return f"{head}layers:\n{pool}- repeat: {int(5_900 * share)}\n  layers: [relu, batch_norm]\n"


@network
def heads_behind_a_chain(share: float) -> str:
    count = max(1, int(999 * min(1, share)))
    heads = "".join(f"- relu:\n  from: end\n  name: h{i}\n" for i in range(count))
    outputs = "".join(f"  h{i}: h{i}\n" for i in range(count))
    chain = f"- repeat: {int(80_000 * share)}\n  identity:\n- identity:\n  name: end\n"
    return f"{FLAT}layers:\n{chain}{heads}outputs:\n{outputs}"


@bomb
def inputs_and_outputs_of_variants(share: float) -> str:
    count = int(3_900 * share)
    variants = "".join(f"  v{i}: {{v: {i}}}\n" for i in range(60))
    inputs = "".join(f"  i{i}: {{channels: 4, height: 8, width: 8}}\n" for i in range(count))
    convs = "".join(
        f"- conv: {{out_channels: 3, kernel_size: 3}}\n  from: i{i}\n  name: h{i}\n"
        for i in range(count)
    )
    outputs = "".join(f"  h{i}: h{i}\n" for i in range(count))
    return (
        f"cnnspec: 1\nname: net\ntask: segmentation\nparams: {{v: 1}}\nvariants:\n{variants}"
        f"inputs:\n{inputs}layers:\n{convs}outputs:\n{outputs}"
    )


@bomb
def sum_of_inputs_in_variants(share: float) -> str:
    count = max(2, int(3_600 * share))
    variants = "".join(f"  v{i}: {{v: {i}}}\n" for i in range(900))
    inputs = "".join(f"  i{i}: {{channels: 4, height: 8, width: 8}}\n" for i in range(count))
    names = ", ".join(f"i{i}" for i in range(count))
    return (
        f"cnnspec: 1\nname: net\nparams: {{v: 1}}\nvariants:\n{variants}inputs:\n{inputs}"
        f"layers:\n- add: [{names}]\n- repeat: 15\n  instance_norm:\n"
    )


@network
def chosen_ops_in_many_lines(share: float) -> str:
    return f"{FLAT}params: {{op: relu}}\nlayers:\n" + "- $op:\n- tanh:\n" * int(24_000 * share)


@bomb
def a_kernel_of_padding(share: float) -> str:
    size = int(4 * 4_194_304 * share)
    conv = f"conv: {{out_channels: 1, kernel_size: {size}, padding: {size}, stride: 2}}"
    return f"cnnspec: 1\nname: net\ninput: {{channels: 1, length: 1}}\nlayers:\n- {conv}\n"


@network
def changes_of_many_lines(share: float) -> str:
    lines = "".join(
        f"- linear: 8\n  name: a{i}\n- add: [_, a{i}]\n  name: b{i}\n- tanh:\n  name: c{i}\n"
        for i in range(int(5_400 * share))
    )
    return f"{FLAT}layers:\n{lines}"
