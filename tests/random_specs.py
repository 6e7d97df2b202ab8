"""Random specs from a seed: blocks with parameters, loops, conditions, branches and stages.

Whatever a seed gives is sound: every map keeps the size that its neighbours need, and channels stay
multiples of four, so that halves and groups divide them.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

Step = Any
_ACTIVATIONS = (
    "relu", "relu6", "silu", "tanh", "sigmoid", "hard_swish", {"leaky_relu": 0.2}, "gelu", "elu",
    {"prelu": True}, "mish",
)  # fmt: skip
_NORMS: tuple[Step, ...] = (
    "batch_norm",
    {"group_norm": 2},
    "batch_norm",
    {"batch_norm": {"eps": 1e-3}},
)
_WIDTHS = (4, 8, 12, 16)
# Names that generated code might use for something else.
_NASTY = (
    "x",
    "out",
    "y",
    "layers",
    "name",
    "channels",
    "in_channels",
    "shortcut",
    "body",
    "inputs",
)


@dataclass
class Block:
    """A block that has been made: what its callers must know.

    `kind` says what becomes of the channels: "sets" (the parameter `channels` decides) or "keeps".
    """

    name: str
    kind: str
    strided: bool
    optional: dict[str, list[Any]]


@dataclass
class Writer:
    """The state of one spec: its source of chance, its blocks, and how often maps were halved."""

    source: random.Random
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: list[Block] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    halvings: int = 0
    names: int = 0
    taken: set[str] = field(default_factory=set)

    def chance(self, share: float) -> bool:
        return self.source.random() < share

    def pick(self, items: Any) -> Any:
        return self.source.choice(list(items))

    def fresh(self, word: str) -> str:
        self.names += 1
        return f"{word}{self.names}"

    # Pieces of blocks, in terms of the block's parameters

    def conv(self, out: Any, stride: Any = 1, kernel: Any = None) -> Step:
        kernel = kernel if kernel is not None else self.pick([1, 3, 3, 3, 5])
        fields = {"out_channels": out, "kernel_size": kernel}
        half = kernel // 2 if isinstance(kernel, int) else f"$({kernel[1:]} // 2)"
        if half != 0:
            fields["padding"] = half
        if stride != 1:
            fields["stride"] = stride
        if self.chance(0.4):
            fields["bias"] = False
        if self.chance(0.15):
            fields["groups"] = 2
        return {"conv": fields}

    def tail(self) -> list[Step]:
        """What follows a convolution."""
        steps: list[Step] = []
        if self.chance(0.6):
            steps.append(self.pick(_NORMS))
        if self.chance(0.8):
            steps.append(self.pick(_ACTIVATIONS))
        return steps

    def dress(self, steps: list[Step], named: bool) -> list[Step]:
        """The steps with names, or without."""
        if not named:
            return steps
        dressed = []
        for step in steps:
            whole = {step: None} if isinstance(step, str) else dict(step)
            if not whole.keys() & {"residual", "parallel", "layers", "for", "repeat", "name"}:
                whole["name"] = self.fresh(next(iter(whole)))
            dressed.append(whole)
        return dressed

    def chain(self, out: str, stride: Any, options: dict[str, list[Any]]) -> list[Step]:
        """Convolutions in a row that end with `out` channels."""
        kernel: Any = None
        if self.chance(0.3):
            options["kernel_size"] = [1, 3, 5]
            kernel = "$kernel_size"
        steps = [self.conv(out, stride, kernel), *self.tail()]
        if self.chance(0.3):
            options["norm"] = [True, False]
            steps.insert(1, {"batch_norm": None, "when": "$norm"})
        if self.chance(0.3):
            options["depth"] = [0, 1, 2, 3]
            inner: list[Step] = [self.conv(out), *self.tail()]
            steps.append({"layers": inner, "repeat": "$depth"} if len(inner) > 1 else
                         {**inner[0], "repeat": "$depth"})  # fmt: skip
        elif self.chance(0.3):
            widths = [self.pick(_WIDTHS) for _ in range(self.pick([1, 2, 3]))]
            inner = [self.conv("$width"), *self.tail()]
            steps.insert(0, {"for": {"width": widths}, "layers": inner})
        if self.chance(0.3):
            wide = self.pick([2, 3])
            steps += [self.conv(f"$({wide} * {out[1:]})", kernel=1), self.pick(_ACTIVATIONS),
                      self.conv(out, kernel=1)]  # fmt: skip
        return steps

    def residual(self, out: str, stride: Any, options: dict[str, list[Any]]) -> Step:
        body = self.dress(self.chain(out, stride, options), self.chance(0.4))
        condition = f"in_channels != {out[1:]}"
        if stride != 1:
            condition = f"{str(stride)[1:]} != 1 or {condition}"
        projection: list[Step] = [self.conv(out, stride, kernel=1), *self.tail()[:1]]
        shortcut: Step = [{"layers": projection, "when": f"$({condition})"}]
        if self.chance(0.4):
            shortcut = {"downsample": {"layers": projection, "when": f"$({condition})"}}
        return {"residual": {"body": body, "shortcut": shortcut}}

    def parallel(self, out: str, stride: Any) -> list[Step]:
        """Branches, and a convolution that brings them to `out` channels."""
        merge = self.pick(["concat", "concat", "add", "multiply"])
        branches: list[Any] = []
        for _ in range(self.pick([2, 3])):
            width = out if merge != "concat" else self.pick([out, f"$({out[1:]} // 2)", 4])
            branches.append([*([self.pick(_ACTIVATIONS)] if self.chance(0.2) else []),
                             self.conv(width, stride, kernel=3), *self.tail()])  # fmt: skip
        if stride == 1 and merge == "concat" and self.chance(0.4):
            branches.append([])
        content: Any = branches
        if self.chance(0.5):
            content = {f"arm{i}": branch for i, branch in enumerate(branches)}
        return [{"parallel": content, "merge": merge}, self.conv(out, kernel=1)]

    def tapped(self, out: str, stride: Any) -> list[Step]:
        """Named values that are taken again."""
        first, second = self.fresh("tap"), self.fresh("tap")
        return [
            {**self.conv(out, stride), "name": first},
            *self.dress([self.pick(_ACTIVATIONS)], self.chance(0.5)),
            {**self.conv(out), "name": second},
            {"concat": [first, "_"]} if self.chance(0.5) else {"add": [first, "_"]},
            *self.tail()[:1],
            {**self.conv(out), "from": self.pick([first, second])}
            if self.chance(0.3)
            else self.conv(out, kernel=1),
        ]

    def web(
        self, out: str, options: dict[str, list[Any]], known: tuple[str, ...] = (), depth: int = 0
    ) -> list[Step]:
        """Steps that take one another's values by name; every value has `out` channels."""
        names = list(known)
        steps: list[Step] = []
        for _ in range(self.pick([2, 3, 4] if depth else [3, 4, 5, 6])):
            form = self.pick(["conv", "act", "norm", "merge", "merge", "inner", "group", "when"])
            own: list[Step] = [self.conv(out)]
            if form in ("act", "norm"):
                chosen = self.pick(_ACTIVATIONS if form == "act" else _NORMS)
                own = [{chosen: None} if isinstance(chosen, str) else dict(chosen)]
            elif form == "merge" and names:
                own = self.merge(out, names)
            elif form == "inner" and depth < 2:
                own = [self.inner(out, options, tuple(names), depth)]
            elif form == "group" and depth < 2:
                if self.chance(0.3):
                    own = [{"layers": [self.conv(out), self.pick(_ACTIVATIONS)], "repeat": 2}]
                elif self.chance(0.5):
                    own = [{"layers": self.web(out, options, tuple(names), depth + 1)}]
                else:
                    own = [self.part(out, options, tuple(names), depth)]
                    names.append(own[0]["name"])
            elif form == "when":
                flag = self.fresh("flag")
                options[flag] = [True, False]
                own[0]["when"] = f"${flag}"
            first = own[0]
            if form in ("conv", "inner", "act") and names and self.chance(0.3):
                first["from"] = self.pick(names)
            last = own[-1]
            named = not last.keys() & {"repeat", "name", "when", "residual", "parallel", "layers"}
            if named and self.chance(0.6):
                free = [name for name in _NASTY if name not in self.taken]
                last["name"] = self.pick(free) if free and self.chance(0.3) else self.fresh("v")
                self.taken.add(last["name"])
                names.append(last["name"])
            steps += own
        return steps

    def part(
        self, out: str, options: dict[str, list[Any]], names: tuple[str, ...], depth: int
    ) -> Step:
        """A named group, whose names are its own: those outside may be the same."""
        outside, self.taken = self.taken, set(names)
        steps = self.web(out, options, names, depth + 1)
        self.taken = outside
        return {"layers": steps, "name": self.fresh("part")}

    def merge(self, out: str, names: list[str]) -> list[Step]:
        """A merge of earlier values, brought back to `out` channels."""
        merge = self.pick(["add", "concat", "multiply"])
        taken = [self.pick([*names, "_"]) for _ in range(self.pick([2, 2, 3]))]
        # Products of products grow beyond what numbers hold.
        after = {"add": [], "concat": [self.conv(out, kernel=1)], "multiply": [{"tanh": None}]}
        return [{merge: taken}, *after[merge]]

    def inner(
        self, out: str, options: dict[str, list[Any]], names: tuple[str, ...], depth: int
    ) -> Step:
        """Branches whose steps take values from outside."""
        webs = [self.web(out, options, names, depth + 1) for _ in range(2)]
        if self.chance(0.5):
            return {"residual": {"body": webs[0], "shortcut": self.pick([webs[1], None])}}
        return {"parallel": [*webs, []], "merge": "add"}

    def gate(self) -> list[Step]:
        gate = ["global_avg_pool", {"linear": "$(in_channels // 2)"}, self.pick(_ACTIVATIONS[:5]),
                {"linear": "$in_channels"}, self.pick(["sigmoid", "hard_sigmoid"])]  # fmt: skip
        return [{"parallel": {"input": None, "gate": gate}, "merge": "multiply"}]

    def make_block(self) -> None:
        """A new block, which may call those that are there."""
        name = self.fresh("block")
        self.taken = set()
        options: dict[str, list[Any]] = {}
        if self.chance(0.15):
            self.blocks[name] = {"layers": self.gate()}
            self.made.append(Block(name, "keeps", False, {}))
            return
        strided = self.chance(0.6)
        stride: Any = "$stride" if strided else 1
        form = self.pick(["chain", "residual", "residual", "parallel", "tapped", "web", "web"])
        if form == "chain":
            steps = self.dress(self.chain("$channels", stride, options), self.chance(0.3))
        elif form == "residual":
            steps = [self.residual("$channels", stride, options)]
            if self.chance(0.6):
                steps.append(self.pick(_ACTIVATIONS))
        elif form == "parallel":
            steps = self.parallel("$channels", stride)
        elif form == "tapped":
            steps = self.tapped("$channels", stride)
        else:
            steps = [self.conv("$channels", stride), *self.web("$channels", options)]
        inner = [block for block in self.made if not block.strided or block.kind == "sets"]
        if inner and self.chance(0.5):
            steps.insert(0 if self.chance(0.3) else len(steps),
                         self.call(self.pick(inner), "$channels", 1))  # fmt: skip
        if self.chance(0.3):
            options["extra"] = [True, False]
            steps.append({**self.conv("$channels", kernel=1), "when": "$extra"})
        params: dict[str, Any] = {"channels": None}
        spelt = ["channels"]
        for option, values in {**options, **({"stride": [1]} if strided else {})}.items():
            params[option] = values[0]
            default = json.dumps(1 if option in ("stride", "depth") else self.pick(values))
            spelt.append(f"{option}={default}")
        self.blocks[name] = {"params": spelt, "layers": steps}
        self.made.append(Block(name, "sets", strided, options))

    def call(self, block: Block, channels: Any, stride: Any) -> Step:
        if block.kind == "keeps":
            return block.name
        arguments = {"channels": channels}
        if block.strided and stride != 1:
            arguments["stride"] = stride
        for option, values in block.optional.items():
            if self.chance(0.6):
                arguments[option] = self.pick(values)
        return {block.name: arguments if len(arguments) > 1 or self.chance(0.5) else channels}

    # The network

    def take_stride(self, block: Block) -> int:
        if block.strided and self.halvings < 3 and self.chance(0.4):
            self.halvings += 1
            return 2
        return 1

    def body(self) -> list[Step]:
        """Some steps of the network itself."""
        steps: list[Step] = []
        for _ in range(self.pick([1, 2, 3])):
            block = self.pick(self.made)
            form = self.pick(["call", "call", "op", "repeat", "for", "pool", "gate"])
            if form == "call":
                steps.append(self.call(block, self.pick(_WIDTHS), self.take_stride(block)))
            elif form == "op":
                steps += [self.conv(self.pick(_WIDTHS)), *self.tail()]
            elif form == "repeat":
                call = self.call(block, self.pick(_WIDTHS), 1)
                whole = {call: None} if isinstance(call, str) else call
                steps.append({**whole, "repeat": self.pick([1, 2, 3])})
            elif form == "for":
                steps.append(self.loop(block))
            elif form == "pool" and self.halvings < 3:
                self.halvings += 1
                steps.append({self.pick(["max_pool", "avg_pool"]): 2})
            else:
                steps.append({"squeeze_excite": 2})
        return steps

    def loop(self, block: Block) -> Step:
        count = self.pick([2, 3])
        loop: dict[str, Any] = {"width": [self.pick(_WIDTHS) for _ in range(count)]}
        stride: Any = 1
        if block.strided and self.halvings < 2 and self.chance(0.5):
            loop["stride"] = [2 if i == 1 else 1 for i in range(count)]
            self.halvings += 1
            stride = "$stride"
        call = self.call(block, "$width", stride)
        if self.chance(0.4):
            loop["n"] = [self.pick([0, 1, 2]) for _ in range(count)]
            again = self.call(block, "$width", 1)
            again = {again: None} if isinstance(again, str) else again
            return {"for": loop, "layers": [call, {**again, "repeat": "$n"}]}
        if self.chance(0.3):
            loop["pool"] = [False] * (count - 1) + [self.halvings < 3]
            self.halvings += loop["pool"][-1]
            return {"for": loop, "layers": [call, {"max_pool": 2, "when": "$pool"}]}
        whole = {call: None} if isinstance(call, str) else call
        return {"for": loop, **whole}

    def network(self) -> dict[str, Any]:
        for _ in range(self.pick([1, 2, 3])):
            self.make_block()
        stages: list[tuple[str, Any]] = [
            (self.fresh("stage"), self.body()) for _ in range(self.pick([1, 2, 3]))
        ]
        if self.chance(0.3):
            width = str(self.pick(_WIDTHS))
            stages.append((self.fresh("web"), self.literal_web(width)))
        if self.chance(0.3):
            block = self.pick(self.made)
            stages.append(
                ("part$(i)", {"for": {"i": [1, 2], "width": [4, 8]},
                              "layers": [self.call(block, "$width", 1), "relu"]})
            )  # fmt: skip
        flat = self.chance(0.4)
        head: list[Step] = ["flatten" if flat else "global_avg_pool"]
        if self.chance(0.4):
            head += [{"linear": 12}, "relu", {"dropout": 0.2}]
        # Finding out which arguments a model takes compiles it twice more.
        params = {"classes": 5} if self.chance(0.25) else {}
        head.append({"linear": "$classes" if params else 5})
        layers: Any
        if self.chance(0.7):
            layers = {**dict(stages), "head": head}
        else:
            plain = [stage for name, stage in stages if not name.startswith("part")]
            layers = [step for stage in plain for step in stage] + head
        return {
            "cnnspec": 1,
            "name": "random_net",
            "input": {"channels": self.pick([3, 4]), "height": 16, "width": self.pick([16, 20])},
            "params": params,
            "blocks": self.blocks,
            "layers": [self.conv_first(), *layers] if isinstance(layers, list) else
                      {"first": self.conv_first(), **layers},
        }  # fmt: skip

    def literal_web(self, width: str) -> list[Step]:
        """A web of the network itself, with numbers for its channels and flags."""
        options: dict[str, list[Any]] = {}
        self.taken = set()
        text = json.dumps([self.conv("$w"), *self.web("$w", options)])
        text = text.replace('"$w"', width)
        for flag in options:
            text = text.replace(f'"${flag}"', self.pick(["true", "false"]))
        return list(json.loads(text))

    def conv_first(self) -> Step:
        """Channels that halves and groups divide."""
        return {"conv": {"out_channels": self.pick(_WIDTHS), "kernel_size": 3, "padding": 1}}


def write_random_spec(seed: int) -> str:
    """The text of a random spec; JSON is YAML."""
    return json.dumps(Writer(random.Random(seed)).network(), indent=1)
