//! The tables: what came of the trials, by species; which layer spoke; where the time went; what other thresholds would do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jianzai_liveness::Decision;
use jianzai_liveness::judge::Layer;

use super::figures::{Table, median, rate};
use super::run::{Times, Trial, Verdict};
use super::{Label, SPECIES, Species};

/// Layers in the order of the tables, with their names.
const LAYERS: [(Layer, &str); 7] = [
    (Layer::Times, "times"),
    (Layer::Continuity, "continuity"),
    (Layer::Motion, "motion"),
    (Layer::Depth, "depth"),
    (Layer::Actions, "actions"),
    (Layer::Passive, "passive"),
    (Layer::Match, "match"),
];

fn name_of(layer: Layer) -> &'static str {
    LAYERS.iter().find(|(known, _)| *known == layer).map_or("", |(_, name)| name)
}

fn of<'t>(trials: &'t [Trial], species: &Species) -> Vec<&'t Trial> {
    trials.iter().filter(|trial| trial.species == species.name).collect()
}

fn tried(trials: &[Trial]) -> impl Iterator<Item = (&'static Species, Vec<&Trial>)> {
    SPECIES.iter().map(|species| (species, of(trials, species))).filter(|(_, trials)| !trials.is_empty())
}

fn count(trials: &[&Trial], verdict: Verdict) -> usize {
    trials.iter().filter(|trial| trial.verdict == verdict).count()
}

/// What came of every species.
pub fn outcomes(trials: &[Trial]) -> String {
    let mut text = String::new();
    let attacks = [Label::MustRefuse, Label::Open];
    for (title, labels) in [("attacks", &attacks[..]), ("genuine", &[Label::Genuine, Label::Hard][..])] {
        let attack = labels.contains(&Label::Open);
        let error = if attack { "APCER, 95 % bound" } else { "BPCER, 95 % bound" };
        let mut table = Table::headed(&[title, "n", "accepted", "review", "refused", "hinted", error, "decided by"]);
        for (species, trials) in tried(trials).filter(|(species, _)| labels.contains(&species.label)) {
            // Whoever is told what to change has not been refused, and not been accepted either.
            let judged = trials.len() - if attack { 0 } else { count(&trials, Verdict::Hinted) };
            let wrong = count(&trials, if attack { Verdict::Accepted } else { Verdict::Refused });
            let by = [Verdict::Accepted, Verdict::Review, Verdict::Refused, Verdict::Hinted]
                .map(|verdict| count(&trials, verdict).to_string());
            let label =
                if species.label == Label::Open { format!("{} (open)", species.name) } else { species.name.into() };
            let mut line = vec![label, trials.len().to_string()];
            line.extend(by);
            line.extend([rate(wrong, judged), decided(&trials)]);
            table.line(line);
        }
        let _ = writeln!(text, "{table}");
    }
    text + &sums(trials)
}

/// What came of each species, in one line, for the snapshot.
pub fn lines(trials: &[Trial]) -> Vec<(&'static str, String)> {
    let line = |(species, trials): (&'static Species, Vec<&Trial>)| {
        let by = [Verdict::Accepted, Verdict::Review, Verdict::Refused, Verdict::Hinted]
            .map(|verdict| count(&trials, verdict));
        let [accepted, review, refused, hinted] = by;
        let line = format!(
            "{} trials, {accepted} accepted, {review} review, {refused} refused, {hinted} hinted; {}",
            trials.len(),
            decided(&trials)
        );
        (species.name, line)
    };
    tried(trials).map(line).collect()
}

/// How often which code of which layer decided, the most frequent first.
fn decided(trials: &[&Trial]) -> String {
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    for trial in trials.iter().filter(|trial| trial.verdict != Verdict::Accepted) {
        let code = trial.code.map_or("-", |code| code.code());
        let by = if trial.verdict == Verdict::Hinted { "hint" } else { trial.layer.map_or("", name_of) };
        *codes.entry(format!("{by}:{code}")).or_default() += 1;
    }
    let mut codes: Vec<_> = codes.into_iter().collect();
    codes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    codes.into_iter().map(|(code, count)| format!("{count} {code}")).collect::<Vec<_>>().join(", ")
}

