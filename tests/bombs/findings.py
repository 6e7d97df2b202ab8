"""Very much to compute, to say and to open: sizes, findings and several files."""

from __future__ import annotations

from tests.bombs.base import FLAT, HEAD, Files, bomb, fill, network, repeat

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
def files_in_diamonds(share: float) -> Files:
    deep, wide = 7, max(1, min(8, int(32 * share)))
    files = {
        f"l{level}w{place}.yaml": f"{HEAD}layers:\n"
        + "".join(f"- spec: l{level + 1}w{i}.yaml\n" for i in range(wide))
        for level in range(deep - 1)
        for place in range(wide)
    }
    files |= {f"l{deep - 1}w{place}.yaml": f"{HEAD}layers: [relu]\n" for place in range(wide)}
    steps = "".join(f"- spec: l0w{i}.yaml\n" for i in range(wide))
    return files | {"net.yaml": f"{HEAD}layers:\n{steps}"}


@bomb
def one_part_for_all(share: float) -> Files:
    part = f"{HEAD}params: {{a: 1}}\nlayers: [relu]\n"
    return {
        "net.yaml": repeat(f"{HEAD}layers:\n", "- spec: a.yaml\n", 100_000 * share),
        "a.yaml": part,
    }


@bomb
def one_part_in_a_loop(share: float) -> Files:
    names = "".join(f"  p{i}: 1\n" for i in range(999))
    loop = f"- for: {{i: $(range({int(180_000 * share)}))}}\n  spec: a.yaml\n  set: {{p0: $i}}\n"
    part = f"{HEAD}params:\n{names}layers: [relu]\n"
    return {"net.yaml": f"{HEAD}layers:\n{loop}", "a.yaml": part}


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
