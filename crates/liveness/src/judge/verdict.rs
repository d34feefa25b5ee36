//! What the judge says.

use jianzai_wire::ReasonCode;
use serde::{Deserialize, Serialize};

/// What follows from the evidence, as far as liveness goes. Ordered: the worse is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// A living person did what was asked.
    Pass,
    /// A person should look at it.
    Review,
    /// Not shown. The person may try again.
    Refuse,
}

/// Which layer of the judgement a reason comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Times and length of the recording.
    Times,
    /// One face, the same throughout.
    Continuity,
    /// The asked actions, and no others.
    Actions,
    /// A face that moves as living faces do.
    Motion,
    /// A head, not a picture.
    Depth,
    /// The passive network.
    Passive,
    /// The same person as in the register's portrait (added by the server).
    Match,
}

/// One number a clerk can check, with the limit it was held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is, in `snake_case` with its unit: `longest_gap_ms`.
    pub name: String,
    /// The value found. Always finite.
    pub value: f64,
    /// The limit, if it has one.
    pub limit: Option<f64>,
}

impl Figure {
    /// A figure, to four places; what is not finite is written as -1.
    pub fn new(name: &str, value: f64, limit: Option<f64>) -> Self {
        let written = |value: f64| if value.is_finite() { (value * 1e4).round() / 1e4 } else { -1.0 };
        Self { name: name.to_owned(), value: written(value), limit: limit.map(written) }
    }
}

/// Why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The stable code.
    pub code: ReasonCode,
    /// Where it was found.
    pub layer: Layer,
    /// What this reason alone leads to.
    pub leads_to: Decision,
    /// The figures behind it.
    pub figures: Vec<Figure>,
}

/// The judgement of one capture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The worst of what the reasons lead to; `Pass` if there are none.
    pub decision: Decision,
    /// Why: those that decide first, and among them the most helpful first.
    pub reasons: Vec<Reason>,
    /// The figures of every layer, passed or not, for the clerk.
    pub figures: Vec<Figure>,
}

impl Judgement {
    /// Adds what was found besides, and what follows from it: the decision is the worst that any reason leads to.
    pub fn add(&mut self, reason: Option<Reason>, figures: Vec<Figure>) {
        self.figures.extend(figures);
        if let Some(reason) = reason {
            self.decision = self.decision.max(reason.leads_to);
            self.reasons.push(reason);
        }
    }

    /// A figure, by its name.
    pub fn figure(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }

    /// The codes of the reasons that lead to the decision, the most helpful first.
    pub fn codes(&self) -> Vec<ReasonCode> {
        self.reasons.iter().filter(|reason| reason.leads_to == self.decision).map(|reason| reason.code).collect()
    }
}
