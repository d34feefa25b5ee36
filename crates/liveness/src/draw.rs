//! Which action is asked next.
//!
//! **In**: the rules, the steps so far with how they ended, and a random number. **Out**: an action, so that in the end every
//! plan of the rules was equally likely: each sequence of as many actions as are needed (one more after a failure), at least
//! one of which moves the head (if any of the person's can). **What can go wrong**: rules without an action, or a plan that
//! is complete already: then there is nothing to draw.
//!
//! Why a head movement: a mouth can be cut into a print, or bent, or drawn, and a print that was asked for open mouths
//! alone had nothing else to show. Why not simply draw the last step among the head movements when none has come: plans that begin
//! with three open mouths would then be as likely as 1 in 500, where 1 in 624 can be had.

use jianzai_wire::{Action, CapturePolicy, StepOutcome};

use crate::StepReveal;
use crate::rules::steps_of_run;

/// Draws the next action; `random` is evenly distributed.
pub fn draw(policy: &CapturePolicy, steps: &[StepReveal], random: u64) -> Option<Action> {
    let run = current_run(steps);
    let moved = has_head_movement(run);
    let done = u32::try_from(run.len()).ok()?;
    let after = steps_of_run(steps.iter().filter_map(|step| step.ended), policy).checked_sub(done)?.checked_sub(1)?;
    let ways = |action: Action| policy.ways_on(after, moved || action.moves_head());
    let all = policy.actions.iter().fold(0_u64, |sum, action| sum.saturating_add(ways(*action)));
    // What evenness the remainder costs is below one in 10^15: plans are thousands, numbers 2^64.
    let mut left = random.checked_rem(all)?;
    policy.actions.iter().copied().find(|action| {
        let here = ways(*action);
        let found = left < here;
        left = left.saturating_sub(here);
        found
    })
}

/// The steps that count: those done since the last that failed.
pub fn current_run(steps: &[StepReveal]) -> &[StepReveal] {
    let done = |step: &&StepReveal| step.ended.is_some_and(|report| report.outcome == StepOutcome::Done);
    let failed = steps.len() - steps.iter().rev().take_while(done).count();
    steps.get(failed..).unwrap_or_default()
}

/// Whether one of these steps moves the head.
pub fn has_head_movement(steps: &[StepReveal]) -> bool {
    steps.iter().any(|step| step.step.action.moves_head())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jianzai_wire::{FrameTime, Step, StepReport};

    use super::*;

    fn ended(index: usize, action: Action, outcome: StepOutcome) -> StepReveal {
        let index = index as u32;
        let at = FrameTime(0);
        let report = StepReport { index, outcome, cue_at: at, began_at: at, ended_at: at };
        StepReveal { step: Step { index, action, wait_ms: 0 }, frames_at_reveal: 0, ended: Some(report) }
    }

    /// Every plan that can come, with its chance: each step is drawn from one full turn of the numbers it distinguishes.
    fn plans(policy: &CapturePolicy, before: &[StepReveal]) -> BTreeMap<Vec<Action>, f64> {
        let mut open = vec![(before.to_vec(), 1.0)];
        let mut complete = BTreeMap::new();
        while let Some((steps, chance)) = open.pop() {
            let run = current_run(&steps);
            let left = steps_of_run(steps.iter().filter_map(|step| step.ended), policy) - run.len() as u32;
            if left == 0 {
                complete.insert(run.iter().map(|step| step.step.action).collect(), chance);
                continue;
            }
            let turn = policy.ways_on(left, has_head_movement(run));
            for action in &policy.actions {
                let drawn = (0..turn).filter(|number| draw(policy, &steps, *number) == Some(*action)).count();
                if drawn > 0 {
                    let further = [&steps[..], &[ended(steps.len(), *action, StepOutcome::Done)]].concat();
                    open.push((further, chance * drawn as f64 / turn as f64));
                }
            }
        }
        complete
    }

    #[test]
    fn every_plan_is_equally_likely_and_has_a_head_movement() {
        for actions in [&Action::ALL[..], &Action::ALL[1..], &Action::ALL[..4]] {
            let policy = CapturePolicy::for_actions(actions);
            let first = ended(0, Action::OpenMouth, StepOutcome::Wrong(Action::LookUp));
            for before in [&[][..], &[first]] {
                let plans = plans(&policy, before);
                let all = policy.ways_on(policy.steps_after(before.len() as u32), false);
                assert_eq!(plans.len() as u64, all);
                for (plan, chance) in plans {
                    assert!(plan.iter().any(|action| action.moves_head()), "{plan:?}");
                    let even = 1.0 / all as f64;
                    assert!((chance / even - 1.0).abs() < 1e-9, "{plan:?}: {chance} instead of {even}");
                }
            }
        }
    }

    #[test]
    fn the_last_step_moves_the_head_if_none_did() {
        let policy = CapturePolicy::for_actions(&Action::ALL);
        let mouths = [0, 1, 2].map(|index| ended(index, Action::OpenMouth, StepOutcome::Done));
        for number in (0..u64::MAX - 1_000).step_by(usize::MAX / 997) {
            assert!(draw(&policy, &mouths, number).is_some_and(Action::moves_head), "{number}");
        }
    }

    #[test]
    fn who_can_only_open_the_mouth_is_asked_for_that_and_nobody_for_nothing() {
        let policy = CapturePolicy::for_actions(&[Action::OpenMouth]);
        assert_eq!(draw(&policy, &[], 12_345), Some(Action::OpenMouth));
        let done = [0, 1, 2].map(|index| ended(index, Action::OpenMouth, StepOutcome::Done));
        assert_eq!(draw(&policy, &done, 7), None, "complete already");
        assert_eq!(draw(&CapturePolicy { actions: Vec::new(), ..policy }, &[], 7), None);
    }
}
