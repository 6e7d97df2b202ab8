"""The oracle against PyTorch's own layers, wherever those can say the same thing."""

from __future__ import annotations

from typing import Any

import pytest

from cnnspec.ops.catalog import OPS
from cnnspec.ops.shapes import Kind
from tests.frameworks import functional, torch
from tests.op_cases import CASES, OpCase
from tests.reference_ops import evaluate

pytestmark = pytest.mark.torch


def _pick(name: str, rank: int) -> Any:
    return getattr(functional, f"{name}{rank}d")


def _is_symmetric(op: Any, rank: int) -> bool:
    padding = op.padding
    return isinstance(padding, int) or (not isinstance(padding, str) and len(padding) == rank)


def _is_native_pool(op: Any, rank: int) -> bool:
    """PyTorch wants padding of at most half a window, alike on both sides."""
    if not _is_symmetric(op, rank):
        return False
    paddings = [op.padding] * rank if isinstance(op.padding, int) else op.padding
    kernels = [op.kernel_size] * rank if isinstance(op.kernel_size, int) else op.kernel_size
    return all(2 * p <= k for p, k in zip(paddings, kernels, strict=True))


def _holds_window(op: Any, x: Any) -> bool:
    """PyTorch's AvgPool3d wants a window in the map without its padding."""
    kernels = [op.kernel_size] * 3 if isinstance(op.kernel_size, int) else op.kernel_size
    return all(size >= k for size, k in zip(x.shape[2:], kernels, strict=True))


def call_torch(op: Any, xs: list[Any], kinds: list[Kind], w: dict[str, Any]) -> Any:
    """PyTorch's own result, or None where it has no such layer."""
    (x, *_), rank = xs, xs[0].dim() - 2
    channels_last = kinds[0] is Kind.TOKENS
    match op.op:
        case "conv" if _is_symmetric(op, rank):
            return _pick("conv", rank)(
                x, w["weight"], w.get("bias"), op.stride, op.padding, op.dilation, op.groups
            )
        case "conv" | "depthwise_conv" if op.padding == "same" and op.stride == 1:
            groups = op.groups if op.op == "conv" else x.shape[1]
            return _pick("conv", rank)(
                x, w["weight"], w.get("bias"), 1, "same", op.dilation, groups
            )
        case "conv_transpose" if _is_symmetric(op, rank):
            return _pick("conv_transpose", rank)(
                x,
                w["weight"],
                w.get("bias"),
                op.stride,
                op.padding,
                op.output_padding,
                op.groups,
                op.dilation,
            )
        case "max_pool" if _is_native_pool(op, rank):
            return _pick("max_pool", rank)(
                x, op.kernel_size, op.stride, op.padding, op.dilation, op.ceil_mode
            )
        case "min_pool" if _is_native_pool(op, rank):
            return -_pick("max_pool", rank)(
                -x, op.kernel_size, op.stride, op.padding, op.dilation, op.ceil_mode
            )
        case "avg_pool" if _is_native_pool(op, rank) and (rank < 3 or _holds_window(op, x)):
            return _pick("avg_pool", rank)(
                x, op.kernel_size, op.stride, op.padding, op.ceil_mode, op.count_include_pad
            )
        # PyTorch scales windows that hang over the end as if they were full.
        case "lp_pool" if not op.ceil_mode:
            return _pick("lp_pool", rank)(x.abs(), op.norm_type, op.kernel_size, op.stride)
        case "global_max_pool" if op.keepdims:
            return _pick("adaptive_max_pool", rank)(x, 1)
        case "global_avg_pool" if op.keepdims:
            return _pick("adaptive_avg_pool", rank)(x, 1)
        case "adaptive_avg_pool":
            return _pick("adaptive_avg_pool", rank)(x, op.output_size)
        case "batch_norm":
            statistics = w["running_mean"], w["running_var"]
            return functional.batch_norm(
                x, *statistics, w.get("weight"), w.get("bias"), False, op.momentum, op.eps
            )
        case "layer_norm" if op.axes == "all":
            return functional.layer_norm(x, x.shape[1:], w.get("weight"), w.get("bias"), op.eps)
        case "layer_norm":
            turned = x if channels_last else x.movedim(1, -1)
            normed = functional.layer_norm(
                turned, turned.shape[-1:], w.get("weight"), w.get("bias"), op.eps
            )
            return normed if channels_last else normed.movedim(-1, 1)
        case "group_norm":
            return functional.group_norm(x, op.num_groups, w.get("weight"), w.get("bias"), op.eps)
        case "instance_norm":
            return functional.instance_norm(
                x, None, None, w.get("weight"), w.get("bias"), eps=op.eps
            )
        case "local_response_norm":
            return functional.local_response_norm(x, op.size, op.alpha, op.beta, op.k)
        case "prelu":
            turned = x.movedim(-1, 1) if channels_last else x
            result = functional.prelu(turned, w["weight"])
            return result.movedim(1, -1) if channels_last else result
        case "leaky_relu":
            return functional.leaky_relu(x, op.negative_slope)
        case "gelu":
            return functional.gelu(x, approximate=op.approximate)
        case "relu" | "relu6" | "selu" | "silu" | "mish":
            return getattr(functional, op.op)(x)
        case "hard_swish":
            return functional.hardswish(x)
        case "hard_sigmoid":
            return functional.hardsigmoid(x)
        case "linear":
            return functional.linear(x, w["weight"], w.get("bias"))
        case "upsample":
            factors = op.scale_factor
            scale = [float(f) for f in ([factors] * rank if isinstance(factors, int) else factors)]
            corners = True if op.align_corners else None
            return functional.interpolate(
                x, scale_factor=scale, mode=op.mode, align_corners=corners
            )
    return None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_oracle_agrees_with_pytorch(case: OpCase) -> None:
    op, generator = case.build(), torch.Generator().manual_seed(0)
    weights = {
        weight.name: torch.rand(weight.shape, generator=generator, dtype=torch.float64) + 0.5
        for weight in op.list_weights(case.inputs)
    }
    inputs = [
        torch.randn((2, *shape.dims), generator=generator, dtype=torch.float64) - 0.5
        for shape in case.inputs
    ]
    kinds = [shape.kind for shape in case.inputs]
    found = evaluate(op, inputs, kinds, weights)
    assert found.shape == (2, *op.infer_shape(case.inputs).dims)
    expected = call_torch(op, inputs, kinds, weights)
    if expected is not None:
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_gradients_flow_through_every_op() -> None:
    for case in CASES:
        op = case.build()
        weights = {
            weight.name: (torch.rand(weight.shape, dtype=torch.float64) + 0.5).requires_grad_()
            for weight in op.list_weights(case.inputs)
        }
        inputs = [
            torch.randn((2, *shape.dims), dtype=torch.float64, requires_grad=True)
            for shape in case.inputs
        ]
        found = evaluate(op, inputs, [shape.kind for shape in case.inputs], weights)
        if found.requires_grad:
            found.sum().backward()
        # What an op takes for its size alone, or for its place, it does not read.
        read = [] if op.starts else inputs[:1] if op.refers else inputs
        arrays = (*read, *weights.values())
        assert all(array.grad is not None and array.grad.isfinite().all() for array in arrays)


def test_the_oracle_knows_every_op() -> None:
    assert {case.op for case in CASES} == set(OPS)
