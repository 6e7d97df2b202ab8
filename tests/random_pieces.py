"""Pieces of random blocks, in terms of the block's parameters."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Step = Any
ACTIVATIONS = (
    "relu", "relu6", "silu", "tanh", "sigmoid", "hard_swish", {"leaky_relu": 0.2}, "gelu", "elu",
    {"prelu": True}, "mish",
)  # fmt: skip
_NORMS: tuple[Step, ...] = (
    "batch_norm",
    {"group_norm": 2},
    "batch_norm",
    {"batch_norm": {"eps": 1e-3}},
)
WIDTHS = (4, 8, 12, 16)
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
    "identity",
    "index",
    "use_shortcut",
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
class Pieces:
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
            steps.append(self.pick(ACTIVATIONS))
        return steps

    def dress(self, steps: list[Step], named: bool) -> list[Step]:
        """The steps with names, or without."""
        if not named:
            return steps
        dressed = []
        for step in steps:
            if isinstance(step, list):
                dressed.append(step)
                continue
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
            options["widening"] = [1, 2, 3]
            wide_conv = self.conv(f"$({out[1:]} * widening)", kernel=1)
            steps.insert(0, {"layers": [wide_conv, *self.tail()], "when": "$(widening != 1)"})
        if self.chance(0.3):
            options["depth"] = [0, 1, 2, 3]
            inner: list[Step] = [self.conv(out), *self.tail()]
            steps.append({"layers": inner, "repeat": "$depth"} if len(inner) > 1 else
                         {**inner[0], "repeat": "$depth"})  # fmt: skip
        elif self.chance(0.3):
            widths = [self.pick(WIDTHS) for _ in range(self.pick([1, 2, 3]))]
            inner = [self.conv("$width"), *self.tail()]
            steps.insert(0, {"for": {"width": widths}, "layers": inner})
        if self.chance(0.15):
            steps.append([self.conv(out), *self.tail()])
        if self.chance(0.3):
            wide = self.pick([2, 3])
            steps += [self.conv(f"$({wide} * {out[1:]})", kernel=1), self.pick(ACTIVATIONS),
                      self.conv(out, kernel=1)]  # fmt: skip
        return steps

    def residual(self, out: str, stride: Any, options: dict[str, list[Any]]) -> Step:
        body = self.dress(self.chain(out, stride, options), self.chance(0.4))
        condition = f"in_channels != {out[1:]}"
        if stride != 1:
            condition = f"{str(stride)[1:]} != 1 or {condition}"
        if self.chance(0.3):
            whole = "stride == 1 and " if stride != 1 else ""
            return {"residual": {
                "body": body, "shortcut_when": f"$({whole}in_channels == {out[1:]})"
            }}  # fmt: skip
        projection: list[Step] = [self.conv(out, stride, kernel=1), *self.tail()[:1]]
        shortcut: Step = [{"layers": projection, "when": f"$({condition})"}]
        if self.chance(0.4):
            shortcut = {"downsample": {"layers": projection, "when": f"$({condition})"}}
        if self.chance(0.3):
            options["use_shortcut"] = [True, False]
            return {"residual": {
                "body": body, "shortcut": shortcut, "shortcut_when": "$use_shortcut"
            }}  # fmt: skip
        return {"residual": {"body": body, "shortcut": shortcut}}

    def parallel(self, out: str, stride: Any) -> list[Step]:
        """Branches, and a convolution that brings them to `out` channels."""
        merge = self.pick(["concat", "concat", "add", "multiply"])
        branches: list[Any] = []
        for _ in range(self.pick([2, 3])):
            width = out if merge != "concat" else self.pick([out, f"$({out[1:]} // 2)", 4])
            branches.append([*([self.pick(ACTIVATIONS)] if self.chance(0.2) else []),
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
            *self.dress([self.pick(ACTIVATIONS)], self.chance(0.5)),
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
                chosen = self.pick(ACTIVATIONS if form == "act" else _NORMS)
                own = [{chosen: None} if isinstance(chosen, str) else dict(chosen)]
            elif form == "merge" and names:
                own = self.merge(out, names)
            elif form == "inner" and depth < 2:
                own = [self.inner(out, options, tuple(names), depth)]
            elif form == "group" and depth < 2:
                if self.chance(0.3):
                    own = [{"layers": [self.conv(out), self.pick(ACTIVATIONS)], "repeat": 2}]
                elif self.chance(0.5):
                    own = [{"layers": self.web(out, options, tuple(names), depth + 1)}]
                else:
                    own = [self.part(out, options, tuple(names), depth)]
                    names.append(own[0]["name"])
            elif form == "when":
                flag = self.fresh("flag")
                options[flag] = [True, False]
                if depth < 2 and self.chance(0.5):
                    own = [self.pick([
                        lambda: {"layers": self.web(out, options, tuple(names), depth + 1)},
                        lambda: self.inner(out, options, tuple(names), depth),
                    ])()]  # fmt: skip
                elif names and self.chance(0.3):
                    own[0]["from"] = self.pick(names)
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
            parts: dict[str, Any] = {"body": webs[0], "shortcut": self.pick([webs[1], None])}
            if self.chance(0.3):
                flag = self.fresh("flag")
                options[flag] = [True, False]
                parts["shortcut_when"] = f"${flag}"
            return {"residual": parts}
        return {"parallel": [*webs, []], "merge": "add"}

    def gate(self) -> list[Step]:
        gate = ["global_avg_pool", {"linear": "$(in_channels // 2)"}, self.pick(ACTIVATIONS[:5]),
                {"linear": "$in_channels"}, self.pick(["sigmoid", "hard_sigmoid"])]  # fmt: skip
        return [{"parallel": {"input": None, "gate": gate}, "merge": "multiply"}]
