"""The forms of convolutions and pools."""

from __future__ import annotations

from collections.abc import Iterator

from tests.op_rows import ALL_RANKS, CUBE, LINE, MAP, SOLID, Row, each, fmap, one


def list_conv() -> Iterator[Row]:
    k3 = {"out_channels": 8, "kernel_size": 3}
    yield from each((*ALL_RANKS, CUBE), **k3)
    yield from each(ALL_RANKS, **k3, padding=1, stride=2)
    yield from each(ALL_RANKS, **k3, padding="same", stride=2, dilation=2)
    yield from each((fmap(6, 8, 8), fmap(6, 9, 8), fmap(6, 10)), **k3, padding="same", stride=2)
    yield one(MAP, **k3, padding="valid")
    yield one(MAP, **k3, padding="same", bias=False)
    yield one(MAP, **k3, padding="same", stride=3)
    yield one(MAP, **k3, padding=[2, 1])
    yield one(MAP, **k3, padding=[2, 0, 1, 3])
    yield one(MAP, **k3, padding=[0, 1, 0, 0], stride=[2, 1])
    yield one(LINE, **k3, padding=[0, 2])
    yield one(SOLID, **k3, padding=[1, 0, 0, 2, 2, 1])
    yield one(MAP, **k3, padding=5, stride=4)
    yield one(MAP, **k3, groups=2)
    yield one(MAP, **{**k3, "out_channels": 9}, groups=3, stride=2, dilation=2, padding=2)
    yield one(MAP, **k3, dilation=[2, 1])
    yield one(MAP, out_channels=5, kernel_size=1, bias=False)
    yield one(MAP, out_channels=5, kernel_size=1, stride=2)
    yield one(MAP, out_channels=5, kernel_size=[4, 2], padding="same")
    yield one(MAP, out_channels=5, kernel_size=[1, 5], stride=[1, 2], padding=[0, 2])
    yield one(fmap(3, 12, 15), out_channels=4, kernel_size=7, stride=2, padding=3, bias=False)
    yield one(SOLID, out_channels=6, kernel_size=[3, 1, 2], groups=2, stride=[1, 2, 3])
    yield one(LINE, **k3, groups=2, dilation=2, bias=False)
    yield one(LINE, **k3, groups=4, dilation=2, stride=2, padding=[0, 2])
    yield one(LINE, out_channels=3, kernel_size=4, padding="same", stride=3)
    yield one(SOLID, **k3, groups=4, bias=False, padding=[1, 0, 2])
    yield one(SOLID, **k3, groups=2, dilation=[1, 2, 1], stride=[2, 1, 2], padding="same")
    yield one(SOLID, out_channels=3, kernel_size=[2, 3, 4], padding="same")


def list_depthwise() -> Iterator[Row]:
    yield from each((*ALL_RANKS, CUBE), kernel_size=3, padding=1)
    yield from each(ALL_RANKS, kernel_size=3, multiplier=2, stride=2, padding="same")
    yield one(MAP, kernel_size=3, stride=[2, 1], bias=False)
    yield one(MAP, kernel_size=[3, 2], dilation=[1, 2], padding=[1, 0, 2, 1])
    yield one(MAP, kernel_size=3, dilation=2, stride=2, padding=2, multiplier=3)
    yield one(MAP, kernel_size=5, padding="valid")
    yield one(LINE, kernel_size=2, dilation=2, stride=2, padding=[1, 0], bias=False)
    yield one(SOLID, kernel_size=[2, 3, 1], dilation=[1, 2, 1], padding="same", bias=False)
    yield one(SOLID, kernel_size=2, multiplier=2, stride=[2, 1, 3], padding=[0, 1, 1, 0, 2, 0])


def list_conv_transpose() -> Iterator[Row]:
    yield from each((*ALL_RANKS, CUBE), out_channels=3, kernel_size=3)
    yield from each(ALL_RANKS, out_channels=3, kernel_size=3, stride=2, padding=1, output_padding=1)
    yield one(MAP, out_channels=8, kernel_size=2, stride=2, bias=False)
    yield one(MAP, out_channels=8, kernel_size=4, stride=2, padding=1, groups=2)
    yield one(MAP, out_channels=9, kernel_size=[3, 2], stride=[3, 2], groups=3)
    yield one(MAP, out_channels=4, kernel_size=3, stride=2, padding=[1, 0, 0, 2])
    yield one(MAP, out_channels=4, kernel_size=3, stride=2, padding=[1, 0], output_padding=[0, 1])
    yield one(MAP, out_channels=4, kernel_size=2, stride=3, output_padding=2)
    yield one(MAP, out_channels=4, kernel_size=2, stride=5, padding=[1, 2], output_padding=3)
    yield one(MAP, out_channels=4, kernel_size=3, dilation=2, stride=2)
    yield one(MAP, out_channels=4, kernel_size=3, dilation=[1, 3], padding=2, output_padding=[0, 2])
    wide = {"out_channels": 4, "kernel_size": 3, "dilation": [1, 3], "output_padding": [0, 2]}
    yield one(MAP, **wide, bias=False)
    yield one(MAP, **wide, padding=[2, 1, 0, 1])
    yield one(MAP, out_channels=4, kernel_size=1, stride=2)
    yield one(LINE, out_channels=6, kernel_size=3, groups=2, dilation=2, bias=False)
    yield one(LINE, out_channels=3, kernel_size=2, stride=3, padding=[0, 2], output_padding=1)
    yield one(SOLID, out_channels=6, kernel_size=2, stride=2, groups=2, bias=False)
    yield one(SOLID, out_channels=3, kernel_size=[3, 2, 3], dilation=[1, 2, 1], padding=[1, 0, 2])
    yield one(SOLID, out_channels=3, kernel_size=4, stride=2, padding=1)
    rows = {"stride": [1, 2, 3], "output_padding": [0, 1, 2]}
    yield one(SOLID, out_channels=3, kernel_size=2, **rows, padding=[1, 0, 0, 1, 0, 2])


