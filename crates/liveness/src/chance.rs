//! How likely a recording fits a plan it was not made for.

use jianzai_wire::CapturePolicy;

/// The number of equally likely plans: sequences of `steps_needed` independent draws from the policy's actions.
pub fn plans(policy: &CapturePolicy) -> f64 {
    (policy.actions.len() as f64).powf(f64::from(policy.steps_needed))
}

/// The plan's entropy in bits (the random waits between the cues come on top and are not counted).
pub fn entropy_bits(policy: &CapturePolicy) -> f64 {
    plans(policy).log2()
}

/// An upper bound on the chance that one recording, shown to the camera without its maker knowing the plan, completes a
/// fresh plan.
///
/// Generous to the recording: it may pause at rest as long as it likes, so that each of its actions begins at a moment
/// that counts, and it may be endless. Each step is drawn uniformly and independently of the recording, so the next
/// recorded action is the asked one with chance 1/k, whichever it is; any other action is a failure, which sets the count
/// back ([`crate::rules::needed`]). So each of the `failures_allowed + 1` runs succeeds with chance `k^-n`.
pub fn recording_fits(policy: &CapturePolicy) -> f64 {
    let one_run = plans(policy).recip();
    let runs = f64::from(policy.failures_allowed) + 1.0;
    1.0 - (1.0 - one_run).powf(runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jianzai_wire::Action;

    #[test]
    fn the_standing_policies_keep_the_chance_below_two_in_a_hundred() {
        for kinds in 2..=5 {
            let policy = CapturePolicy::for_actions(&Action::ALL[..kinds]).expect("two or more actions");
            let chance = recording_fits(&policy);
            assert!(chance > 0.0 && chance <= 0.02, "{kinds} actions: {chance}");
        }
    }

    #[test]
    fn figures_for_all_five_actions() {
        let policy = CapturePolicy::for_actions(&Action::ALL).expect("five actions");
        assert_eq!((policy.steps_needed, policy.failures_allowed), (3, 1));
        assert_eq!(plans(&policy), 125.0);
        assert!((entropy_bits(&policy) - 6.966).abs() < 0.001);
        assert!((recording_fits(&policy) - 0.015_936).abs() < 1e-6);
    }
}
