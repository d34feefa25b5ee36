"""Writes MediaPipe's blendshape network, an MLP mixer, as matrix products.

The converter makes it of 1 x 1 convolutions on transposed tensors, which costs more than the arithmetic. What it computes:

    points, centred and scaled by their mean distance from the centre    146 x 2
    two linear layers along the points                                   96 x 2 -> 64 wide, a class token before: 97 x 64
    four blocks of [norm, two layers along the tokens, norm, two layers along the width], each half added to its input
    a linear layer of the class token, sigmoid                           52
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def build(source, target):
    convs, norms, token, epsilon = read(source)
    assert len(convs) == 19 and len(norms) == 8, f"{len(convs)} layers and {len(norms)} norms are not this network"
    net = Writer()
    points = net.op("Sub", "input", net.op("ReduceMean", "input", axes=[1], keepdims=1))
    spread = net.op("ReduceMean", net.op("ReduceL2", points, axes=[2], keepdims=1), axes=[1], keepdims=1)
    points = net.op("Squeeze", net.op("Div", points, spread), net.weight(np.array([0])))
    # The scale of a half stands in the converted graph before the first layer.
    (first, first_bias), (second, second_bias) = convs[0], convs[1]
    along = net.op("Gemm", points, net.weight(0.5 * first.T), net.weight(first_bias), transA=1)
    tokens = net.op("Gemm", along, net.weight(second.T), net.weight(second_bias), transA=1)
    x = net.op("Concat", net.weight(token), tokens, axis=0)
    for block in range(4):
        last = block == 3
        layers = convs[2 + 4 * block : 6 + 4 * block]
        x = block_of(net, x, layers, norms[2 * block : 2 * block + 2], epsilon, last)
    weights, bias = convs[18]
    scores = net.op("Sigmoid", net.op("Gemm", x, net.weight(weights.T), net.weight(bias)))
    net.op("Squeeze", scores, net.weight(np.array([0])), output="output0")
    net.save(target)


def block_of(net, x, layers, norms, epsilon, last):
    """One block. After the last only the class token is read, so only its row is computed."""
    (w1, b1), (w2, b2), (w3, b3), (w4, b4) = layers
    normed = net.op("LayerNormalization", x, net.weight(norms[0]), axis=-1, epsilon=epsilon)
    hidden = net.op("Relu", net.op("Gemm", normed, net.weight(w1.T), net.weight(b1), transA=1))
    if last:
        w2, b2 = w2[:1], b2[:1]
        zero, one = net.weight(np.array([0])), net.weight(np.array([1]))
        x = net.op("Slice", x, zero, one, zero)
    x = net.op("Add", x, net.op("Gemm", net.weight(w2), hidden, net.weight(b2[:, None]), transB=1))
    normed = net.op("LayerNormalization", x, net.weight(norms[1]), axis=-1, epsilon=epsilon)
    hidden = net.op("Relu", net.op("Gemm", normed, net.weight(w3.T), net.weight(b3)))
    return net.op("Add", x, net.op("Gemm", hidden, net.weight(w4.T), net.weight(b4)))


def read(source):
    """The layers, norms, class token and epsilon of the converted graph, in its order."""
    graph = onnx.load(source).graph
    weights = {w.name: numpy_helper.to_array(w) for w in graph.initializer}
    convs = [
        (weights[n.input[1]][:, :, 0, 0], weights[n.input[2]])
        for n in graph.node
        if n.op_type == "Conv"
    ]
    norms = [
        weights[name].ravel()
        for n in graph.node
        if n.op_type == "Mul"
        for name in n.input
        if name in weights and weights[name].size == 64
    ]
    tokens = [weights[name] for n in graph.node if n.op_type == "Concat" for name in n.input if name in weights]
    small = [
        float(weights[name].ravel()[0])
        for n in graph.node
        if n.op_type == "Add"
        for name in n.input
        if name in weights and weights[name].size == 1 and 0 < weights[name].ravel()[0] < 1e-3
    ]
    assert small and len(set(small)) == 1, f"the norms' epsilon is not one number: {sorted(set(small))}"
    return convs, norms, tokens[0].reshape(1, 64), small[0]


class Writer:
    """Collects operations and weights."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def weight(self, values):
        name = f"w{len(self.weights)}"
        kind = np.int64 if np.issubdtype(values.dtype, np.integer) else np.float32
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values.astype(kind)), name))
        return name

    def op(self, kind, *inputs, output=None, **attrs):
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attrs))
        return output

    def save(self, path):
        inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 146, 2])]
        outputs = [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [52])]
        graph = helper.make_graph(self.nodes, "network", inputs, outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="")
        model.ir_version = 8
        onnx.checker.check_model(model)
        onnx.save(model, path)
