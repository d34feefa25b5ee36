//! PRelu written as what ONNX Runtime is quick at.
//!
//! **In**: the bytes of an ONNX file. **Out**: those of the same network in which each PRelu with a slope for each channel is
//! two convolutions of one pixel, a Relu and a sum, which is the same: for a slope `a` not above 1, `a z + relu((1 - a) z)`; for
//! any, `a z + (1 - a) relu(z)`. ONNX Runtime keeps convolutions in blocks of channels and has to leave them for every
//! PRelu: without, the embedding network takes 8 ms for 21 and the passive one half of its time, and no answer differs by more
//! than 3e-6. **What can go wrong**: bytes that are no such file, or a PRelu of another kind, are left as they are. Other
//! processors than x86-64 have no such blocks, or it was not measured there: theirs is the network as it came.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::onnx::{self, fields};

/// Slopes by the name of their tensor.
type Slopes<'a> = BTreeMap<&'a [u8], Vec<f32>>;

/// The network without PRelu; none if there is nothing to gain.
pub(crate) fn without(model: &[u8]) -> Option<Vec<u8>> {
    if cfg!(target_arch = "x86_64") { rewritten(model) } else { None }
}

fn rewritten(model: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(model.len());
    let mut count = 0;
    for (number, whole, value) in onnx::all(model, 0..model.len()) {
        if number == onnx::GRAPH {
            out.extend(onnx::bytes(onnx::GRAPH, &graph(model, value, &mut count)?));
        } else {
            out.extend(model.get(whole)?);
        }
    }
    (count > 0).then_some(out)
}

fn graph(model: &[u8], graph: Range<usize>, count: &mut usize) -> Option<Vec<u8>> {
    let slopes = slopes(model, graph.clone());
    let mut out = Vec::new();
    for (number, whole, value) in onnx::all(model, graph) {
        let prelu = if number == onnx::NODE { prelu(model, value, &slopes) } else { None };
        match prelu {
            Some(prelu) => {
                *count += 1;
                out.extend(prelu.written(&format!("prelu_{count}")));
            }
            None => out.extend(model.get(whole)?),
        }
    }
    Some(out)
}

/// The tensors of floats that have one value for each of several channels.
fn slopes(model: &[u8], graph: Range<usize>) -> Slopes<'_> {
    let mut slopes = Slopes::new();
    for tensor in fields(model, graph, onnx::INITIALIZER) {
        let one = |field| fields(model, tensor.clone(), field).pop().and_then(|value| model.get(value));
        let dims: Vec<_> = fields(model, tensor.clone(), onnx::DIMS)
            .into_iter()
            .filter_map(|dim| onnx::varint(model, dim.start).map(|(value, _)| value))
            .collect();
        let (Some(name), Some(values)) = (one(onnx::TENSOR_NAME), one(onnx::RAW_DATA)) else { continue };
        let (values, rest) = values.as_chunks::<4>();
        let whole = rest.is_empty() && dims == [values.len() as u64, 1, 1] && values.len() > 1;
        if whole && one(onnx::DATA_TYPE) == Some(&onnx::FLOAT) {
            slopes.insert(name, values.iter().map(|value| f32::from_le_bytes(*value)).collect());
        }
    }
    slopes
}

/// A PRelu that can be written otherwise.
struct Prelu<'a> {
    input: &'a [u8],
    output: &'a [u8],
    slopes: &'a [f32],
}

fn prelu<'a>(model: &'a [u8], node: Range<usize>, slopes: &'a Slopes<'_>) -> Option<Prelu<'a>> {
    let values = |field| -> Option<Vec<&'a [u8]>> {
        fields(model, node.clone(), field).into_iter().map(|value| model.get(value)).collect()
    };
    if values(onnx::OPERATOR)? != [b"PRelu"] {
        return None;
    }
    match (values(onnx::NODE_INPUT)?.as_slice(), values(onnx::NODE_OUTPUT)?.as_slice()) {
        ([input, slope], [output]) => Some(Prelu { input, output, slopes: slopes.get(slope)? }),
        _ => None,
    }
}

impl Prelu<'_> {
    /// Its nodes and weights as fields of a graph; `name` begins those of all between.
    fn written(&self, name: &str) -> Vec<u8> {
        let named = |part: &str| format!("{name}_{part}").into_bytes();
        let (steep, bent) = (named("steep"), named("bent"));
        let (curve, part, line) = (named("curve"), named("part"), named("line"));
        let rest: Vec<f32> = self.slopes.iter().map(|slope| 1.0 - slope).collect();
        let by = |from: &[u8], weights: &[u8], to: &[u8]| convolution([from, weights], to, rest.len());
        // With the Relu behind it, ONNX Runtime makes it one with its convolution.
        let curved = if rest.iter().all(|rest| *rest >= 0.0) {
            [by(self.input, &bent, &part), node("Relu", &[&part], &curve, &[])]
        } else {
            [node("Relu", &[self.input], &part, &[]), by(&part, &bent, &curve)]
        };
        [
            weights(&steep, self.slopes),
            weights(&bent, &rest),
            curved.concat(),
            by(self.input, &steep, &line),
            node("Add", &[&curve, &line], self.output, &[]),
        ]
        .concat()
    }
}

/// A tensor of one weight for each channel.
fn weights(name: &[u8], values: &[f32]) -> Vec<u8> {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut tensor: Vec<u8> =
        [values.len() as u64, 1, 1, 1].into_iter().flat_map(|dim| onnx::number(onnx::DIMS, dim)).collect();
    tensor.extend(onnx::number(onnx::DATA_TYPE, onnx::FLOAT[0].into()));
    tensor.extend(onnx::bytes(onnx::TENSOR_NAME, name));
    tensor.extend(onnx::bytes(onnx::RAW_DATA, &raw));
    onnx::bytes(onnx::INITIALIZER, &tensor)
}

