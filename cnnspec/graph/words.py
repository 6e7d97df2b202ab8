"""Words of other frameworks, and the ones that a spec uses for the same thing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from types import MappingProxyType

from cnnspec.naming import list_some, nearest
from cnnspec.ops.initializers import WORDS

# Without case, underscores and the rank: Conv2D, conv_2d and nn.Conv2d are one word here.
_OPS = MappingProxyType(
    {
        "activation": "relu",
        "adaptiveaveragepooling": "adaptive_avg_pool",
        "adaptiveavgpool": "adaptive_avg_pool",
        "averagepool": "avg_pool",
        "averagepooling": "avg_pool",
        "avgpool": "avg_pool",
        "batchnorm": "batch_norm",
        "batchnormalization": "batch_norm",
        "bn": "batch_norm",
        "buffer": "constant",
        "registerbuffer": "constant",
        "addweight": "parameter",
        "cat": "concat",
        "concatenate": "concat",
        "convolution": "conv",
        "convtranspose": "conv_transpose",
        "centercrop": "crop_like",
        "cropping": "crop",
        "depthtospace": "pixel_shuffle",
        "chunk": "split",
        "normalize": "l2_normalize",
        "l2norm": "l2_normalize",
        "layerscale": "scale",
        "spacetodepth": "pixel_unshuffle",
        "subpixel": "pixel_shuffle",
        "unitnormalization": "l2_normalize",
        "deconv": "conv_transpose",
        "deconvolution": "conv_transpose",
        "dense": "linear",
        "depthwiseconv": "depthwise_conv",
        "dropconnect": "stochastic_depth",
        "droppath": "stochastic_depth",
        "fc": "linear",
        "fullyconnected": "linear",
        "clstoken": "class_token",
        "gap": "global_avg_pool",
        "globalaveragepool": "global_avg_pool",
        "globalaveragepooling": "global_avg_pool",
        "globalavgpool": "global_avg_pool",
        "globalmaxpool": "global_max_pool",
        "globalmaxpooling": "global_max_pool",
        "groupnormalization": "group_norm",
        "groupnorm": "group_norm",
        "hardsilu": "hard_swish",
        "instancenorm": "instance_norm",
        "interpolate": "resize",
        "instancenormalization": "instance_norm",
        "layernorm": "layer_norm",
        "layernormalization": "layer_norm",
        "leakyrelu": "leaky_relu",
        "mha": "attention",
        "multiheadattention": "attention",
        "patchembed": "to_tokens",
        "posembed": "position_embedding",
        "posembedding": "position_embedding",
        "positionalembedding": "position_embedding",
        "positionalencoding": "position_embedding",
        "selfattention": "attention",
        "localresponsenorm": "local_response_norm",
        "lrn": "local_response_norm",
        "maxpool": "max_pool",
        "maxpooling": "max_pool",
        "minpool": "min_pool",
        "mul": "multiply",
        "pool": "max_pool",
        "pooling": "max_pool",
        "reshape": "flatten",
        "resizing": "resize",
        "separableconv": "separable_conv",
        "skip": "residual",
        "spatialdropout": "spatial_dropout",
        "sequential": "layers",
        "swish": "silu",
        "transposedconv": "conv_transpose",
        "upsampling": "upsample",
        "zeropad": "zero_pad",
        "zeropadding": "zero_pad",
    }
)

# What no two frameworks can be told to compute alike, and what does the same work.
_REFUSED = MappingProxyType(
    {
        "fractionalmaxpool": "its windows are drawn at random, by another rule in each framework, "
        "and Keras has none: use max_pool, or resize for a size that no stride gives",
        "fractionalpool": "its windows are drawn at random, by another rule in each framework: "
        "use max_pool, or resize for a size that no stride gives",
        "stochasticpool": "it draws one value of each window at random, which no framework has: "
        "use max_pool or avg_pool, with dropout for the randomness",
    }
)

_FIELDS = MappingProxyType(
    {
        "alpha": ("negative_slope",),
        "alpha_initializer": ("initializer",),
        "beta_initializer": ("bias_initializer",),
        "bias_init": ("bias_initializer",),
        "channels": ("out_channels",),
        "block_size": ("factor",),
        "upscale_factor": ("factor",),
        "downscale_factor": ("factor",),
        "cropping": ("margins",),
        "depth_multiplier": ("multiplier",),
        "depthwise_initializer": ("initializer",),
        "dilation_rate": ("dilation",),
        "dilations": ("dilation",),
        "attn_dropout": ("dropout",),
        "drop_prob": ("p",),
        "epsilon": ("eps",),
        "features": ("out_features",),
        "filters": ("out_channels", "channels"),
        "gamma_initializer": ("initializer",),
        "groups": ("num_groups",),
        "heads": ("num_heads",),
        "init": ("initializer",),
        "initialiser": ("initializer",),
        "kernel": ("kernel_size",),
        "kernel_init": ("initializer",),
        "kernel_initializer": ("initializer",),
        "kernel_shape": ("kernel_size",),
        "output_channels": ("out_channels",),
        "pads": ("padding",),
        "pool_size": ("kernel_size",),
        "qkv_bias": ("bias",),
        "rate": ("p",),
        "size": ("scale_factor", "kernel_size", "output_size"),
        "strides": ("stride",),
        "units": ("out_features",),
        "use_bias": ("bias",),
        "weight_init": ("initializer",),
        "weight_initializer": ("initializer",),
    }
)

# Without case, underscores and what PyTorch ends its functions' names with.
_INITIALIZERS = MappingProxyType(
    {
        "eye": "identity",
        "glorot": "glorot_uniform",
        "he": "he_normal",
        "kaiming": "he_normal",
        "kaimingnormal": "he_normal",
        "kaiminguniform": "he_uniform",
        "lecun": "lecun_normal",
        "msra": "he_normal",
        "one": "ones",
        "randomnormal": "normal",
        "randomuniform": "uniform",
        "truncnormal": "truncated_normal",
        "variancescaling": "he_normal, glorot_normal or lecun_normal, or their uniform forms",
        "xavier": "glorot_uniform",
        "xaviernormal": "glorot_normal",
        "xavieruniform": "glorot_uniform",
        "zero": "zeros",
    }
)

_NEAR = 0.7
_LISTS = "a list stands in brackets: [3, 3]"

_ACTIVATION = "activation"
_SURVIVAL = frozenset({"survival_prob", "survival_probability", "keep_prob", "survival_rate"})
_INFERRED = frozenset(
    {
        *("in_channels", "in_features", "input_shape", "input_dim", "num_features"),
        *("embed_dim", "key_dim", "head_dim"),
    }
)


def suggest(word: str, known: Iterable[str], otherwise: str) -> str:
    """The known word that was likely meant, or else what there is."""
    from difflib import SequenceMatcher

    hint = nearest(word, known)
    # A word that shares little with the hint was not a slip of it.
    near = hint is not None and SequenceMatcher(None, word, hint).ratio() >= _NEAR
    return f"did you mean '{hint}'?" if near else otherwise


def explain_word(word: str, known: Iterable[str], argument: str = "") -> str:
    """What to write instead of a word that is no op and no block.

    `argument` is what stands behind the word: Keras's Activation says there which one it is.
    """
    known = list(known)
    plain = re.sub(r"([123]d)\Z", "", re.sub(r"[^a-z0-9]", "", word.lower()))
    if plain == "activation" and argument in known:
        return f"write '{argument}'"
    refused = _REFUSED.get(re.sub(r"ing\Z", "", plain))
    if refused is not None:
        return refused
    ours = _OPS.get(plain) or next((k for k in known if k.replace("_", "") == plain), None)
    if ours is not None:
        return f"write '{ours}'"
    listed = "a block of your own belongs under 'blocks:'"
    return suggest(plain, known, suggest(word.lower(), known, listed))


def explain_initializer(value: object) -> str:
    """What to write instead of a value that is no initializer."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return f"write {{constant: {value}}}"
    word = next(iter(value), "") if isinstance(value, dict) else value
    if not isinstance(word, str) or word in WORDS:
        return ""
    plain = re.sub(r"[^a-z0-9]", "", word.lower())
    ours = _INITIALIZERS.get(plain) or next((w for w in WORDS if w.replace("_", "") == plain), None)
    if ours is not None:
        return f"write {ours}"
    return suggest(word.lower(), WORDS, f"the words are {', '.join(WORDS)}")


