"""`cnnspec weights`: what its subcommands print, write, and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("h5py")

import numpy as np
import safetensors.numpy

from cnnspec.weights.draw import draw_weights
from tests.networks import NETS
from tests.weights.files import call, draw_bits, require_equal, write

LENET = next(net for net in NETS if net.id == "lenet5").build()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_init_draws_the_weights_that_onnx_files_get(folder: Path, capsys: Any) -> None:
    found = call(capsys, "init", "lenet5", "-o", "net.safetensors", "--seed", 7)
    assert found == (0, "wrote net.safetensors\n", "")
    require_equal(folder / "net.safetensors", LENET, draw_weights(LENET, 7))


def test_inspect_counts_what_is_no_number(folder: Path, capsys: Any) -> None:
    bias = np.array([1, 2, 3, np.nan, np.inf, -np.inf], np.float32)
    arrays = {"bias": bias, "none": np.array([np.nan], np.float16), "one": np.float32(0.5)}
    safetensors.numpy.save_file({k: np.asarray(v) for k, v in arrays.items()}, "odd.safetensors")
    code, text, errors = call(capsys, "inspect", "odd.safetensors", "--format", "json")
    assert (code, errors) == (0, "")
    found = {entry.pop("name"): entry for entry in json.loads(text)["arrays"]}
    assert found["bias"] == {
        "shape": [6], "dtype": "F32", "mean": 2.0, "std": pytest.approx((2 / 3) ** 0.5),
        "min": 1.0, "max": 3.0, "nan": 1, "inf": 2,
    }  # fmt: skip
    none = dict.fromkeys(("mean", "std", "min", "max"))
    assert found["none"] == {"shape": [1], "dtype": "F16", **none, "nan": 1, "inf": 0}
    assert found["one"]["shape"] == []
    assert call(capsys, "inspect", "odd.safetensors")[1].endswith("\n3 arrays, 8 numbers\n")


def test_inspect_shows_a_networks_names_with_its_spec(folder: Path, capsys: Any) -> None:
    write(folder / "net.weights.h5", LENET, draw_weights(LENET, 0))
    names = {}
    for more in ([], ["--spec", "lenet5"]):
        text = call(capsys, "inspect", "net.weights.h5", "--format", "json", *more)[1]
        arrays = json.loads(text)["arrays"]
        names[len(more)] = [(each["name"], each["shape"]) for each in arrays]
    assert ("conv1/0", [5, 5, 1, 6]) in names[0]
    assert names[2][0] == ("conv1.weight", [6, 1, 5, 5])


def test_diff_shows_the_worst_first(folder: Path, capsys: Any) -> None:
    arrays = draw_weights(LENET, 0)
    write(folder / "a.safetensors", LENET, arrays)
    arrays["fc3.bias"] = arrays["fc3.bias"] * np.float32(1.001)
    arrays["fc2.bias"] = arrays["fc2.bias"].copy()
    arrays["fc2.bias"][1] *= 3
    arrays["fc1.bias"] = arrays["fc1.bias"].copy()
    arrays["fc1.bias"][0] = np.nan
    write(folder / "b.weights.h5", LENET, arrays)
    code, text, _ = call(capsys, "diff", "a.safetensors", "b.weights.h5", "--spec", "lenet5")
    rows = [line.split() for line in text.splitlines()[2:5]]
    assert code == 1
    assert [row[0] for row in rows] == ["fc1.bias", "fc2.bias", "fc3.bias"]
    assert [row[-3:] for row in rows] == [["1", "of", "120"], ["1", "of", "84"], ["10", "of", "10"]]
    assert text.endswith("3 of 10 arrays differ\n")
    again = ("diff", "a.safetensors", "b.weights.h5", "--spec", "lenet5", "--tolerance", "0.01")
    assert call(capsys, *again)[1].endswith("2 of 10 arrays differ\n")


def test_diff_takes_equal_numbers_for_equal(folder: Path, capsys: Any) -> None:
    bits = draw_bits(LENET)
    write(folder / "a.safetensors", LENET, bits)
    write(folder / "b.weights.h5", LENET, bits)
    code, text, notes = call(capsys, "diff", "a.safetensors", "b.weights.h5", "--spec", "lenet5")
    assert (code, text) == (0, "the same: 10 arrays\n")
    assert notes.startswith("note: 5 of 10 arrays hold numbers that are not finite")


def test_diff_names_arrays_that_only_one_file_has(folder: Path, capsys: Any) -> None:
    one, two = np.ones(2, np.float32), np.ones(3, np.float32)
    safetensors.numpy.save_file({"a": one, "b": one}, "a.safetensors")
    safetensors.numpy.save_file({"a": two, "c": one}, "b.safetensors")
    code, text, _ = call(capsys, "diff", "a.safetensors", "b.safetensors")
    assert code == 1
    assert [line.rstrip() for line in text.splitlines()[2:5]] == [
        "a     2 in the first, 3 in the second",
        "b     only in the first",
        "c     only in the second",
    ]


def test_convert_names_all_that_does_not_fit(folder: Path, capsys: Any) -> None:
    write(folder / "net.weights.h5", LENET, draw_weights(LENET, 0))
    code, text, errors = call(
        capsys, "convert", "net.weights.h5", "out.pt", "--spec", "lenet5", "--set", "classes=7"
    )
    assert (code, text) == (1, "")
    assert "fc3.weight must be 84x7, but the weights have 84x10" in errors
    assert "fc3.bias must be 7, but the weights have 10" in errors
    assert [path.name for path in folder.iterdir()] == ["net.weights.h5"]


def test_nothing_is_overwritten_unasked(folder: Path, capsys: Any) -> None:
    first = write(folder / "a.safetensors", LENET, draw_weights(LENET, 0))
    write(folder / "b.safetensors", LENET, draw_weights(LENET, 1))
    before = first.read_bytes()
    command = ("convert", "b.safetensors", "a.safetensors", "--spec", "lenet5")
    assert call(capsys, *command) == (
        2, "", "cnnspec: error: 'a.safetensors' exists; --force overwrites it\n"
    )  # fmt: skip
    assert first.read_bytes() == before
    assert call(capsys, *command, "--force")[0] == 0
    require_equal(first, LENET, draw_weights(LENET, 1))


def test_a_file_can_be_converted_in_its_own_place(folder: Path, capsys: Any) -> None:
    arrays = draw_weights(LENET, 0)
    path = folder / "net.safetensors"
    safetensors.numpy.save_file({n: a.astype(np.float64) for n, a in arrays.items()}, path)
    assert call(capsys, "convert", path, path, "--spec", "lenet5", "--force")[0] == 0
    require_equal(path, LENET, arrays)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("convert none.pt out.pt --spec lenet5", "there is no file 'none.pt'"),
        ("convert net.safetensors out.txt --spec lenet5", "it is one of .safetensors, .pt"),
        ("convert net.safetensors out.onnx --spec lenet5", "--target onnx --weights FILE"),
        ("init lenet5 -o out.keras", "it holds a model"),
        ("convert net.safetensors no/out.pt --spec lenet5", "there is no folder"),
        ("convert net.safetensors out.pt --spec nothing", "no zoo spec 'nothing'"),
        ("convert net.safetensors out.pt", "--spec"),
        ("convert net.safetensors out.pt --spec lenet5 --rename no.yaml", "no file 'no.yaml'"),
        ("inspect net.safetensors --set classes=3", "--set needs a network"),
        ("inspect net.safetensors --round", "--round needs a network"),
        ("diff net.safetensors net.safetensors --tolerance -1", "not a number of 0 or more"),
        ("diff net.safetensors none.pt", "there is no file 'none.pt'"),
        ("nothing", "invalid choice: 'nothing'"),
        ("", "SUBCOMMAND"),
    ],
)
def test_wrong_usage_is_told_from_wrong_files(
    arguments: str, message: str, folder: Path, capsys: Any
) -> None:
    pytest.importorskip("onnx")
    write(folder / "net.safetensors", LENET, draw_weights(LENET, 0))
    code, printed, errors = call(capsys, *arguments.split())
    assert (code, printed) == (2, "")
    assert message in errors
    assert [path.name for path in folder.iterdir()] == ["net.safetensors"]


def test_an_unknown_ending_is_named_on_reading(folder: Path, capsys: Any) -> None:
    (folder / "net.txt").write_text("text")
    code, _, errors = call(capsys, "inspect", "net.txt")
    assert code == 1
    assert "the end of the name says no format of weights" in errors
