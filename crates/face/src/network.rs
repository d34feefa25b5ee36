//! One network in ONNX Runtime: its input buffer, and a run.

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{TensorRef, ValueType};

use crate::manifest::{Input, Layout, NetworkEntry, Output};
use crate::{FaceError, ModelError};

/// A network, its entry in the manifest, and the buffer that its input is written to.
pub(crate) struct Network {
    name: String,
    entry: NetworkEntry,
    session: Session,
    shape: Vec<usize>,
    buffer: Vec<f32>,
}

impl Network {
    /// Loads verified bytes: one thread, every optimisation. An input or output that is not as the manifest says is found
    /// here, by running the network once.
    pub(crate) fn new(
        environment: &Environment,
        name: &str,
        entry: &NetworkEntry,
        bytes: &[u8],
    ) -> Result<Self, ModelError> {
        let unfit = |detail: String| ModelError::Unfit { network: name.to_owned(), detail };
        let session = session(environment, bytes).map_err(|error| unfit(error.to_string()))?;
        let shape = shape(&entry.input);
        check_input(&session, &shape).map_err(unfit)?;
        let buffer = vec![0.0; shape.iter().product()];
        let mut network = Self { name: name.to_owned(), entry: entry.clone(), session, shape, buffer };
        let answers = network.run().map_err(|error| unfit(error.to_string()))?;
        check_output(entry, &answers).map_err(unfit)?;
        Ok(network)
    }

    /// Its entry in the manifest.
    pub(crate) fn entry(&self) -> &NetworkEntry {
        &self.entry
    }

    /// The input of one picture (the first of a batch), and how to fill it.
    pub(crate) fn input(&mut self) -> (&mut [f32], &Input) {
        let one = self.buffer.len() / self.entry.input.batch.max(1) as usize;
        (self.buffer.get_mut(..one).unwrap_or_default(), &self.entry.input)
    }

    /// Runs it on what the buffer holds. One vector for each output, in the network's order.
    pub(crate) fn run(&mut self) -> Result<Vec<Vec<f32>>, FaceError> {
        let one = self.buffer.len() / self.entry.input.batch.max(1) as usize;
        for copy in 1..self.entry.input.batch as usize {
            self.buffer.copy_within(..one, copy * one);
        }
        let name = &self.name;
        let failed = |error: ort::Error| FaceError::Inference { network: name.clone(), detail: error.to_string() };
        let input = TensorRef::from_array_view((self.shape.as_slice(), self.buffer.as_slice())).map_err(failed)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(failed)?;
        let read = |index: usize| outputs[index].try_extract_tensor::<f32>().map(|(_, values)| values.to_vec());
        (0..outputs.len()).map(read).collect::<Result<_, _>>().map_err(failed)
    }
}

fn session(environment: &Environment, bytes: &[u8]) -> ort::Result<Session> {
    let plain = |error: ort::Error<_>| ort::Error::new(error.message());
    Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::Level3)
        .map_err(plain)?
        .with_intra_threads(1)
        .map_err(plain)?
        .with_inter_threads(1)
        .map_err(plain)?
        .commit_from_memory(bytes)
}

fn shape(input: &Input) -> Vec<usize> {
    let [batch, width, height] = [input.batch, input.width, input.height].map(|size| size as usize);
    match input.layout {
        Layout::Nchw => vec![batch, 3, height, width],
        Layout::Nhwc => vec![batch, height, width, 3],
        Layout::Points => vec![batch, width, 2],
    }
}

fn check_input(session: &Session, shape: &[usize]) -> Result<(), String> {
    let [input] = session.inputs() else {
        return Err(format!("it has {} inputs, not one", session.inputs().len()));
    };
    let ValueType::Tensor { shape: has, .. } = input.dtype() else {
        return Err("its input is no tensor".to_owned());
    };
    // A size below zero is left open by the network.
    let fits = has.len() == shape.len() && has.iter().zip(shape).all(|(&has, &want)| has < 0 || has == want as i64);
    if fits { Ok(()) } else { Err(format!("its input has the shape {:?}, not {shape:?}", &has[..])) }
}

fn check_output(entry: &NetworkEntry, answers: &[Vec<f32>]) -> Result<(), String> {
    let mut want: Vec<usize> = match entry.output {
        Output::Anchors { .. } => vec![896 * 16, 896],
        Output::Landmarks { points, .. } => vec![points as usize * 3, 1],
        Output::Scores { count } | Output::Classes { count, .. } => vec![count as usize],
        Output::Embedding { length, .. } => vec![length as usize],
    };
    want.iter_mut().for_each(|size| *size *= entry.input.batch as usize);
    let has: Vec<_> = answers.iter().map(Vec::len).collect();
    if has.starts_with(&want) { Ok(()) } else { Err(format!("it answers {has:?} values, not {want:?}")) }
}
