"""For each limit that a spec can meet: a spec that is just within it, and one just past it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnnspec import document
from cnnspec.expressions import syntax
from cnnspec.graph import limits

FLAT = "cnnspec: 1\nname: net\ninput: {features: 8}\n"
# What it takes to find the sizes of one tanh on a line, in steps of a build.
SIZES_OF_TANH = 6
MAP = "cnnspec: 1\nname: net\ninput: {channels: 1, height: 64, width: 64}\n"

Files = dict[str, str]


@dataclass(frozen=True)
class Case:
    """A spec of which something is as large as `make` is told.

    What takes long at the limit's own value is met at a lower one, `low`. A spec that comes to the
    limit has no error, and one more of `step` has one of the `rule`. `where` is the module that
    looks the limit up, where that is another; `named` is how a message says it, if not by its
    number.
    """

    rule: str
    make: Callable[[int], str | Files]
    low: int = 0
    step: int = 1
    where: str = ""
    named: str = ""


def _pad(size: int) -> str:
    text = f"{FLAT}layers: [linear: 1]\n#"
    return text + "x" * (size - len(text))


def _name_many(count: int) -> str:
    params = "".join(f"  p{number}: 1\n" for number in range(count))
    return f"{FLAT}params:\n{params}layers: [linear: 1]\n"


def _repeat(turns: int) -> str:
    return f"{FLAT}layers:\n- repeat: {turns}\n  linear: 1\n"


def _open(turns: int) -> str:
    size = "cnnspec: 1\nname: net\ninput: {channels: 8, length: L}\n"
    return f"{size}layers:\n- repeat: {turns}\n  tanh:\n"


def _open_many(count: int) -> str:
    inputs = "".join(
        f"  x{number}: {{channels: 8, length: L{number}}}\n" for number in range(count)
    )
    steps = "".join(
        f"- from: x{number}\n  global_avg_pool:\n  name: z{number}\n" for number in range(count)
    )
    names = ", ".join(f"z{number}" for number in range(count))
    return f"cnnspec: 1\nname: net\ninputs:\n{inputs}layers:\n{steps}- concat: [{names}]\n"


def _compute(text: str) -> str:
    return f"{FLAT}params: {{p: '$({text})'}}\nlayers: [linear: 1]\n"


def _wrap(levels: int) -> str:
    # Beside the values inside there is the mapping of the whole file.
    return f"{FLAT}params: {{p: {'[' * (levels - 2)}{']' * (levels - 2)}}}\nlayers: [linear: 1]\n"


def _fill_document(count: int) -> str:
    text = f"{FLAT}params: {{p: []}}\nlayers: [linear: 1]\n"
    return text.replace("[]", f"[{', '.join(['1'] * (count - _count_values(text)))}]")


def _count_values(text: str) -> int:
    def count(node: document.Node) -> int:
        if isinstance(node, document.Scalar):
            return 1
        if isinstance(node, document.Sequence):
            return 1 + sum(map(count, node.items))
        return 1 + sum(1 + count(entry.value) for entry in node.entries)

    return count(document.read_document(text, "net.yaml"))


def _work_once(amount: int) -> str:
    # Eleven values are computed beside the entries of the lists.
    last = amount - 11 * syntax.WORK_OF_VALUE - 160_000
    return _compute(f"len(range(80000)) + len(range(80000)) + len(range({last}))")


def _work_often(amount: int) -> str:
    return f"{FLAT}params: {{p: [{', '.join(['1'] * amount)}]}}\nlayers: [linear: 1]\n"


def _extend(files: int) -> Files:
    made = {"net.yaml": "extends: a1.yaml\n"}
    for number in range(1, files):
        made[f"a{number}.yaml"] = f"extends: a{number + 1}.yaml\n"
    made[f"a{files - 1}.yaml"] = f"{FLAT}layers: [linear: 1]\n"
    return made


def _nest_parts(depth: int) -> Files:
    made = {"net.yaml": f"{FLAT}layers: [spec: a1.yaml]\n"}
    for number in range(1, depth):
        made[f"a{number}.yaml"] = f"{FLAT}layers: [spec: a{number + 1}.yaml]\n"
    made[f"a{depth - 1}.yaml"] = f"{FLAT}layers: [linear: 8]\n"
    return made


def _take_parts(files: int) -> Files:
    steps = "".join(f"- spec: a{number}.yaml\n" for number in range(1, files))
    made = {f"a{number}.yaml": f"{FLAT}layers: [linear: 8]\n" for number in range(1, files)}
    return {"net.yaml": f"{FLAT}layers:\n{steps}", **made}


def _share_bytes(total: int) -> Files:
    top = f"{FLAT}layers: [spec: a.yaml, linear: 1]\n"
    part = f"{FLAT}layers: [linear: 8]\n#"
    return {"net.yaml": top, "a.yaml": part + "x" * (total - len(top) - len(part))}


def _call_deep(depth: int) -> str:
    blocks = "".join(f"  b{n}: {{layers: [b{n + 1}]}}\n" for n in range(1, depth))
    return f"{FLAT}blocks:\n{blocks}  b{depth}: {{layers: [linear: 1]}}\nlayers: [b1]\n"


def _nest_steps(depth: int) -> str:
    lines, indent = "", ""
    for _ in range(depth // 2):
        lines += f"{indent}- repeat: 1\n{indent}  layers:\n"
        indent += "  "
    return f"{FLAT}layers:\n{lines}{indent}- linear: 1\n"


def _vary(work: int) -> str:
    # A build of one step, and what comes before it.
    variants = work // (limits.BUILD_COST + 1)
    named = "".join(f"  v{number}: {{}}\n" for number in range(variants))
    return f"{FLAT}variants:\n{named}layers: [linear: 1]\n"


def _vary_sizes(work: int) -> str:
    named = "".join(f"  v{number}: {{}}\n" for number in range(work // SIZES_OF_TANH))
    size = "cnnspec: 1\nname: net\ninput: {channels: 8, length: L}\n"
    return f"{size}variants:\n{named}layers: [tanh]\n"


def _join_texts(length: int) -> str:
    front, back = "a" * (length // 2), "a" * (length - length // 2)
    return f"{FLAT}params: {{a: {front}, b: {back}, c: $(a + b)}}\nlayers: [linear: 1]\n"


def _add_parameters(count: int) -> str:
    layers = f"[linear: {{out_features: {count}, bias: false}}]"
    return f"cnnspec: 1\nname: net\ninput: {{features: 1}}\nlayers: {layers}\n"


# By the name of the constant.
CASES: dict[str, Case] = {
    "document.MAX_BYTES": Case("too-large", _pad),
    "document.MAX_NODES": Case("too-large", _fill_document, low=1_000),
    "document.MAX_DEPTH": Case("too-deep", _wrap),
    "document.MAX_INT_DIGITS": Case("invalid-number", lambda n: _compute_plain("9" * n)),
    "document.MAX_NUMBER_LENGTH": Case(
        "invalid-number", lambda n: _compute_plain("0." + "1" * (n - 2))
    ),
    "document.MAX_DIRECTIVES": Case(
        "too-large",
        lambda n: "".join(f"%TAG !a{i}! tag:a\n" for i in range(n)) + "---\n" + _repeat(1),
    ),
    "spec.read.MAX_VARIANT": Case(
        "invalid-name", lambda n: f"{FLAT}variants: {{{'v' * n}: {{}}}}\nlayers: [linear: 1]\n"
    ),
    "naming.MAX_NAME": Case("invalid-name", lambda n: _repeat(1).replace("net", "n" * n)),
    "spec.problems.MAX_NAMED": Case("too-large", _name_many),
    "spec.files.MAX_TOTAL_BYTES": Case("too-large", _share_bytes, low=10_000),
    "spec.files.MAX_PATH": Case(
        "invalid-path",
        lambda n: {
            "net.yaml": f"{FLAT}layers: [spec: {'d' * (n - 7)}/a.yaml]\n",
            "a.yaml": _repeat(1),
        },
    ),
    "spec.read.MAX_EXTENDS": Case("circular-extends", _extend),
    "spec.parts.MAX_PARTS_DEPTH": Case("circular-part", _nest_parts),
    "spec.parts.MAX_FILES": Case("circular-part", _take_parts),
    "expressions.syntax.MAX_LENGTH": Case(
        "invalid-expression", lambda n: _compute(f"len([{'0,' * ((n - 8) // 2)}0]){' ' * (n % 2)}")
    ),
    "expressions.syntax.MAX_DEPTH": Case("invalid-expression", lambda n: _compute("-" * n + "1")),
    "expressions.syntax.MAX_ITEMS": Case("invalid-expression", lambda n: _compute(f"range({n})")),
    "expressions.syntax.MAX_WORK": Case("invalid-expression", _work_once),
    "expressions.syntax.MAX_TEXT": Case("invalid-expression", lambda n: _join_texts(n)),
    "expressions.syntax.MAX_INT": Case(
        "invalid-expression", lambda n: _compute(f"{n}"), named="a 64-bit integer"
    ),
    "expressions.work.MAX_TOTAL_WORK": Case("invalid-expression", _work_often, low=1_000),
    "graph.limits.MAX_NODES": Case("too-large", _repeat),
    "graph.limits.MAX_OPEN_NODES": Case("too-large", _open, low=20),
    "graph.limits.MAX_OPEN_SIZES": Case("too-large", _open_many),
    "graph.limits.MAX_MERGED": Case(
        "too-large", lambda n: f"{FLAT}layers:\n- concat: [{', '.join(['_'] * n)}]\n"
    ),
    "graph.limits.MAX_STEPS": Case("too-large", lambda n: _repeat(n - 1), low=100),
    "graph.limits.MAX_WORK": Case("too-large", _vary, low=102, step=51),
    "graph.limits.MAX_TRIED_WORK": Case(
        "too-large", _vary_sizes, low=2 * SIZES_OF_TANH, step=SIZES_OF_TANH
    ),
    "graph.limits.MAX_NESTING": Case("too-deep", _nest_steps, step=2),
    "graph.limits.MAX_CALL_DEPTH": Case("too-deep", _call_deep),
    "graph.limits.MAX_ELEMENTS": Case("too-large", lambda n: _measure(n)),
    "graph.limits.MAX_PARAMETERS": Case("too-large", _add_parameters, low=100),
    "graph.opened.MAX_OPEN": Case(
        "invalid-input",
        lambda n: MAP.replace("height: 64", f"height: {{max: {n}}}") + "layers: [relu]\n",
    ),
    "graph.opened.MAX_LETTER": Case(
        "invalid-input",
        lambda n: MAP.replace("height: 64", f"height: {'H' * n}") + "layers: [relu]\n",
    ),
    "ops.fields.MAX_SIZE": Case("invalid-field", lambda n: f"{FLAT}layers: [linear: {n}]\n"),
    "ops.stored.MAX_VALUES": Case(
        "invalid-field",
        lambda n: (
            f"{FLAT}layers: [constant: {{features: {n}, values: [{', '.join(['1'] * n)}]}}]\n"
        ),
    ),
}


def _compute_plain(number: str) -> str:
    return f"{FLAT}params: {{p: {number}}}\nlayers: [linear: 1]\n"


def _measure(elements: int) -> str:
    # 2^32 + 1 is 641 * 6700417.
    channels, length = (2**16, 2**16) if elements == 2**32 else (641, 6_700_417)
    sizes = f"{{channels: {channels}, length: {length}}}"
    return f"cnnspec: 1\nname: net\ninput: {sizes}\nlayers: [relu]\n"
