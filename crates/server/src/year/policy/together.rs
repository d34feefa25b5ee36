//! What must hold between the parts of a policy.

use super::reader::{Reader, Section};
use super::{Anchor, Medium, Missing, Policy, Recipient, Rung, Silence, WindowRule};
use crate::year::channel::{Channel, EvidenceKind};
use crate::year::names::Named as _;

pub(super) fn check(reader: &mut Reader<'_>, root: &Section<'_>, policy: &Policy) {
    window(reader, root, policy);
    channels(reader, root, policy);
    second_person(reader, root, policy);
    notice(reader, root, policy);
}

/// A window fits its interval, and the spread fits the window. A month counts as 28 days, its shortest.
fn window(reader: &mut Reader<'_>, root: &Section<'_>, policy: &Policy) {
    let interval = u16::from(policy.interval);
    let (days, early) = match policy.window {
        WindowRule::Rolling { opens_days } => (opens_days, 0),
        WindowRule::Calendar { months, early_days, .. } => (u16::from(months) * 28, early_days),
        WindowRule::BirthMonth { before, after, early_days } => {
            ((u16::from(before) + u16::from(after) + 1) * 28, early_days)
        }
    };
    let at = root.at("window");
    let rolling = matches!(policy.window, WindowRule::Rolling { .. });
    // A rolling window that opens on the day of the last proof would ask again at once.
    if days + u16::from(rolling) > interval * 28 {
        let remedy = format!("Make it at most {interval} months (for a rolling window {} days)", interval * 28 - 1);
        reader.fault(at, "window", "it is open longer than the interval", remedy);
    } else if days + early > interval * 28 {
        let remedy = format!("Write at most {}", interval * 28 - days);
        reader.fault(at, "window.early_days", "it reaches into the window before", remedy);
    }
    if policy.spread_days > 0 && policy.spread_days >= days {
        let remedy = format!("Write at most {}", days.saturating_sub(1));
        reader.fault(root.at("spread_days"), "spread_days", "due dates would lie before the window opens", remedy);
    }
}

fn channels(reader: &mut Reader<'_>, root: &Section<'_>, policy: &Policy) {
    let at = root.at("channels");
    let without_face = |channel: &Channel| channel.needs_the_person() && !channel.uses_face();
    if !policy.channels.is_empty() && !policy.channels.iter().any(without_face) {
        let wrong = "nobody could certify without showing their face to a machine";
        reader.fault(at, "channels", wrong, "Add a way for people, such as `home_visit` or `agency_by_hand`");
    }
    if let Some(other) = policy.four_eyes.iter().find(|channel| !channel.is_told_by_people()) {
        let wrong = format!("`{}` is not told by people", other.name());
        let remedy = "Name ways by paper, list, counter or visit; what a machine leaves open has `second_clerk`";
        reader.fault(root.at("four_eyes"), "four_eyes", wrong, remedy);
    }
    let data = policy.channels.iter().any(|channel| channel.evidence() == EvidenceKind::Data);
    if policy.matching.missing != Missing::Nothing && !data {
        let wrong = "comparisons count although no comparison can certify";
        reader.fault(
            at,
            "channels",
            wrong,
            "Add `register_match` or `silent_events`, or write `missing = \"nothing\"`",
        );
    }
    if policy.silence == Silence::Waits && policy.matching.missing == Missing::Nothing {
        let wrong = "nothing ever follows when nobody certifies";
        reader.fault(root.at("silence"), "silence", wrong, "Write `silence = \"suspends\"`, or another `missing`");
    }
}

/// A second person is wanted only where one can be named: a colleague who saw the person too, or another clerk who looks
/// at the footage. Otherwise the way would be open, and certify nobody.
fn second_person(reader: &mut Reader<'_>, root: &Section<'_>, policy: &Policy) {
    let seen = [Channel::HomeVisit, Channel::OfficeIdCard, Channel::AgencyByHand];
    for channel in policy.second_person.iter().filter(|channel| !channel.uses_face() && !seen.contains(channel)) {
        let wrong = format!("for `{}` nobody could be named, and nobody certified", channel.name());
        let remedy = "Leave it out: a second person is for ways with a face, for visits and for the counter";
        reader.fault(root.at("second_person"), "second_person", wrong, remedy);
    }
}

/// Nobody is suspended who was not told.
fn notice(reader: &mut Reader<'_>, root: &Section<'_>, policy: &Policy) {
    let before = |rung: &Rung| {
        rung.legal && rung.from == Anchor::Suspension && rung.days < 0 && rung.to.contains(&Recipient::Elder)
    };
    let at = root.at("ladder");
    if policy.may_suspend() && !policy.ladder.iter().any(before) {
        let remedy = "Add a rung with `legal = true`, `to = [\"elder\"]`, `from = \"suspension\"` and `days` below 0";
        reader.fault(at, "ladder", "somebody could be suspended without having been told", remedy);
    }
    if !policy.may_suspend() && policy.ladder.iter().any(|rung| rung.from == Anchor::Suspension) {
        let wrong = "a rung waits for a suspension, which this policy does not know";
        reader.fault(at, "ladder", wrong, "Count the rung from `opens` or `due`");
    }
}

pub(super) fn rung(reader: &mut Reader<'_>, table: &Section<'_>, rung: &Rung) {
    let (at, path) = (table.at("by"), table.path_of("by"));
    if rung.legal && !rung.by.contains(&Medium::Letter) {
        reader.fault(at, &path, "a legal notice must reach everybody", "Add `letter` as the last way");
    }
    if rung.to.contains(&Recipient::Community) != rung.by.contains(&Medium::Task) {
        reader.fault(
            at,
            &path,
            "a task is for the community, and only a task",
            "Use `task` with `community`, and only there",
        );
    }
}
