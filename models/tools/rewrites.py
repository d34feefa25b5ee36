"""Exact rewrites that let stock ONNX Runtime run these networks two to four times as fast on a processor.

ONNX Runtime keeps convolutions in a layout of blocks of 16 channels. PRelu, padding, odd numbers of channels and
interleaved input each force it out of that layout and back. Every rewrite here is the same function written with
convolutions; none approximates.
"""

import numpy as np

from graph import Node


def recognise_prelu(graph):
    """relu(x) + m (x - |x|) is PRelu with the slope 2 m."""
    for add in [node for node in graph.nodes if node.op == "Add"]:
        parts = {p.op: p for p in map(graph.producer, add.inputs) if p is not None}
        if set(parts) != {"Relu", "Mul"}:
            continue
        x = parts["Relu"].inputs[0]
        factor = next((name for name in parts["Mul"].inputs if name in graph.weights), None)
        sub = next((graph.producer(name) for name in parts["Mul"].inputs if name not in graph.weights), None)
        if factor is None or sub is None or sub.op != "Sub" or sub.inputs[0] != x:
            continue
        absolute = graph.producer(sub.inputs[1])
        if absolute is None or absolute.op != "Abs" or absolute.inputs != [x]:
            continue
        slopes = graph.weight(2 * graph.weights[factor].reshape(-1, 1, 1))
        graph.replace(add, Node("PRelu", [x, slopes], add.outputs))
        for node in (parts["Mul"], sub, absolute, parts["Relu"]):
            graph.nodes.remove(node)


def planar_input(graph):
    """The network takes a plane for each colour: the first Transpose goes."""
    (transpose,) = graph.consumers(graph.input)
    assert transpose.op == "Transpose", "the input is planar already"
    graph.shapes[graph.input] = graph.shapes[transpose.output]
    graph.nodes.remove(transpose)
    graph.rewire(transpose.output, graph.input)


def absorb_pads(graph):
    """Zeros around the picture become the padding of the convolutions that follow; further channels of zeros become a
    1 x 1 convolution that copies the others."""
    for pad in [node for node in graph.nodes if node.op == "Pad"]:
        before, after = np.split(graph.weights[pad.inputs[1]].ravel().astype(int), 2)
        consumers = graph.consumers(pad.output)
        if not before[:2].any() and not after[:2].any() and all(node.op == "Conv" for node in consumers):
            for conv in consumers:
                now = conv.attrs.get("pads", [0, 0, 0, 0])
                conv.attrs["pads"] = [int(n + p) for n, p in zip(now, [*before[2:], *after[2:]])]
            graph.nodes.remove(pad)
            graph.rewire(pad.output, pad.inputs[0])
        elif not before.any() and not np.delete(after, 1).any():
            count = graph.channels(pad.inputs[0])
            weights = np.eye(count + after[1], count, dtype=np.float32)[:, :, None, None]
            bias = np.zeros(len(weights), np.float32)
            inputs = [pad.inputs[0], graph.weight(weights), graph.weight(bias)]
            graph.replace(pad, Node("Conv", inputs, pad.outputs, {"kernel_shape": [1, 1]}))


def split_prelu(graph):
    """PRelu(x) with the slope a is a x + relu((1 - a) x): two depthwise convolutions, the second with its relu, and an Add,
    all of which stay in the layout of blocks.

    For a > 1 this would need a negative relu; there -PRelu(x) = -a x + relu((a - 1) x) is computed, and a change of sign
    follows, which `absorb_signs` moves into the weights."""
    for prelu in [node for node in graph.nodes if node.op == "PRelu"]:
        x, y = prelu.inputs[0], prelu.output
        slopes = np.broadcast_to(graph.weights[prelu.inputs[1]].ravel().astype(np.float64), (graph.channels(x),))
        signs = np.where(slopes > 1, -1.0, 1.0)
        straight = graph.scale_channels(x, signs * slopes)
        bent = graph.scale_channels(x, np.abs(1 - slopes))
        relu = Node("Relu", [bent.output], [graph.tensor(x)])
        signed = graph.tensor(x) if (signs < 0).any() else y
        nodes = [straight, bent, relu, Node("Add", [straight.output, relu.output], [signed])]
        if signed != y:
            nodes.append(graph.scale_channels(signed, signs, y))
        graph.replace(prelu, *nodes)