fn sums(trials: &[Trial]) -> String {
    let mut text = String::new();
    let labels = [
        (Label::MustRefuse, "attacks that must be refused, accepted"),
        (Label::Genuine, "genuine in good light, refused"),
        (Label::Hard, "genuine under conditions, refused"),
    ];
    for (label, what) in labels {
        let within: Vec<&Trial> =
            tried(trials).filter(|(species, _)| species.label == label).flat_map(|(_, trials)| trials).collect();
        let attack = label == Label::MustRefuse;
        let wrong = count(&within, if attack { Verdict::Accepted } else { Verdict::Refused });
        let judged = within.len() - if attack { 0 } else { count(&within, Verdict::Hinted) };
        let _ = writeln!(text, "{what}: {}", rate(wrong, judged));
    }
    let _ = writeln!(text, "trials: {}", trials.len());
    text
}

/// What is not as it must be: an attack accepted that must be refused, a genuine species refused too often.
pub fn failings(trials: &[Trial]) -> Vec<String> {
    let mut failings = Vec::new();
    for (species, trials) in tried(trials) {
        let judged = trials.len() - count(&trials, Verdict::Hinted);
        let (accepted, refused) = (count(&trials, Verdict::Accepted), count(&trials, Verdict::Refused));
        let most = match species.label {
            Label::MustRefuse if accepted > 0 => {
                failings.push(format!("{}: {accepted} accepted", species.name));
                continue;
            }
            Label::MustRefuse | Label::Open => continue,
            Label::Genuine => 0.05,
            Label::Hard => 0.15,
        };
        if refused as f64 > most * judged as f64 {
            failings.push(format!("{}: {refused} of {judged} refused, more than {:.0} %", species.name, most * 100.0));
        }
    }
    failings
}

/// Each layer alone: in how many trials of a species it refuses by itself, or (after +) sends to review.
pub fn layers(trials: &[Trial]) -> String {
    let mut columns = vec!["each layer alone", "n"];
    columns.extend(LAYERS.iter().map(|(_, name)| *name));
    columns.push("together");
    let mut table = Table::headed(&columns);
    for (species, trials) in tried(trials) {
        let mut line = vec![species.name.to_owned(), trials.len().to_string()];
        for (layer, _) in LAYERS {
            let refused = trials.iter().filter(|trial| trial.refused_by(layer)).count();
            let doubted = trials.iter().filter(|trial| trial.doubted_by(layer) && !trial.refused_by(layer)).count();
            line.push(match (refused, doubted) {
                (0, 0) => "-".into(),
                (_, 0) => refused.to_string(),
                _ => format!("{refused}+{doubted}"),
            });
        }
        let (refused, review) = (count(&trials, Verdict::Refused), count(&trials, Verdict::Review));
        line.push(format!("{refused}+{review}"));
        table.line(line);
    }
    table.to_string()
}

/// Where coach and judge differ: attempts that the coach completed and the judge did not pass, with the judge's codes.
pub fn differences(trials: &[Trial]) -> String {
    let completed: Vec<&Trial> = trials.iter().filter(|trial| !trial.ended_by_coach).collect();
    let mut table = Table::headed(&["coach complete, judge not", "number", "judge's codes"]);
    let mut differing = 0;
    for trial in &completed {
        let codes: Vec<String> = trial
            .layers
            .iter()
            .filter(|(layer, ..)| *layer != Layer::Match)
            .map(|(layer, decision, code)| {
                let to = if *decision == Decision::Refuse { "refused" } else { "review" };
                format!("{}:{} ({to})", name_of(*layer), code.code())
            })
            .collect();
        if !codes.is_empty() {
            differing += 1;
            table.line(vec![trial.species.into(), trial.number.to_string(), codes.join(", ")]);
        }
    }
    let agreed = completed.len() - differing;
    format!(
        "{table}of {} completed by the coach the judge passes {agreed}; the others each have a code\n",
        completed.len()
    )
}

