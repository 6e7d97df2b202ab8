"""A single op with numbers as large as they may be takes no longer than another."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from cnnspec.cli.main import run
from cnnspec.lint.rules.checkerboard import count_taps
from cnnspec.ops.fields import MAX_SIZE
from cnnspec.ops.pool import AdaptiveAvgPool
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.ops.windows import Window

PRIME = 8_388_593
INPUTS = (
    "{channels: 1, length: 1}",
    "{channels: 2, length: 3}",
    f"{{channels: 1, length: {MAX_SIZE - 3}}}",
    f"{{channels: {MAX_SIZE - 3}, length: 1}}",
    "{channels: 1, length: L}",
)
STEPS = (
    "conv: {out_channels: 1, kernel_size: N, padding: N, stride: 2}",
    "conv: {out_channels: 1, kernel_size: 3, dilation: N, padding: N, stride: 3}",
    "conv: {out_channels: 1, kernel_size: 7, padding: same, stride: N}",
    "conv_transpose: {out_channels: 1, kernel_size: N, stride: 3, dilation: 3}",
    "conv_transpose: {out_channels: 1, kernel_size: 3, stride: N}",
    "max_pool: {kernel_size: N, stride: 3, padding: HALF, ceil_mode: true}",
    "min_pool: {kernel_size: N, stride: 1, padding: HALF}",
    "avg_pool: {kernel_size: N, stride: N, padding: HALF, ceil_mode: true}",
    "adaptive_avg_pool: N",
    "upsample: {scale_factor: N, mode: linear}",
    "resize: N",
    "zero_pad: N",
    "slice: {axis: spatial, step: N}",
    "split: {parts: N, index: 0}",
    "pad_channels: N",
    "channel_shuffle: N",
    "channel_shuffle: 1",
    "pixel_shuffle: N",
    "pixel_unshuffle: N",
    "group_norm: N",
    "local_response_norm: {size: N}",
)
COMMANDS = (
    ["check", "--profile", "pedantic"],
    ["check", "--sizes"],
    ["summary"],
    ["compile", "--target", "torch"],
    ["compile", "--target", "keras"],
    pytest.param(
        ["compile", "--target", "onnx", "--no-weights"], marks=pytest.mark.onnx, id="onnx"
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_no_number_is_too_large_to_look_at(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for source in INPUTS:
        for step in STEPS:
            for number in (65_537, PRIME, MAX_SIZE):
                text = step.replace("N", str(number)).replace("HALF", str(number // 2))
                head = f"cnnspec: 1\nname: net\ninput: {source}\n"
                Path("net.yaml").write_text(f"{head}layers:\n- {text}\n", encoding="utf-8")
                force = ["--force"] if command[0] == "compile" else []
                assert run([*command, *force, "net.yaml"]) in (0, 1), text
                captured = capsys.readouterr()
                said = captured.out + captured.err
                assert "the spec is refused: it takes more than" not in said, (source, text)


def test_a_pool_looks_at_the_map_with_every_window() -> None:
    for kernel in range(1, 5):
        for stride in range(1, 4):
            for dilation in range(1, 5):
                for before in range(6):
                    window = Window(kernel, stride, dilation, before, before)
                    for size in range(1, 6):
                        steps = window.count_steps(size)
                        taps = [tap * dilation for tap in range(kernel)]
                        seen = [
                            any(0 <= step * stride - before + tap < size for tap in taps)
                            for step in range(steps)
                        ]
                        assert window.touches_map(size, steps) == all(seen), window


def test_the_longest_bin_is_reckoned() -> None:
    for size in range(1, 40):
        for bins in range(1, 40):
            found = AdaptiveAvgPool(output_size=bins).find_reach((Shape(Kind.MAP, 1, (size,)),))
            assert found is not None
            ends = [(row * size // bins, -(-(row + 1) * size // bins)) for row in range(bins)]
            assert found[0].extent == max(stop - start for start, stop in ends)
            assert found[0].stride == Fraction(size, bins)


def test_taps_of_a_transposed_convolution_are_counted() -> None:
    for kernel in range(1, 9):
        for stride in range(1, 9):
            for dilation in range(1, 6):
                rows = [tap * dilation % stride for tap in range(kernel)]
                wanted = {rows.count(row) for row in range(stride)}
                assert count_taps(Window(kernel, stride, dilation)) == wanted
