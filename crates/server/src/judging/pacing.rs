//! Was it recorded while the steps were revealed, and not put together afterwards?
//!
//! **In**: the marks, moments at which the service heard how many frames there were, by its own clock; the recorded times of
//! all frames. **Out**: a reason, if they do not go together. With every step request the phone commits to its frames so
//! far, so a step that it calls done must be wholly among them; and between two marks recording and service have lived
//! through the same time. Without this a plan could be learnt to its end by false reports, and a film made to fit.

use jianzai_liveness::Decision;
use jianzai_liveness::judge::{Figure, Layer, Reason};
use jianzai_wire::{FrameTime, ReasonCode, StepReport};

/// Recorded times and reports come from the same clock; a report is sent with the frame after the one that it is about.
const REPORT_SLACK_MS: u64 = 200;
/// No recording is longer than the time since its attempt was issued; a phone's clock may run a little fast.
const LONGER_MS: i64 = 2_500;
/// Requests are under way for different times, perhaps tried several times on a weak network. When recording and service
/// differ by more than this between two marks it is no proof of anything, and a person looks at it.
const UNEVEN_MS: i64 = 12_000;

/// A moment at which the service heard of frames.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// Frames recorded by then, as the chain head binds them.
    pub(super) frames: u32,
    /// The service's clock, in ms.
    pub(super) at: i64,
    /// The step that was reported as ended.
    pub(super) ended: Option<StepReport>,
}

/// Holds marks against recorded times. `issued_at` is when the attempt was issued, by the service's clock in ms.
pub(super) fn pacing(issued_at: i64, marks: &[Mark], times: &[FrameTime]) -> Option<Reason> {
    let time_at = |mark: &Mark| (mark.frames as usize).checked_sub(1).and_then(|last| times.get(last)).copied();
    let reported_ahead = marks.iter().any(|mark| {
        mark.ended.is_some_and(|report| time_at(mark).is_none_or(|known| report.ended_at > known.plus(REPORT_SLACK_MS)))
    });
    if reported_ahead {
        return Some(reason(Decision::Refuse, Vec::new()));
    }
    let begun = times.first().copied()?;
    // How long each mark was under way, but for what is the same for all.
    let delays = marks.iter().filter_map(|mark| {
        let recorded = i64::try_from(time_at(mark)?.since(begun)).ok()?;
        Some(mark.at - issued_at - recorded)
    });
    let (least, most) = delays.fold((i64::MAX, i64::MIN), |(least, most), delay| (delay.min(least), delay.max(most)));
    if least > most {
        return Some(reason(Decision::Refuse, Vec::new()));
    }
    let figures = vec![
        Figure::new("recorded_longer_ms", -least as f64, Some(LONGER_MS as f64)),
        Figure::new("uneven_ms", (most - least) as f64, Some(UNEVEN_MS as f64)),
    ];
    match (-least > LONGER_MS, most - least > UNEVEN_MS) {
        (true, _) => Some(reason(Decision::Refuse, figures)),
        (false, true) => Some(reason(Decision::Review, figures)),
        (false, false) => None,
    }
}

fn reason(leads_to: Decision, figures: Vec<Figure>) -> Reason {
    Reason { code: ReasonCode::EvidenceBadTimes, layer: Layer::Times, leads_to, figures }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jianzai_wire::StepOutcome;

    const ISSUED: i64 = 47_000;

    /// Fifteen seconds at ten frames a second.
    fn times() -> Vec<FrameTime> {
        (0..150).map(|frame| FrameTime(3_000 + frame * 100)).collect()
    }

    fn ended(at: u64) -> Option<StepReport> {
        let at = FrameTime(at);
        Some(StepReport { index: 0, outcome: StepOutcome::Done, cue_at: at, began_at: at, ended_at: at })
    }

    fn mark(frames: u32, at: i64, ended: Option<StepReport>) -> Mark {
        Mark { frames, at, ended }
    }

    fn honest() -> Vec<Mark> {
        vec![
            mark(10, 50_000, None),
            mark(60, 55_040, ended(8_900)),
            mark(110, 60_100, ended(13_900)),
            mark(150, 64_300, None),
        ]
    }

    #[test]
    fn a_recording_made_meanwhile_passes_on_a_weak_network_too() {
        assert!(pacing(ISSUED, &honest(), &times()).is_none());
        let mut late = honest();
        late[2].at += 9_000;
        late[3].at += 9_000;
        assert!(pacing(ISSUED, &late, &times()).is_none());
        let mut first_late = honest();
        first_late[0].at += 4_000;
        assert!(pacing(ISSUED, &first_late, &times()).is_none());
    }

    #[test]
    fn a_plan_learnt_by_false_reports_is_of_no_use() {
        let learnt = [
            mark(0, 50_000, None),
            mark(0, 50_010, ended(8_900)),
            mark(0, 50_020, ended(13_900)),
            mark(150, 65_000, None),
        ];
        assert_eq!(pacing(ISSUED, &learnt, &times()).map(|reason| reason.leads_to), Some(Decision::Refuse));
        // Some frames, but none of the reported step.
        let some = [mark(10, 50_000, None), mark(20, 51_000, ended(8_900)), mark(150, 64_000, None)];
        assert_eq!(pacing(ISSUED, &some, &times()).map(|reason| reason.leads_to), Some(Decision::Refuse));
    }

    #[test]
    fn a_film_longer_than_the_time_that_passed_is_refused_and_a_long_silence_is_looked_at() {
        let mut quick = honest();
        for (place, mark) in quick.iter_mut().enumerate() {
            mark.at = 48_000 + place as i64 * 100;
        }
        assert_eq!(pacing(ISSUED, &quick, &times()).map(|reason| reason.leads_to), Some(Decision::Refuse));
        let mut silent = honest();
        silent[3].at += 20_000;
        assert_eq!(pacing(ISSUED, &silent, &times()).map(|reason| reason.leads_to), Some(Decision::Review));
    }
}