def absorb_signs(graph):
    """Moves each change of sign forward into the weights of the convolutions that read it, through additions where the other
    summand comes from a convolution of its own, until nothing is left to change or something else reads it."""
    waiting = [node for node in graph.nodes if is_sign(graph, node)]
    while waiting:
        sign = waiting.pop()
        source, target, factors = sign.inputs[0], sign.output, graph.weights[sign.inputs[1]].ravel()
        for node in graph.consumers(target):
            if node.op == "Conv":
                weights, bias = graph.conv_weights(node)
                along = factors[:, None, None, None] if graph.is_depthwise(node) else factors[None, :, None, None]
                graph.set_conv_weights(node, weights * along, bias)
                graph.rewire(target, source, [node])
            elif node.op == "Add":
                other = next((name for name in node.inputs if name != target), target)
                conv = graph.producer(other)
                if conv is None or conv.op != "Conv" or len(graph.consumers(other)) != 1 or other in graph.outputs:
                    continue
                weights, bias = graph.conv_weights(conv)
                graph.set_conv_weights(conv, weights * factors[:, None, None, None], bias * factors)
                graph.rewire(target, source, [node])
                after = graph.scale_channels(node.output, factors, node.output)
                node.outputs = [graph.tensor(node.output)]
                after.inputs[0] = node.output
                graph.nodes.insert(graph.nodes.index(node) + 1, after)
                waiting.append(after)
        if not graph.consumers(target) and target not in graph.outputs:
            graph.nodes.remove(sign)


def is_sign(graph, node):
    if node.op != "Conv" or not graph.is_depthwise(node) or node.attrs["kernel_shape"] != [1, 1]:
        return False
    weights, bias = graph.conv_weights(node)
    return (np.abs(weights) == 1).all() and (weights < 0).any() and not bias.any()


def whole_blocks(graph, block=16):
    """Fills the channels of inner tensors up with zeros to a multiple of a block. What something else than a convolution,
    a relu, an addition or a maximum reads keeps its channels."""
    plain = {"Conv", "Relu", "Add", "MaxPool"}
    inner = {
        node.output
        for node in graph.nodes
        if node.op in plain and node.output not in graph.outputs
        and all(consumer.op in plain for consumer in graph.consumers(node.output))
    }
    width = {tensor: -(-graph.channels(tensor) // block) * block for tensor in inner}
    for conv in [node for node in graph.nodes if node.op == "Conv"]:
        weights, bias = graph.conv_weights(conv)
        grow = [(0, width.get(conv.output, len(weights)) - len(weights)), (0, 0), (0, 0), (0, 0)]
        if graph.is_depthwise(conv):
            conv.attrs["group"] = len(weights) + grow[0][1]
        else:
            grow[1] = (0, width.get(conv.inputs[0], weights.shape[1]) - weights.shape[1])
        graph.set_conv_weights(conv, np.pad(weights, grow), np.pad(bias, grow[0]))
    for tensor, count in width.items():
        graph.shapes[tensor][1] = count


def single_picture(graph):
    """A network made for several pictures at once takes one: reshapes no longer name the number."""
    for reshape in [node for node in graph.nodes if node.op == "Reshape"]:
        shape = graph.weights[reshape.inputs[1]].copy()
        shape[0] = 1
        reshape.inputs[1] = graph.weight(shape)


def convolutional(graph):
    """All of it, in order."""
    recognise_prelu(graph)
    planar_input(graph)
    absorb_pads(graph)
    split_prelu(graph)
    absorb_signs(graph)
    whole_blocks(graph)
