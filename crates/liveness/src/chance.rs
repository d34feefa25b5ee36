//! How likely a recording fits a plan it was not made for.

use jianzai_wire::CapturePolicy;

/// The bound that every policy keeps which certifies without a person's look: in so large a part of attempts, at most, a
/// recording fits.
pub const BOUND: f64 = 0.002;

/// The number of equally likely plans ([`crate::draw`]).
pub fn plans(policy: &CapturePolicy) -> f64 {
    policy.plans() as f64
}

/// The plan's entropy in bits (the random waits between the cues come on top and are not counted).
pub fn entropy_bits(policy: &CapturePolicy) -> f64 {
    plans(policy).log2()
}

/// An upper bound on the chance that one recording, shown to the camera without its maker knowing the plan, completes a
/// fresh plan.
///
/// Generous to the recording: it may pause at rest as long as it likes, so that each of its actions begins at a moment
/// that counts, and it may be endless. What it does next is fixed by it, and any other action than the asked one is a
/// failure, which sets the count back ([`crate::rules::needed`]) and begins a plan that is drawn independently and is a step
/// longer. So in each of the `failures_allowed + 1` runs one plan at most is fitted, of `N` that are equally likely: chance
/// `1/N`, and `N` grows with each.
pub fn recording_fits(policy: &CapturePolicy) -> f64 {
    let missed = |failed| 1.0 - (policy.ways_on(policy.steps_after(failed), false) as f64).recip();
    1.0 - (0..=policy.failures_allowed).map(missed).product::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jianzai_wire::{Action, Limitation};

    #[test]
    fn whatever_somebody_cannot_do_the_chance_stays_below_two_in_a_thousand_or_a_person_decides() {
        let (mut sets, mut left_to_people) = (0, 0);
        for missing in 0..1_u32 << Action::ALL.len() {
            let cannot: Vec<_> = Action::ALL.into_iter().filter(|a| missing & (1 << *a as u32) != 0).collect();
            for limitation in Limitation::ALL.map(|one| vec![one]).into_iter().chain([Vec::new()]) {
                let policy = CapturePolicy::for_actions(&Limitation::leave(&limitation, &cannot));
                sets += 1;
                if policy.is_enough() {
                    let chance = recording_fits(&policy);
                    assert!(chance > 0.0 && chance <= BOUND, "{:?}: {chance}", policy.actions);
                } else {
                    left_to_people += 1;
                    assert!(policy.actions.len() <= 2, "{:?}", policy.actions);
                }
            }
        }
        assert!(sets > 150 && left_to_people < sets * 2 / 3, "{left_to_people} of {sets}");
    }

    #[test]
    fn in_a_day_of_five_attempts_and_a_year_of_nine_it_stays_small_whatever_somebody_cannot_do() {
        let of = |attempts: i32, policy: &CapturePolicy| 1.0 - (1.0 - recording_fits(policy)).powi(attempts);
        let (of_a_day, of_a_year) = (|policy: &CapturePolicy| of(5, policy), |policy: &CapturePolicy| of(9, policy));
        for missing in 0..1_u32 << Action::ALL.len() {
            let can: Vec<_> = Action::ALL.into_iter().filter(|a| missing & (1 << *a as u32) == 0).collect();
            let policy = CapturePolicy::for_actions(&can);
            if !policy.is_enough() {
                continue;
            }
            assert!(of_a_day(&policy) < 0.01, "{can:?}: {}", of_a_day(&policy));
            assert!(of_a_year(&policy) < 0.02, "{can:?}: {}", of_a_year(&policy));
        }
        let all = CapturePolicy::for_actions(&Action::ALL);
        assert!((of_a_day(&all) - 0.0096).abs() < 1e-4, "{}", of_a_day(&all));
        assert!((of_a_year(&all) - 0.0171).abs() < 1e-4, "{}", of_a_year(&all));
    }

    #[test]
    fn figures_for_all_five_actions() {
        let policy = CapturePolicy::for_actions(&Action::ALL);
        assert_eq!((policy.steps_needed, policy.failures_allowed), (4, 1));
        assert_eq!(plans(&policy), 624.0);
        assert!((entropy_bits(&policy) - 9.285).abs() < 0.001);
        assert!((recording_fits(&policy) - 0.001_922).abs() < 1e-6);
    }
}
