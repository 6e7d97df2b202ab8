"""torchvision's pyramid and the networks on it: their weights compute the same in ours."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("safetensors")

if find_spec("torchvision") is None:
    pytest.skip("torchvision is not installed", allow_module_level=True)

from bench.vision import import_models
from cnnspec.backends.torch.emit import compile_torch
from cnnspec.graph.build import build_graph
from cnnspec.naming import class_name
from cnnspec.weights.formats.table import find_format
from cnnspec.weights.read import open_weights
from cnnspec.weights.rules import find_rules, read_rules
from tests.frameworks import torch
from tests.reference_data import read_network

pytestmark = [pytest.mark.torch, pytest.mark.slow]

# No power of two: the maps of two levels are not twice as large as each other.
SIZE = 80


def make_theirs(name: str) -> Any:
    """Their model; what begins as zeros or ones would hide mistakes."""
    import_models()
    from torchvision.models.detection import FasterRCNN, MaskRCNN
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

    torch.manual_seed(0)
    model: Any = resnet_fpn_backbone(
        backbone_name="resnet50",
        weights=None,
        norm_layer=torch.nn.BatchNorm2d,
        trainable_layers=5,
    )
    if name != "resnet_fpn":
        model = {"faster_rcnn": FasterRCNN, "mask_rcnn": MaskRCNN}[name](model, 91)
    for tensor in model.state_dict().values():
        if tensor.dim() == 1:
            tensor.uniform_(0.5, 1.0)
    return model.eval()


def run_theirs(name: str, model: Any, image: Any, regions: Any, masks: Any) -> dict[str, Any]:
    """What their parts give, by our names."""
    levels = list((model if name == "resnet_fpn" else model.backbone)(image).values())
    if name == "resnet_fpn":
        return {f"p{number + 2}": level for number, level in enumerate(levels)}
    objects, boxes = model.rpn.head(levels)
    heads = model.roi_heads
    classes, sides = heads.box_predictor(heads.box_head(regions))
    found = {f"p{number + 2}_objects": one for number, one in enumerate(objects)}
    found |= {f"p{number + 2}_boxes": one for number, one in enumerate(boxes)}
    found |= {"classes": classes, "boxes": sides}
    if name == "mask_rcnn":
        found["masks"] = heads.mask_predictor(heads.mask_head(masks))
    return found


@pytest.mark.parametrize("name", ["resnet_fpn", "faster_rcnn", "mask_rcnn"])
def test_their_weights_compute_the_same(name: str, tmp_path: Path) -> None:
    theirs = make_theirs(name)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    graph = build_graph(read_network(name), "", {"size": SIZE})
    shipped = find_rules("torchvision", graph.spec.name)
    assert shipped is not None
    write = find_format(tmp_path / "ours.pt").write
    assert write is not None
    rules = read_rules(shipped.read_bytes(), shipped.name)
    with open_weights(tmp_path / "theirs.pth", graph, rules) as weights:
        write(tmp_path / "ours.pt", graph, weights.read_all())

    (source,) = compile_torch(graph, "cnnspec compile").files.values()
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "generated.py", "exec"), namespace)
    ours = namespace[class_name(graph.spec.name)]().eval()
    ours.load_state_dict(torch.load(tmp_path / "ours.pt", weights_only=True), strict=True)
    draw = torch.Generator().manual_seed(1)
    shapes = [(3, SIZE, SIZE), (256, 7, 7), (256, 14, 14)]
    given = [torch.randn(2, *shape, generator=draw) for shape in shapes]
    with torch.no_grad():
        wanted = run_theirs(name, theirs, *given)
        found = ours(*given[: len(graph.inputs)])
    assert found.keys() == wanted.keys()
    for output, tensor in wanted.items():
        assert tensor.std() > 0
        torch.testing.assert_close(
            found[output], tensor, rtol=1e-5, atol=1e-5 * tensor.abs().max(), msg=output
        )
