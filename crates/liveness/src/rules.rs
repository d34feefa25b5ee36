//! When a plan is complete and when it has failed: one rule for phone and server.

use jianzai_wire::{CapturePolicy, StepOutcome, StepReport};

/// What follows the steps that have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Draw and reveal another step.
    Reveal,
    /// Enough steps were done: commit.
    Complete,
    /// Too many steps failed: the attempt ends.
    Failed,
}

/// Decides what follows `ended`, the reports of every step of the attempt in order.
///
/// A failed step sets the count of done steps back to none: the person does the whole sequence again, all of it freshly
/// drawn and one step longer. This keeps the chance of a recording that fits by luck at no more than one plan's chance per
/// try ([`crate::chance`]), where counting on would add a chance for every place at which the failure may have happened.
pub fn needed(ended: &[StepReport], policy: &CapturePolicy) -> NextStep {
    let (mut done, mut failed) = (0_u32, 0_u32);
    for report in ended {
        if done >= policy.steps_after(failed) || failed > policy.failures_allowed {
            break;
        }
        match report.outcome {
            StepOutcome::Done => done = done.saturating_add(1),
            StepOutcome::Wrong(_) | StepOutcome::TooEarly => {
                done = 0;
                failed = failed.saturating_add(1);
            }
        }
    }
    if failed > policy.failures_allowed {
        NextStep::Failed
    } else if done >= policy.steps_after(failed) {
        NextStep::Complete
    } else {
        NextStep::Reveal
    }
}

/// How many steps the run takes that follows `ended`, or that they are in.
pub(crate) fn steps_of_run(ended: impl Iterator<Item = StepReport>, policy: &CapturePolicy) -> u32 {
    let failed = ended.filter(|report| report.outcome != StepOutcome::Done).count();
    policy.steps_after(u32::try_from(failed).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jianzai_wire::{Action, FrameTime};

    fn after(outcomes: &str) -> NextStep {
        let reports: Vec<_> = outcomes
            .chars()
            .enumerate()
            .map(|(index, c)| StepReport {
                index: index as u32,
                outcome: match c {
                    'd' => StepOutcome::Done,
                    'e' => StepOutcome::TooEarly,
                    _ => StepOutcome::Wrong(Action::LookUp),
                },
                cue_at: FrameTime(0),
                began_at: FrameTime(0),
                ended_at: FrameTime(0),
            })
            .collect();
        let mut policy = CapturePolicy::for_actions(&Action::ALL);
        policy.steps_needed = 3;
        policy.failures_allowed = 1;
        needed(&reports, &policy)
    }

    #[test]
    fn a_failure_starts_a_longer_count_and_a_second_ends_the_attempt() {
        for open in ["", "d", "dd", "w", "ddw", "ddwdd", "ddwddd", "edd", "eddd"] {
            assert_eq!(after(open), NextStep::Reveal, "{open}");
        }
        for complete in ["ddd", "wdddd", "ddwdddd", "edddd"] {
            assert_eq!(after(complete), NextStep::Complete, "{complete}");
        }
        for failed in ["ww", "we", "ddwddw", "wdw", "wdddw"] {
            assert_eq!(after(failed), NextStep::Failed, "{failed}");
        }
    }

    #[test]
    fn what_is_reported_after_the_end_changes_nothing() {
        assert_eq!(after("dddww"), NextStep::Complete);
        assert_eq!(after("wwddd"), NextStep::Failed);
    }
}