def list_extreme_pool() -> Iterator[Row]:
    yield from each((*ALL_RANKS, CUBE), kernel_size=2)
    yield from each(ALL_RANKS, kernel_size=3, stride=2, padding=1)
    yield from each(ALL_RANKS, kernel_size=3, stride=2, padding="same")
    yield from each(ALL_RANKS, kernel_size=2, stride=2, ceil_mode=True)
    yield one(MAP, kernel_size=3, stride=1, padding="same")
    yield one(MAP, kernel_size=[3, 2], stride=[1, 2])
    yield one(MAP, kernel_size=3, stride=2, padding="valid")
    yield one(MAP, kernel_size=3, stride=2, padding=[1, 0, 2, 1])
    yield one(MAP, kernel_size=3, stride=2, padding=1, ceil_mode=True)
    yield one(fmap(3, 10, 10), kernel_size=2, stride=3, padding=1, ceil_mode=True)
    yield one(fmap(3, 10, 6), kernel_size=3, stride=3, padding=[0, 2, 1, 0], ceil_mode=True)
    yield one(MAP, kernel_size=2, dilation=2, padding=1)
    yield one(MAP, kernel_size=2, dilation=[3, 2], padding=[2, 1], stride=2)
    yield one(MAP, kernel_size=2, dilation=3, padding="same", stride=2)
    yield one(MAP, kernel_size=3, dilation=2, stride=3, ceil_mode=True)
    yield one(fmap(3, 4, 4), kernel_size=1, stride=3, ceil_mode=True)
    yield one(LINE, kernel_size=2, dilation=3, padding="same", stride=2)
    yield one(LINE, kernel_size=3, stride=3, padding=[1, 0], ceil_mode=True)
    yield one(SOLID, kernel_size=[1, 2, 3], stride=[1, 2, 2], padding=[0, 1, 1])
    yield one(SOLID, kernel_size=2, dilation=[2, 1, 3], padding=[1, 0, 1])
    yield one(SOLID, kernel_size=3, stride=2, padding=[1, 0, 0, 1, 1, 1], ceil_mode=True)


def list_avg_pool() -> Iterator[Row]:
    for counts in ({}, {"count_include_pad": False}):
        yield from each((*ALL_RANKS, CUBE), kernel_size=3, stride=2, padding=1, **counts)
        yield from each(ALL_RANKS, kernel_size=3, stride=2, padding="same", **counts)
        yield from each(ALL_RANKS, kernel_size=3, stride=2, padding=1, ceil_mode=True, **counts)
        yield one(MAP, kernel_size=2, **counts)
        yield one(MAP, kernel_size=[2, 3], stride=[1, 2], **counts)
        # Padding that no window reads.
        yield one(fmap(3, 9, 11), kernel_size=1, stride=2, padding=[0, 1, 0, 1], **counts)
        yield one(MAP, kernel_size=3, stride=2, padding=[1, 0, 2, 1], **counts)
        yield one(fmap(3, 10, 8), kernel_size=3, stride=2, padding=[0, 1], ceil_mode=True, **counts)
        yield one(fmap(3, 10, 6), kernel_size=3, padding=[0, 2, 1, 0], ceil_mode=True, **counts)
        yield one(fmap(3, 10, 10), kernel_size=2, stride=3, padding=1, ceil_mode=True, **counts)
        yield one(fmap(3, 8, 8), kernel_size=3, stride=2, ceil_mode=True, **counts)
        yield one(LINE, kernel_size=3, stride=3, padding=[1, 0], ceil_mode=True, **counts)
        yield one(SOLID, kernel_size=[1, 2, 3], stride=[1, 2, 2], padding=[0, 1, 1], **counts)
        yield one(
            SOLID, kernel_size=3, stride=2, padding=[1, 0, 0, 1, 1, 1], ceil_mode=True, **counts
        )
        # The map holds no whole window without its padding.
        yield one(fmap(3, 2, 4, 3), kernel_size=4, padding=2, **counts)
        yield one(fmap(3, 2, 4), kernel_size=3, stride=1, padding=1, **counts)


def list_lp_pool() -> Iterator[Row]:
    yield from each((*ALL_RANKS, CUBE), kernel_size=2)
    for power in (1, 3.0, 2.5, 0.5):
        yield one(MAP, kernel_size=3, stride=2, norm_type=power)
    yield from each(ALL_RANKS, kernel_size=2, stride=2, ceil_mode=True)
    yield one(MAP, kernel_size=[2, 3], stride=[3, 2], norm_type=3, ceil_mode=True)
    yield from each(ALL_RANKS, kernel_size=2, stride=2, norm_type=1.5, ceil_mode=True)
    yield one(LINE, kernel_size=4, stride=3, norm_type=3)
    yield one(SOLID, kernel_size=[1, 2, 3], stride=[2, 3, 2], norm_type=3, ceil_mode=True)


def list_adaptive() -> Iterator[Row]:
    yield from each((*ALL_RANKS, CUBE), output_size=3)
    yield from each(ALL_RANKS, output_size=1)
    yield one(fmap(3, 8, 12), output_size=4)
    yield one(fmap(3, 8, 12), output_size=[2, 5])
    yield one(MAP, output_size=[9, 4])
    yield one(MAP, output_size=[13, 7])
    yield one(SOLID, output_size=[4, 5, 3])
    yield one(fmap(4, 12), output_size=4)
    yield one(LINE, output_size=[13])
    yield one(fmap(3, 8, 4, 6), output_size=[4, 2, 3])