/// What was lost by not looking at every frame: attempts of which the judge would have said otherwise, had it seen all.
pub fn losses(trials: &[Trial]) -> String {
    let some: Vec<&Trial> = trials.iter().filter(|trial| trial.of_all.is_some()).collect();
    let mut table = Table::headed(&["judged by some frames", "number", "said", "of all of them"]);
    let mut lost = 0;
    for trial in &some {
        let of_some = trial.layers.iter().filter(|(layer, ..)| *layer != Layer::Match);
        let of_some: Vec<&str> = of_some.map(|(.., code)| code.code()).collect();
        let of_all: Vec<&str> = trial.of_all.iter().flatten().map(|code| code.code()).collect();
        if of_some != of_all {
            lost += 1;
            let said = |codes: Vec<&str>| if codes.is_empty() { "nothing".to_owned() } else { codes.join(", ") };
            table.line(vec![trial.species.into(), trial.number.to_string(), said(of_some), said(of_all)]);
        }
    }
    format!("{table}of {} judged by some of their frames {lost} would have been judged otherwise by all\n", some.len())
}

/// Time to verdict of genuine attempts, and where it goes (medians, s).
pub fn times(trials: &[Trial]) -> String {
    type Part = (&'static str, fn(&Times) -> u64);
    let parts: [Part; 7] = [
        ("in place to verdict", |t| t.whole),
        ("told", |t| t.told),
        ("settled", |t| t.settled),
        ("waited", |t| t.waited),
        ("reacted", |t| t.reacted),
        ("moved", |t| t.moved),
        ("answered", |t| t.answered),
    ];
    let mut columns = vec!["s, median", "n"];
    columns.extend(parts.iter().map(|(name, _)| *name));
    columns.push("repeated");
    let mut table = Table::headed(&columns);
    let genuine = |label| matches!(label, Label::Genuine | Label::Hard);
    for (species, trials) in tried(trials).filter(|(species, _)| genuine(species.label)) {
        let times: Vec<Times> = trials.iter().filter_map(|trial| trial.times).collect();
        if times.is_empty() {
            continue;
        }
        let mut line = vec![species.name.to_owned(), times.len().to_string()];
        line.extend(parts.iter().map(|(_, part)| {
            format!("{:.1}", median(times.iter().map(|times| part(times) as f64 / 1_000.0).collect()))
        }));
        line.push(times.iter().filter(|times| times.stumbled).count().to_string());
        table.line(line);
    }
    table.to_string()
}

/// What a layer alone would do at other thresholds: attacks refused, genuine refused.
pub fn thresholds(trials: &[Trial]) -> String {
    let sweeps: [(&str, bool, &[f64]); 7] = [
        ("passive_median", true, &[0.05, 0.15, 0.3, 0.5, 0.8, 0.95]),
        ("range_of_proportion", false, &[1.2, 1.26, 1.33, 1.4, 1.5]),
        ("narrowest_proportion", true, &[0.75, 0.8, 0.83, 0.87, 0.9]),
        ("length_along_turn", true, &[0.88, 0.9, 0.92, 0.95, 0.97]),
        ("length_along_nod", true, &[0.86, 0.89, 0.93, 0.95, 0.97]),
        ("moved_full_actions", true, &[0.15, 0.3, 0.5, 0.8]),
        ("worst_face_jump", false, &[0.5, 0.75, 1.0, 1.5, 2.0]),
    ];
    let with = |label: fn(Label) -> bool| -> Vec<&Trial> {
        let species = tried(trials).filter(|(species, _)| label(species.label));
        species.flat_map(|(_, trials)| trials).filter(|trial| trial.verdict != Verdict::Hinted).collect()
    };
    let groups = [
        with(|label| label == Label::MustRefuse),
        with(|label| label == Label::Open),
        with(|label| label == Label::Genuine),
        with(|label| label == Label::Hard),
    ];
    let mut table = Table::headed(&["refused by this alone", "at", "must refuse", "open", "good light", "conditions"]);
    for (name, below, limits) in sweeps {
        for limit in limits {
            let mut line = vec![name.to_owned(), format!("{}{limit}", if below { "<" } else { ">" })];
            line.extend(groups.iter().map(|group| {
                let values: Vec<f64> = group.iter().filter_map(|trial| trial.figure(name)).collect();
                let refused = values.iter().filter(|value| if below { **value < *limit } else { **value > *limit });
                format!("{}/{}", refused.count(), values.len())
            }));
            table.line(line);
        }
    }
    table.to_string()
}
