"""The compiler as a command beside others: importing torch, and compilers of the same kind.

The peers come from PyPI, into an environment of their own in a folder that goes with the process.
Each gets VGG-16 in its own language, and is asked to check it or to write PyTorch.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.on_compiler import make_run, read_clock
from bench.pairs import Contest

PEERS = ("aurane==3.0.0", "n-orca==0.2.0")
_STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
# The share of importing torch that a check may take.
CHECK_LIMIT = 0.10
PEER_LIMIT = 1.0
# What the linter may add to a check.
LINT_LIMIT = 1.30
# A check as the command does it, but for the options that it reads and the rules that it asks.
_WITHOUT_RULES = """
import gc, sys
gc.set_threshold(100_000, 20, 20)
from cnnspec.cli.arguments import open_network
from cnnspec.cli.check_formats import FORMATS, Report
from cnnspec.graph.check import check_variants
network = open_network(sys.argv[1], [])
found = check_variants(network.spec, network.overrides, network.variant).findings
files = [network.source.file]
print(FORMATS["text"](Report(found, network.texts, files, [], frozenset())), end="")
gc.freeze()
"""


def list_contests() -> Iterator[Contest]:
    """Whole processes: what a command takes beside what somebody else's does."""
    folder = Path(tempfile.mkdtemp(prefix="cnnspec-bench-"))
    venv.create(folder / "venv", with_pip=True)
    scripts = folder / "venv" / "bin"
    subprocess.run([scripts / "pip", "install", "--quiet", *PEERS], check=True)
    aurane, orca = folder / "vgg16.aur", folder / "vgg16.n.orca.md"
    aurane.write_text(write_aurane())
    orca.write_text(write_orca())
    cnnspec = (sys.executable, "-m", "cnnspec")
    torch = (sys.executable, "-c", "import torch")
    check = (str(scripts / "aurane"), "check", "--semantic", "--types", str(aurane))
    compile_aurane = (str(scripts / "aurane"), "compile", "--quiet", str(aurane))
    compile_orca = (str(scripts / "n-orca"), "compile", "pytorch", str(orca))
    to_torch = ("--target", "torch", "--output", "-")
    plain = (sys.executable, "-c", _WITHOUT_RULES)
    rows = (
        (("check", "vgg:16"), (*plain, "vgg:16"), "the same without rules", LINT_LIMIT),
        (("check", "resnet:152"), (*plain, "resnet:152"), "the same without rules", LINT_LIMIT),
        (("check", "vgg:16"), torch, "`import torch`", CHECK_LIMIT),
        (("check", "resnet:152"), torch, "`import torch`", CHECK_LIMIT),
        (("check", "vgg:16"), check, "`aurane check`", PEER_LIMIT),
        (("compile", "vgg:16", *to_torch), compile_aurane, "`aurane compile`", None),
        (("compile", "vgg:16", *to_torch), compile_orca, "`n-orca compile`", None),
    )
    for work, theirs, name, limit in rows:
        ours, other = partial(make_run, (*cnnspec, *work)), partial(make_run, theirs)
        title = " ".join(("cnnspec", *work)).removesuffix(" --output -")
        yield Contest(f"`{title}`", f"beside {name}", ours, other, limit, read_clock)
    yield from list_growth(folder, cnnspec)


def list_growth(folder: Path, cnnspec: tuple[str, ...]) -> Iterator[Contest]:
    """Ten thousand layers beside a tenth of them."""
    many, few = write_deep(9_999), write_deep(999)
    for name in many:
        runs = []
        for number, text in enumerate((many[name], few[name])):
            file = folder / f"{name.replace(' ', '_')}_{number}.yaml"
            file.write_text(text)
            runs.append(partial(make_run, (*cnnspec, "check", str(file))))
        ours, theirs = runs
        yield Contest(
            f"`cnnspec check` of 9,999 layers {name}", "beside 999", ours, theirs, 13.0, read_clock
        )


def write_deep(count: int) -> dict[str, str]:
    """Specs of so many layers, a multiple of nine, by the way in which they are written."""
    head = "cnnspec: 1\nname: deep\ninput: {channels: 8, height: 16, width: 16}\n"
    head += "defaults: {conv: {out_channels: 8, kernel_size: 3, padding: 1}}\n"
    steps = "- conv\n- batch_norm\n- relu\n"
    block = f"blocks:\n  unit:\n    layers:\n{_indent(steps, 6)}"
    # A loop has a limit to its turns, so that there is one in another.
    loops = f"layers:\n  - repeat: 3\n    layers:\n      - unit:\n        repeat: {count // 9}\n"
    return {
        "written out": f"{head}layers:\n{steps * (count // 3)}",
        "of one block": head + block + loops,
    }


def write_aurane() -> str:
    """VGG-16 as aurane has it."""
    steps = []
    for count, channels in _STAGES:
        steps += [f"conv2d({channels}, kernel=3, padding=1).relu"] * count + ["maxpool(2)"]
    dense = ("dense(4096).relu", "dropout(0.5)")
    steps += ["flatten()", *dense, *dense, "dense(1000)"]
    chain = "\n          -> ".join(steps)
    head = "use torch\n\nmodel VGG16:\n    input_shape = (3, 224, 224)\n    def forward(x):\n"
    return f"{head}        x -> {chain}\n"


def write_orca() -> str:
    """VGG-16 as n-orca has it: its layers, and the tensors between them."""
    layers: list[str] = []
    shapes: list[str] = []
    received, size = 3, 224
    for count, channels in _STAGES:
        for _ in range(count):
            layers += [f"Conv2d({received}, {channels}, 3, 1, 1)", "ReLU"]
            shapes += [f"(B, {channels}, {size}, {size})"] * 2
            received = channels
        size //= 2
        layers.append("MaxPool2d(2, 2)")
        shapes.append(f"(B, {channels}, {size}, {size})")
    layers += ["Flatten(1)"]
    shapes += [f"(B, {received * size * size})"]
    for given, made in ((received * size * size, 4096), (4096, 4096)):
        layers += [f"Linear({given}, {made})", "ReLU", "Dropout(0.5)"]
        shapes += [f"(B, {made})"] * 3
    layers += ["Linear(4096, 1000)"]
    shapes += ["(B, 1000)"]
    names = [f"layer_{index}" for index in range(len(layers))]
    tensors = [("x", "(B, 3, 224, 224)"), *zip((f"t_{n}" for n in names), shapes, strict=True)]
    text = "# architecture VGG16\n\n## tensors\n\n| Name | Shape | Dtype |\n|---|---|---|\n"
    text += "".join(f"| {name} | {shape} | float32 |\n" for name, shape in tensors)
    text += "\n## layer x [input]\n"
    text += "".join(f"## layer {n}\n- op: {op}\n" for n, op in zip(names, layers, strict=True))
    text += "## layer y [output]\n\n## flow\n\n| Source | Target | Tensor |\n|---|---|---|\n"
    chain = ["x", *names, "y"]
    flows = zip(chain[:-1], chain[1:], (name for name, _ in tensors), strict=True)
    return text + "".join(f"| {start} | {end} | {tensor} |\n" for start, end, tensor in flows)


def _indent(text: str, width: int) -> str:
    return "".join(f"{' ' * width}{line}\n" for line in text.splitlines())