/// Each channel of the first input multiplied with its weight.
fn convolution(inputs: [&[u8]; 2], output: &[u8], channels: usize) -> Vec<u8> {
    let attributes = [attribute("group", &[channels as u64], false), attribute("kernel_shape", &[1, 1], true)];
    node("Conv", &inputs, output, &attributes)
}

fn node(operator: &str, inputs: &[&[u8]], output: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut node: Vec<u8> = inputs.iter().flat_map(|input| onnx::bytes(onnx::NODE_INPUT, input)).collect();
    node.extend(onnx::bytes(onnx::NODE_OUTPUT, output));
    node.extend(onnx::bytes(onnx::OPERATOR, operator.as_bytes()));
    attributes.iter().for_each(|attribute| node.extend(onnx::bytes(onnx::ATTRIBUTE, attribute)));
    onnx::bytes(onnx::NODE, &node)
}

/// One whole number, or several.
fn attribute(name: &str, values: &[u64], several: bool) -> Vec<u8> {
    // Fields and types of the message `AttributeProto`.
    let (field, kind) = if several { (8, 7) } else { (3, 2) };
    let values: Vec<u8> = values.iter().flat_map(|value| onnx::number(field, *value)).collect();
    [onnx::bytes(1, name.as_bytes()), values, onnx::number(20, kind)].concat()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::manifest::Manifest;
    use crate::network::Network;
    use crate::runtime;

    /// A network of one PRelu, whose slopes are a tensor of these dimensions.
    fn network(dims: &[u64], slopes: &[f32]) -> Vec<u8> {
        let raw: Vec<u8> = slopes.iter().flat_map(|value| value.to_le_bytes()).collect();
        let tensor = [
            dims.iter().flat_map(|dim| onnx::number(onnx::DIMS, *dim)).collect(),
            onnx::number(onnx::DATA_TYPE, 1),
            onnx::bytes(onnx::TENSOR_NAME, b"slopes"),
            onnx::bytes(onnx::RAW_DATA, &raw),
        ];
        let graph = [
            node("PRelu", &[b"in", b"slopes"], b"out", &[]),
            node("Relu", &[b"out"], b"end", &[]),
            onnx::bytes(onnx::INITIALIZER, &tensor.concat()),
        ];
        [onnx::number(1, 7), onnx::bytes(onnx::GRAPH, &graph.concat())].concat()
    }

    fn operators(model: &[u8]) -> Vec<String> {
        let graph = fields(model, 0..model.len(), onnx::GRAPH).pop().unwrap();
        let nodes = fields(model, graph, onnx::NODE).into_iter();
        let operator = |node| fields(model, node, onnx::OPERATOR).pop().map(|at| &model[at]);
        nodes.filter_map(operator).map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }

    #[test]
    fn a_prelu_becomes_convolutions_and_a_steep_one_bends_before_it_is_scaled() {
        let written = |slopes: &[f32]| rewritten(&network(&[2, 1, 1], slopes)).unwrap();
        assert_eq!(operators(&written(&[0.25, 1.0])), ["Conv", "Relu", "Conv", "Add", "Relu"]);
        assert_eq!(operators(&written(&[0.25, 1.5])), ["Relu", "Conv", "Conv", "Add", "Relu"]);
    }

    #[test]
    fn what_is_no_prelu_with_a_slope_for_each_channel_is_left() {
        assert_eq!(rewritten(&network(&[1, 1, 1], &[0.25])), None, "one slope for all");
        assert_eq!(rewritten(&network(&[2, 2, 1], &[0.25; 4])), None, "one for each row");
        assert_eq!(rewritten(&network(&[3, 1, 1], &[0.25; 2])), None, "too few values");
        assert_eq!(rewritten(b"not a network"), None);
        assert_eq!(rewritten(&[]), None);
    }

    #[test]
    fn the_networks_in_use_answer_as_before() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let manifest = Manifest::parse(&std::fs::read_to_string(folder.join("MODELS.toml")).unwrap()).unwrap();
        let environment = runtime::open(&folder).unwrap();
        for name in ["fr_liveness", "fr_feature"] {
            let entry = &manifest.network[name];
            let before = std::fs::read(folder.join(&entry.file)).unwrap();
            let after = rewritten(&before).expect("it has PRelu");
            let answers = [before, after].map(|bytes| {
                let mut network = Network::new(&environment, name, entry, &bytes).unwrap();
                let (buffer, input) = network.input();
                let (mean, std) = (input.mean, input.std);
                for (place, value) in buffer.iter_mut().enumerate() {
                    *value = ((place * 7_919 % 256) as f32 - mean) / std;
                }
                network.run().unwrap().concat()
            });
            let [before, after] = &answers;
            assert!(
                before.iter().zip(after).all(|(before, after)| (before - after).abs() < 1e-4),
                "{name}: {answers:?}"
            );
        }
    }

    #[test]
    fn broken_files_are_harmless() {
        let whole = network(&[2, 1, 1], &[0.25, 0.5]);
        for end in 0..whole.len() {
            for flipped in 0..end {
                let mut bytes = whole.clone();
                bytes.truncate(end);
                bytes[flipped] = !bytes[flipped];
                // That it returns is the test: lengths lie, messages end early.
                rewritten(&bytes);
            }
        }
    }
}
