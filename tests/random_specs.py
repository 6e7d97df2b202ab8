"""Random specs from a seed: blocks with parameters, loops, conditions, branches and stages.

Whatever a seed gives is sound: every map keeps the size that its neighbours need, and channels stay
multiples of four, so that halves and groups divide them.
"""

from __future__ import annotations

import json
import random
from typing import Any

from tests.random_pieces import ACTIVATIONS, WIDTHS, Block, Pieces, Step


class Writer(Pieces):
    """The state of one spec, with its network."""

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
                steps.append(self.pick(ACTIVATIONS))
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
                steps.append(self.call(block, self.pick(WIDTHS), self.take_stride(block)))
            elif form == "op":
                steps += [self.conv(self.pick(WIDTHS)), *self.tail()]
            elif form == "repeat":
                call = self.call(block, self.pick(WIDTHS), 1)
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
        loop: dict[str, Any] = {"width": [self.pick(WIDTHS) for _ in range(count)]}
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
            width = str(self.pick(WIDTHS))
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
        return {"conv": {"out_channels": self.pick(WIDTHS), "kernel_size": 3, "padding": 1}}


def write_random_spec(seed: int) -> str:
    """The text of a random spec; JSON is YAML."""
    return json.dumps(Writer(random.Random(seed)).network(), indent=1)
