"""``python -m tests.bombs.products [--seed N] [--minutes M]``: random specs with several excesses.

Each of the specs in this folder has very much of one thing. What takes long is more often the
product of two, such as many outputs of a long chain in many variants: these are drawn here.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cnnspec.graph import limits
from tests.bombs.drawn import HEADS, RULES, SIZES, STEPS, TASKS
from tests.bombs.measure import COMMANDS, Cost, measure


@dataclass
class Product:
    """One spec while it is made, and what it has very many of."""

    chance: random.Random
    ops: int
    kind: str = "map"
    says: list[str] = field(default_factory=list)
    marks: bool = False
    sections: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    def flip(self, share: float, word: str) -> bool:
        """Whether the spec has something, which is told with it."""
        has = self.chance.random() < share
        if has:
            self.says.append(word)
        return has

    def pick_count(self, most: int) -> int:
        """How many there are: few, many or as many as can be."""
        count = self.chance.choice([2, max(2, int(most**0.5)), most // 3, most])
        self.says.append(f"{count:,}")
        return max(1, count)


def draw(seed: int, ops: int) -> tuple[str, dict[str, str]]:
    """What a random spec has, and its files; `ops` is how many steps it has about."""
    product = Product(random.Random(seed), ops)
    product.kind = product.chance.choice(["map", "map", "map", "vector", "tokens"])
    start = _draw_inputs(product)
    _draw_parameters(product)
    variants = _draw_variants(product)
    product.marks = product.flip(0.1, "ignores")
    steps, names = _draw_trunk(product, max(4, ops // variants))
    steps += _draw_ends(product, names)
    _draw_remarks(product)
    text = "cnnspec: 1\nname: net\n" + "".join(product.sections.values())
    text += f"layers:\n{start}{steps}"
    return " ".join(product.says), {"net.yaml": text, **product.others}


def _draw_inputs(product: Product) -> str:
    sizes = SIZES[product.kind]
    if product.kind == "map" and product.flip(0.2, "open"):
        height, width = product.chance.choice([("H", "W"), ("S", "S"), ("{min: 8, max: 64}", "W")])
        sizes = f"{{channels: 4, height: {height}, width: {width}}}"
    if not product.flip(0.2, "inputs"):
        product.sections["inputs"] = f"input: {sizes}\n"
        return ""
    count = product.pick_count(900)
    rows = "".join(f"  i{number}: {sizes}\n" for number in range(count))
    product.sections["inputs"] = f"inputs:\n{rows}"
    if product.flip(0.5, "each with a layer"):
        step = product.chance.choice(["relu:", "dropout: 0.5", "scale:"])
        first = "".join(f"- {step}\n  from: i{n}\n  name: j{n}\n" for n in range(count))
        return f"{first}- add: [{', '.join(f'j{n}' for n in range(count))}]\n"
    return f"- add: [{', '.join(f'i{n}' for n in range(max(count, 2)))}]\n"


def _draw_parameters(product: Product) -> None:
    rows = "  width: 4\n  kernel: 3\n  op: relu\n  names: 1\n"
    if product.flip(0.2, "params"):
        rows += "".join(f"  p{n}: $(width + {n})\n" for n in range(product.pick_count(900)))
    product.sections["params"] = f"params:\n{rows}"


def _draw_variants(product: Product) -> int:
    if not product.flip(0.35, "variants"):
        return 1
    count = product.pick_count(900)
    value = product.chance.choice(["{}", "{op: tanh}", "{kernel: {k}}", "{names: {n}}"])
    rows = "".join(
        f"  v{n}: {value.replace('{k}', str(n % 7 + 1)).replace('{n}', str(n))}\n"
        for n in range(count)
    )
    product.sections["variants"] = f"variants:\n{rows}"
    return count


def _draw_trunk(product: Product, count: int) -> tuple[str, list[str]]:
    """The long chain, and which of its steps' names can be taken."""
    chance = product.chance
    units = chance.sample(STEPS[product.kind], chance.choice([1, 1, 2, 2, 3, 6]))
    takes = any("a{" in unit for unit in units)
    product.says.append(" | ".join(units))
    own = [unit for unit in units if "a{" not in unit]
    forms = ["plain", "named", "named"] if takes or not own else list(_WRAPS)
    form = chance.choice(forms)
    if form == "blocks" or not takes:
        # A block sees no names of the list that calls it.
        units = own or units
    product.says.append(form)
    if form in ("plain", "named"):
        every = form == "named" or takes
        lines = ["- identity:\n  name: a0\n"]
        for i in range(1, count):
            unit = units[i % len(units)].replace("{b}", str(i - 1)).replace("{h}", str(i // 2))
            remark = chance.choice(RULES) if product.marks and i % 7 == 0 else ""
            comment = f" # cnnspec: ignore[{remark}]" if remark and "\n" not in unit else ""
            lines.append(f"- {unit}{comment}\n" + (f"  name: a{i}\n" if every else ""))
        return "".join(lines), [f"a{i}" for i in range(count if every else 1)]
    return _WRAPS[form](product, own, count), []


def _in_stages(product: Product, units: list[str], count: int) -> str:
    # A list has its steps one level in, so what follows it is a step of the list around.
    length = product.pick_count(min(200, count))
    body = "".join(f"  - {_indent(units[n % len(units)])}\n" for n in range(length))
    return "".join(f"- layers:\n{body}  name: s{n}\n" for n in range(max(1, count // length)))


def _in_blocks(product: Product, units: list[str], count: int) -> str:
    length = product.pick_count(min(50, count))
    depth = product.chance.choice([1, 2, 12])
    body = "".join(f"    - {_indent(units[n % len(units)], 4)}\n" for n in range(length))
    blocks = f"  b0:\n    params: [c=1, d=$c]\n    layers:\n{body}" + "".join(
        f"  b{n}:\n    params: [c=1]\n    layers: [b{n - 1}: $c]\n" for n in range(1, depth)
    )
    product.sections["blocks"] = f"blocks:\n{blocks}"
    calls = max(1, count // length)
    call = product.chance.choice([f"b{depth - 1}: {{n}}", f"b{depth - 1}:"])
    return "".join(f"- {call.replace('{n}', str(n % 9))}\n" for n in range(calls))


def _in_loops(product: Product, units: list[str], count: int) -> str:
    length = product.pick_count(min(50, count))
    turns = max(1, count // length)
    loop = product.chance.choice([f"repeat: {turns}", f"for: {{i: $(range({turns}))}}"])
    body = "".join(f"  - {_indent(units[n % len(units)])}\n" for n in range(length))
    return f"- {loop}\n  layers:\n{body}"


def _in_nests(product: Product, units: list[str], count: int) -> str:
    turns = product.chance.choice([1, 2, 3])
    depth = {1: 20, 2: 11, 3: 7}[turns]
    every, indent = "", ""
    for level in range(depth):
        way = product.chance.choice(["repeat: $turns", f"for: {{i{level}: $(range(turns))}}"])
        every += f"{indent}- {way}\n{indent}  layers:\n"
        indent += "  "
        if product.chance.random() < 0.2:
            every += f"{indent}- {_indent(product.chance.choice(units), len(indent))}\n"
    length = max(1, min(20, count // max(1, turns**depth)))
    product.sections["params"] += f"  turns: {turns}\n"
    return every + "".join(
        f"{indent}- {_indent(units[n % len(units)], len(indent))}\n" for n in range(length)
    )


def _in_deep_stages(product: Product, units: list[str], count: int) -> str:
    depth = product.chance.choice([3, 20])
    length = max(1, min(400, count // depth))
    every, indent = "", ""
    for level in range(depth):
        every += f"{indent}- name: s{level}\n{indent}  layers:\n"
        indent += "  "
        every += f"{indent}- {_indent(product.chance.choice(units), len(indent))}\n"
    return every + "".join(
        f"{indent}- {_indent(units[n % len(units)], len(indent))}\n" for n in range(length)
    )


def _in_fan(product: Product, units: list[str], count: int) -> str:
    """Half of the steps in a row, and half of them each on the end of that."""
    first, second = product.chance.choice(units), product.chance.choice(units)
    half = max(1, count // 2)
    ends = "".join(f"- {second}\n  from: end\n" for _ in range(half))
    return f"- repeat: {half}\n  layers:\n  - {_indent(first)}\n- identity:\n  name: end\n{ends}"


def _in_residuals(product: Product, units: list[str], count: int) -> str:
    depth = product.chance.choice([2, 10, 20])
    lines, indent = "", ""
    for _ in range(depth):
        lines += f"{indent}- residual:\n"
        indent += "  "
        lines += f"{indent}- {_indent(units[0], len(indent))}\n"
    return lines * max(1, count // (2 * depth))


def _in_parts(product: Product, units: list[str], count: int) -> str:
    length = product.pick_count(min(200, count))
    lines = "".join(f"- {units[n % len(units)]}\n" for n in range(length))
    sections = "".join(
        text for name, text in product.sections.items() if name in ("params", "variants")
    )
    head = f"cnnspec: 1\nname: part\ninput: {SIZES[product.kind]}\n{sections}"
    product.others["part.yaml"] = f"{head}layers:\n{lines}"
    return "- spec: part.yaml\n" * max(1, count // length)


def _shared(product: Product, units: list[str], count: int) -> str:
    unit = product.chance.choice(["conv", "depthwise_conv"])
    fields = "out_channels: 4, " if unit == "conv" else ""
    if product.kind != "map":
        unit, fields = "linear", "out_features: 8"
    else:
        fields += "kernel_size: 1"
    # Each at least twice, since nothing is shared with itself.
    count //= 2
    sets = product.pick_count(count)
    steps = [f"- {unit}: {{{fields}}}\n  shared: w{n % sets}\n" for n in range(2 * count)]
    return "".join(steps)


def _indent(unit: str, by: int = 2) -> str:
    return unit.replace("\n", "\n" + " " * by)


_WRAPS: dict[str, Callable[[Product, list[str], int], str]] = {
    "plain": _in_stages,
    "named": _in_stages,
    "stages": _in_stages,
    "blocks": _in_blocks,
    "loops": _in_loops,
    "fan": _in_fan,
    "residuals": _in_residuals,
    "nests": _in_nests,
    "deep stages": _in_deep_stages,
    "parts": _in_parts,
    "shared": _shared,
}


def _draw_ends(product: Product, names: list[str]) -> str:
    """What comes behind the chain: heads and outputs."""
    heads = HEADS[product.kind]
    head = product.chance.choice(heads)
    end = f"- layers: {head}\n  name: last\n"
    if len(names) < 4 or not product.flip(0.6, "ends"):
        return end if product.flip(0.6, "head") else ""
    count = product.pick_count(900)
    step = max(1, len(names) // count)
    taken = names[1:][::step][:count]
    way = product.chance.choice(["outputs", "heads", "dead", "merged"])
    product.says.append(way)
    rows = "".join(f"  o{n}: {name}\n" for n, name in enumerate(taken))
    if way == "outputs":
        product.sections["outputs"] = f"outputs:\n{rows}  last: last\n"
        return end
    if way == "merged":
        return f"- add: [{', '.join(['_', *taken])}]\n{end}"
    lines = "".join(
        f"- layers: {head}\n  from: {name}\n  name: h{n}\n" for n, name in enumerate(taken)
    )
    if way == "heads":
        words = ("false", "true")
        rows = "".join(f"  h{n}: {{training: {words[n % 2]}}}\n" for n in range(len(taken)))
        product.sections["outputs"] = f"outputs:\n{rows}"
    return lines


def _draw_remarks(product: Product) -> None:
    """What is said about the network, and changes nothing in it."""
    if product.flip(0.2, "lint"):
        rows = "".join(f"  {rule}: hint\n" for rule in RULES)
        product.sections["lint"] = f"lint:\n{rows}"
    if product.flip(0.3, "task"):
        product.sections["task"] = f"task: {product.chance.choice(TASKS)}\n"
    if product.flip(0.1, "defaults"):
        rows = "  conv: {initializer: he_normal}\n  linear: {bias: true}\n"
        product.sections["defaults"] = f"defaults:\n{rows}"
    if product.flip(0.1, "limits"):
        product.sections["limits"] = "limits: {layers: 10, parameters: 10, macs: 10}\n"


CHOSEN = ("check pedantic", "check sizes", "check diff", "summary json", "torch", "keras", "onnx")
# What a command says of a spec that is larger than it takes.
REFUSED = ("too-large]: the network has", "too-large]: sizes are tried", "too-large]: more than")


def main() -> None:
    """Draw specs and run them until the time is over; tell what takes long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--above", type=float, default=6.0, help="seconds that are worth a line")
    parser.add_argument("--only", default="", help="one of the commands")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    seed, runs, found = options.seed, 0, 0
    while time.monotonic() < end:
        for name in [options.only] if options.only else CHOSEN:
            says, cost = _run(seed, name)
            runs += 1
            refused = "the spec is refused: it takes" in cost.output
            if refused or cost.seconds > options.above or cost.code not in (0, 1):
                found += 1
                line = (
                    f"{seed:6} {name:14} {cost.code} {cost.seconds:5.1f} s {cost.megabytes:5.0f} MB"
                )
                sys.stdout.write(f"{line}  {says[:200]!r}\n")
                sys.stdout.flush()
        seed += options.step
    sys.stdout.write(f"{found} of {runs} runs take long, up to seed {seed}\n")


def _run(seed: int, command: str) -> tuple[str, Cost]:
    """Run a spec that is as large as the command takes it."""
    most = limits.MAX_WRITTEN if command in CHOSEN[4:] or command == "check sizes" else 15_000
    for share in (0.9, 0.4, 0.15, 0.05):
        says, files = draw(seed, int(most * share))
        with tempfile.TemporaryDirectory() as folder:
            for file, text in files.items():
                (Path(folder) / file).write_text(text)
            cost = measure([*COMMANDS[command], "net.yaml"], Path(folder))
        if not any(text in cost.output for text in REFUSED):
            break
    return says, cost


if __name__ == "__main__":
    main()