def list_translations(op: str, known: Collection[str]) -> dict[str, str]:
    """What to write instead of the fields that other frameworks' ops like this one have."""
    foreign = (*_FIELDS, *sorted(_INFERRED), *sorted(_SURVIVAL), _ACTIVATION)
    words = (word for word in foreign if word not in known)
    return {word: text for word in words if (text := translate_field(word, op, known))}


def translate_field(word: str, op: str, known: Collection[str]) -> str:
    """What to write instead of a field of other frameworks; nothing for any other word."""
    if word in _INFERRED:
        return f"leave it out: {op} takes it from the value it gets"
    if word == _ACTIVATION:
        return f"an activation is a step of its own, after {op}"
    if word in _SURVIVAL and "p" in known:
        return f"write 'p', the probability that something is dropped: 1 - {word}"
    ours = [name for name in _FIELDS.get(word, ()) if name in known]
    return f"write '{ours[0]}'" if ours else ""


def explain_field(word: str, op: str, known: Iterable[str]) -> str:
    """What to write instead of a field that an op does not have."""
    known = list(known)
    if translation := translate_field(word, op, known):
        return translation
    if word.endswith(")"):
        return _LISTS
    noun = "parameters" if op.startswith("block ") else "fields"
    listed = f"its {noun} are {list_some(known)}" if known else f"{op} has no {noun}"
    return suggest(word, known, listed)
