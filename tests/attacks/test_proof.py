"""What a framework says of a network, which may hold any of its texts, in reports of the proof."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("numpy")

from cnnspec.verify.compare import Verdict
from cnnspec.verify.run import Report
from cnnspec.verify.show import format_json, format_text
from tests.attacks import outputs
from tests.attacks.places import EVERYTHING


def test_what_a_framework_says_steers_nothing() -> None:
    verdict = Verdict("torch", "2.0", {}, 0, None, None, None, None, (EVERYTHING,), (EVERYTHING,))
    report = Report("net", "the reference", 1e-5, 1e-7, (verdict,))
    outputs.assert_plain(format_text(report))
    outputs.assert_plain(format_json(report))
    assert json.loads(format_json(report))["targets"][0]["problems"] == [EVERYTHING]
