"""Names: what a spec may call things, and what Python calls them."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable

# Long enough for every published layer name, short enough to keep paths readable.
MAX_NAME = 64

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")

# What torch.nn.Module and keras.Model already mean by these words, and what would hide a name
# that generated code uses.
_TAKEN = frozenset(
    """
    F OrderedDict Tensor abs add_module apply bfloat16 bool buffers build built call children
    compile compute_mask compute_output_shape count_params cpu cuda divisible_by double dtype
    dump_patches enumerate eval extra_repr float forward get_buffer get_config get_layer
    get_parameter get_submodule half input inputs int layers len list load_state_dict losses
    math max metrics min modules name named_buffers named_children named_modules
    named_parameters nn object ops optimizer output outputs parameters range register_buffer
    register_forward_hook register_module register_parameter requires_grad_ reversed round save
    self set_extra_state share_memory state_dict str sum summary super to to_empty torch train
    trainable training tuple type weights x xpu zero_grad zip
    """.split()  # noqa: SIM905 - a table of words reads better than a hundred lines of quotes
)


def is_name(text: str) -> bool:
    """Whether a text may name a model, a parameter, a block or a layer."""
    return len(text) <= MAX_NAME and _IDENTIFIER.match(text) is not None


def is_variable(text: str) -> bool:
    """Whether a text may name a parameter or a loop's variable, which expressions can use."""
    return is_name(text) and not keyword.iskeyword(text)


def safe_name(name: str) -> str:
    """The name as generated code can use it: keywords and taken words get an underscore."""
    clashes = keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in _TAKEN
    return f"{name}_" if clashes else name


def class_name(name: str) -> str:
    """The name of a class: ``basic_block`` becomes ``BasicBlock``, ``ResNet`` stays."""
    if "_" not in name and not name.islower():
        return name if name[0].isupper() else name[0].upper() + name[1:]
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) or "Model"


def module_name(name: str) -> str:
    """The name of a file or function: ``ResNet`` becomes ``resnet``."""
    return name.lower()


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a misspelt one most likely stands for."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None
