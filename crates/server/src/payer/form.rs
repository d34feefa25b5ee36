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
    /// Comma-separated, with the field codes of the core systems.
    Core,
}

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
            csv.write_record(["aac003", "aac147", "aaa027", "aae001", "bae099", "aaa094", "aaa080", "aae116"])?;
            for line in lines {
                csv.write_record(core(line))?;
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
/// elsewhere, payment status (1: paid, 2: held back, 3: ended). Months to be paid back are in the other forms.
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
