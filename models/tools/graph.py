"""A network as a list of operations, light enough to rewrite: read from ONNX, written to ONNX."""

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference


@dataclass
class Node:
    """One operation. `inputs` and `outputs` are names of tensors."""

    op: str
    inputs: list
    outputs: list
    attrs: dict = field(default_factory=dict)

    @property
    def output(self):
        return self.outputs[0]


class Graph:
    """`nodes` in an order in which they can run, `weights` by name, one input, some outputs."""

    def __init__(self, path):
        model = onnx.load(path)
        for dim in model.graph.input[0].type.tensor_type.shape.dim[:1]:
            dim.Clear()
            dim.dim_value = 1
        for output in model.graph.output:
            output.type.tensor_type.ClearField("shape")
        model = shape_inference.infer_shapes(model)
        graph = model.graph
        self.weights = {w.name: numpy_helper.to_array(w) for w in graph.initializer}
        self.nodes = []
        for node in graph.node:
            attrs = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                self.weights[node.output[0]] = numpy_helper.to_array(attrs["value"])
            else:
                self.nodes.append(Node(node.op_type, list(node.input), list(node.output), attrs))
        self.shapes = {
            value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
            for value in [*graph.value_info, *graph.output, *graph.input]
        }
        self.input = graph.input[0].name
        self.outputs = [output.name for output in graph.output]
        self.fresh = 0

    def name(self, kind):
        self.fresh += 1
        return f"{kind}.{self.fresh}"

    def weight(self, values):
        name = self.name("w")
        self.weights[name] = np.ascontiguousarray(values)
        return name

    def tensor(self, like):
        """A new tensor of the shape of `like`."""
        name = self.name("t")
        self.shapes[name] = list(self.shapes[like])
        return name

    def consumers(self, tensor):
        return [node for node in self.nodes if tensor in node.inputs]

    def producer(self, tensor):
        return next((node for node in self.nodes if tensor in node.outputs), None)

    def channels(self, tensor):
        return self.shapes[tensor][1]

    def conv_weights(self, conv):
        """Weights and bias of a convolution, as float32 copies."""
        weights = self.weights[conv.inputs[1]].astype(np.float32)
        bias = self.weights[conv.inputs[2]] if len(conv.inputs) > 2 else np.zeros(len(weights))
        return weights, bias.astype(np.float32)

    def set_conv_weights(self, conv, weights, bias):
        conv.inputs[1:] = [self.weight(weights.astype(np.float32)), self.weight(bias.astype(np.float32))]

    def is_depthwise(self, conv):
        groups = conv.attrs.get("group", 1)
        return groups > 1 and groups == len(self.weights[conv.inputs[1]])

    def scale_channels(self, source, factors, output=None):
        """A depthwise 1 x 1 convolution that multiplies each channel; not yet placed among the nodes."""
        weights = self.weight(np.asarray(factors, np.float32).reshape(-1, 1, 1, 1))
        bias = self.weight(np.zeros(len(factors), np.float32))
        attrs = {"group": len(factors), "kernel_shape": [1, 1]}
        return Node("Conv", [source, weights, bias], [output or self.tensor(source)], attrs)

    def replace(self, old, *new):
        at = next(index for index, node in enumerate(self.nodes) if node is old)
        self.nodes[at : at + 1] = new

    def rewire(self, old, new, only=None):
        """Lets consumers of `old` read `new`."""
        for node in self.nodes if only is None else only:
            node.inputs = [new if name == old else name for name in node.inputs]

    def save(self, path, opset=13):
        """Names are made anew, in order, so that the file does not depend on those of the converter."""
        names = {self.input: "input"}
        for index, output in enumerate(self.outputs):
            names[output] = f"output{index}"
        for node in self.nodes:
            for tensor in [*node.inputs, *node.outputs]:
                names.setdefault(tensor, f"{'w' if tensor in self.weights else 't'}{len(names)}" if tensor else "")
        used = list(dict.fromkeys(name for node in self.nodes for name in node.inputs if name in self.weights))
        nodes = [
            helper.make_node(node.op, [names[i] for i in node.inputs], [names[o] for o in node.outputs], **node.attrs)
            for node in self.nodes
        ]
        weights = [numpy_helper.from_array(np.ascontiguousarray(self.weights[name]), names[name]) for name in used]
        inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, self.shapes[self.input])]
        outputs = [
            helper.make_tensor_value_info(names[name], TensorProto.FLOAT, self.shapes[name]) for name in self.outputs
        ]
        model = helper.make_model(
            helper.make_graph(nodes, "network", inputs, outputs, weights),
            opset_imports=[helper.make_opsetid("", opset)],
            producer_name="",
        )
        model.ir_version = 8
        onnx.checker.check_model(model)
        onnx.save(model, path)
