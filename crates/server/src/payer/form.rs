//! How a list is written: in our own words, or in the field codes of the core systems.

use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Comma-separated, with our own words.
    Csv,
    /// JSON, with our own words.
    Json,
    /// Comma-separated, with the field codes of the core systems; what these have no code for stands behind, in our own words.
    Core,
}

impl Form {
    /// The stable name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Core => "core",
        }
    }
}

/// The fields of the core systems.
const CORE: [&str; 8] = ["aac003", "aac147", "aaa027", "aae001", "bae099", "aaa094", "aaa080", "aae116"];
/// What stands behind them: without it nobody could tell an instruction that was taken before, or would know for which months.
const OWN: [&str; 5] = ["instruction", "kind", "from_month", "back_pay", "overpaid"];

/// A line of a list.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    pub(super) instruction: Uuid,
    pub(super) id_number: Zeroizing<String>,
    pub(super) name: Zeroizing<String>,
    pub(super) insured_place: String,
    pub(super) lives_elsewhere: bool,
    pub(super) kind: &'static str,
    pub(super) told_on: String,
    pub(super) from_month: Option<String>,
    pub(super) back_pay: Vec<String>,
    pub(super) overpaid: Vec<String>,
    pub(super) cause: Option<String>,
    pub(super) died_on: Option<String>,
    #[serde(skip)]
    pub(super) year: i32,
    /// How they were certified last.
    #[serde(skip)]
    pub(super) method: Option<String>,
}

/// The list as text.
pub(super) fn write(lines: &[Line], form: Form) -> Result<Zeroizing<String>, Box<dyn std::error::Error>> {
    if form == Form::Json {
        return Ok(Zeroizing::new(serde_json::to_string_pretty(lines)? + "\n"));
    }
    let mut csv = csv::Writer::from_writer(Vec::new());
    match form {
        Form::Core => {
            csv.write_record(CORE.iter().chain(&OWN))?;
            for line in lines {
                csv.write_record(core(line).into_iter().chain(own(line)))?;
            }
        }
        _ => {
            csv.write_record([
                "instruction",
                "id_number",
                "name",
                "insured_place",
                "kind",
                "told_on",
                "from_month",
                "back_pay",
                "overpaid",
                "cause",
                "died_on",
            ])?;
            for line in lines {
                let (back_pay, overpaid) = (line.back_pay.join(" "), line.overpaid.join(" "));
                let instruction = line.instruction.to_string();
                let optional = |text: &'_ Option<String>| text.clone().unwrap_or_default();
                csv.write_record([
                    &instruction,
                    &*line.id_number,
                    &*line.name,
                    &line.insured_place,
                    line.kind,
                    &line.told_on,
                    &optional(&line.from_month),
                    &back_pay,
                    &overpaid,
                    &optional(&line.cause),
                    &optional(&line.died_on),
                ])?;
            }
        }
    }
    let bytes = csv.into_inner().map_err(|error| error.to_string())?;
    Ok(Zeroizing::new(String::from_utf8(bytes)?))
}

/// The fields of the core systems: name, ID number, paying agency, year, method, result (1: confirmed), whether they live
/// elsewhere, payment status (1: paid, 2: held back, 3: ended).
fn core(line: &Line) -> [String; 8] {
    let (result, status) = match line.kind {
        "suspend" => ("0", "2"),
        "stop" => ("0", "3"),
        _ if line.cause.as_deref() == Some("appeal") => ("0", "1"),
        _ => ("1", "1"),
    };
    [
        line.name.to_string(),
        line.id_number.to_string(),
        line.insured_place.clone(),
        line.year.to_string(),
        line.method.clone().unwrap_or_default(),
        result.to_owned(),
        u8::from(line.lives_elsewhere).to_string(),
        status.to_owned(),
    ]
}

/// As in the other forms.
fn own(line: &Line) -> [String; 5] {
    let from_month = line.from_month.clone().unwrap_or_default();
    [line.instruction.to_string(), line.kind.to_owned(), from_month, line.back_pay.join(" "), line.overpaid.join(" ")]
}
