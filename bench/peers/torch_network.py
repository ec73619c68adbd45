"""A network that upreel wrote as ONNX (float32 NCHW in and out) as a PyTorch module: one line per layer, as by hand."""
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


def load_network(path):
    """torch.fx.GraphModule with torch.nn's own layers where there are weights."""
    graph = onnx.load(path).graph
    constants = {it.name: torch.from_numpy(numpy_helper.to_array(it).copy()) for it in graph.initializer}
    layers, made = torch.nn.Module(), torch.fx.Graph()
    values = {graph.input[0].name: made.placeholder("source")}
    for index, node in enumerate(graph.node):
        attributes = {it.name: onnx.helper.get_attribute_value(it) for it in node.attribute}
        inputs = [values.get(name, constants.get(name)) for name in node.input]
        build = _LAYERS.get(node.op_type)
        if build is not None:
            name = f"layer{index}"
            setattr(layers, name, build(inputs, attributes))
            value = made.call_module(name, (inputs[0],))
        else:
            function, arguments, options = _function(node.op_type, inputs, attributes)
            value = made.call_function(function, arguments, options)
        values[node.output[0]] = value
    made.output(values[graph.output[0].name])
    return torch.fx.GraphModule(layers, made).eval().requires_grad_(False)


def _convolution(inputs, attributes):
    _, weight, *bias = inputs
    groups = attributes.get("group", 1)
    layer = torch.nn.Conv2d(weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]),
                            stride=tuple(attributes.get("strides", (1, 1))),
                            padding=tuple(attributes.get("pads", (0, 0))[:2]), groups=groups, bias=bool(bias))
    layer.weight.data = weight
    if bias:
        layer.bias.data = bias[0]
    return layer


def _prelu(inputs, _):
    layer = torch.nn.PReLU(inputs[1].numel())
    layer.weight.data = inputs[1].flatten()
    return layer


_LAYERS = {
    "Conv": _convolution,
    "PRelu": _prelu,
    "LeakyRelu": lambda _, attributes: torch.nn.LeakyReLU(attributes["alpha"], inplace=True),
    "DepthToSpace": lambda _, attributes: torch.nn.PixelShuffle(attributes["blocksize"]),
}
_FUNCTIONS = {"Add": torch.add, "Mul": torch.mul, "Sub": torch.sub, "Sigmoid": torch.sigmoid, "Relu": torch.relu}


def _plain(value):
    """Constants as numbers where they are, so that a compiler sees them."""
    return value.item() if isinstance(value, torch.Tensor) and value.numel() == 1 else value


def _function(kind, inputs, attributes):
    if kind == "Concat":
        return torch.cat, (inputs, attributes["axis"]), {}
    if kind == "Clip":
        return torch.clamp, (inputs[0], _plain(inputs[1]), _plain(inputs[2])), {}
    if kind == "Resize":
        mode = {b"nearest": "nearest", b"cubic": "bicubic", b"linear": "bilinear"}[attributes["mode"]]
        options = {} if mode == "nearest" else {"align_corners": False}
        return F.interpolate, (inputs[0],), {"scale_factor": float(inputs[2][3]), "mode": mode, **options}
    if kind == "Identity":
        return torch.Tensor.contiguous, (inputs[0],), {}
    return _FUNCTIONS[kind], tuple(_plain(it) for it in inputs), {}
