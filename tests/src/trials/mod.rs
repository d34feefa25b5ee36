//! Labelled trials: who or what stands before the camera, and what should come of it.
//!
//! **In**: the clips of real people staged at set-up, and a seed. **Out**: scenes ([`Scene`]), by species, each trial made
//! from its species' name and its number alone, so that a trial can be looked at again; and what came of each ([`Trial`]).
//! **What is real and what is drawn**: people are filmed; good light, the actions and the second man are footage as it is.
//! Conditions, paper, screens and animation are drawn over footage by the code of this folder. Drawn attacks lack what
//! drawing forgets, and drawn conditions lack what cameras do. No noise is drawn over attacks: the passive network takes
//! pixel noise for a forgery (docs/LIVENESS.md), and would be praised for it; docs/LIVENESS.md says what follows from that.
//!
//! | file | species |
//! |---|---|
//! | [`conditions`] | genuine people, as recorded and under conditions |
//! | [`prints`] | pictures on paper |
//! | [`screens`] | pictures and film on a display |
//! | [`warped`] | stills animated along the mesh |
//! | [`feeds`] | frozen, looped, replayed, spliced and swapped film, several people |
//!
//! [`eyes`] and [`lamp`] hold no species: they are experiments on the same material (`--bin experiment`).

pub mod conditions;
pub mod dead;
pub mod eyes;
pub mod feeds;
pub mod figures;
pub mod hints;
pub mod lamp;
pub mod likeness;
pub mod material;
pub mod pictures;
pub mod portraits;
pub mod prints;
pub mod report;
pub mod run;
pub mod screens;
pub mod warped;

use anyhow::Result;

use crate::rehearsal::Scene;
use likeness::{Register, franck, man};
use material::Material;

/// What should come of a species' trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// A living person doing what is asked, in good light: at most 5 % may be refused.
    Genuine,
    /// The same under a condition that can be judged: at most 15 % may be refused.
    Hard,
    /// No living person, or not this one, and nothing that follows the plan: none may be accepted.
    MustRefuse,
    /// An attack that follows the plan. Counted as it comes.
    Open,
}

/// One kind of trial.
#[derive(Clone, Copy)]
pub struct Species {
    /// Its name, as in `--only`.
    pub name: &'static str,
    /// What should come of it.
    pub label: Label,
    /// How many are tried.
    pub trials: u32,
    /// Whose portrait the register holds in the trial of a seed: the portrait of whoever is shown, unless showing somebody
    /// else is the attack. Otherwise the match would refuse what the other layers let through, and nobody would know.
    pub register: fn(u64) -> Register,
    /// Makes the scene of a seed.
    pub scene: fn(&Material, u64) -> Result<Box<dyn Scene>>,
}

/// Every species, in the order of the tables.
pub const SPECIES: &[Species] = {
    use Label::{Genuine, Hard, MustRefuse, Open};
    &[
        of("good_light", Genuine, 24, man, conditions::good_light),
        of("thirty_a_second", Genuine, 6, man, conditions::thirty_a_second),
        of("dark", Hard, 8, man, conditions::dark),
        of("back_lit", Hard, 8, man, conditions::back_lit),
        of("side_lit", Hard, 8, man, conditions::side_lit),
        of("blurred", Hard, 8, man, conditions::blurred),
        of("far", Hard, 8, man, conditions::far),
        of("coarse", Hard, 8, man, conditions::coarse),
        of("compressed", Hard, 8, man, conditions::compressed),
        of("five_a_second", Hard, 8, man, conditions::five_a_second),
        of("ten_a_second", Hard, 8, man, conditions::ten_a_second),
        of("glasses", Hard, 8, man, conditions::glasses),
        of("shaky", Hard, 8, man, conditions::shaky),
        of("lying", Hard, 8, man, conditions::lying),
        of("one_eye", Hard, 8, man, conditions::one_eye),
        of("print_still", MustRefuse, 6, prints::victim, prints::still),
        of("print_tilted", MustRefuse, 14, prints::victim, prints::tilted),
        of("print_bent", MustRefuse, 19, prints::victim, prints::bent),
        of("print_bent_level", MustRefuse, 10, prints::victim, prints::bent_level),
        of("print_unbent", MustRefuse, 10, prints::victim, prints::unbent),
        of("print_moved", MustRefuse, 10, prints::victim, prints::moved),
        of("print_with_holes", MustRefuse, 20, prints::victim, prints::with_holes),
        of("still_injected", MustRefuse, 4, man, feeds::still),
        of("still_on_screen", MustRefuse, 4, man, screens::still),
        of("frozen", MustRefuse, 12, man, feeds::frozen),
        of("looped", MustRefuse, 12, feeds::in_the_loop, feeds::looped),
        of("replay", MustRefuse, 20, man, feeds::replay),
        of("replay_on_screen", MustRefuse, 12, man, screens::replay),
        of("second_person", MustRefuse, 8, man, feeds::swapped),
        of("helper_acts", MustRefuse, 8, franck, feeds::helper_acts),
        of("other_person", MustRefuse, 8, franck, conditions::good_light),
        of("two_people", Open, 5, man, feeds::together),
        of("replay_guessing", Open, 12, man, feeds::guessing),
        of("splice", Open, 8, man, feeds::splice),
        of("clips_cut_on_cue", Open, 8, man, feeds::cut_on_cue),
        of("screen_on_cue", Open, 10, man, screens::on_cue),
        of("animated_still", Open, 12, man, warped::animated),
    ]
};

const fn of(
    name: &'static str,
    label: Label,
    trials: u32,
    register: fn(u64) -> Register,
    scene: fn(&Material, u64) -> Result<Box<dyn Scene>>,
) -> Species {
    Species { name, label, trials, register, scene }
}
