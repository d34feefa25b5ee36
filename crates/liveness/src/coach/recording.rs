//! The recording: from the first frame that is kept to the last.

use jianzai_wire::api::StepAnswer;
use jianzai_wire::{FrameTime, ReasonCode, Step, StepOutcome, StepReport};

use super::session::Session;
use super::{CaptureEnd, CoachOutput, Instruction};
use crate::continuity::{Break, Continuity};
use crate::limits;
use crate::motion::Motion;
use crate::rules::{NextStep, needed};
use crate::signals::{Baseline, Episode, Reading, Tracker};
use crate::{Cue, StepLog};

/// What follows a frame or an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Flow {
    /// Go on recording.
    Go,
    /// Drop the recording and begin again; only before the first step is asked for.
    Again,
    /// Every step is done; nothing more is recorded.
    Done,
    /// The capture has ended.
    End(CaptureEnd),
}

#[derive(Debug, Clone)]
pub(super) struct Recording {
    continuity: Continuity,
    motion: Motion,
    task: Task,
    faint: Faint,
    /// None until the baseline is learned.
    tracker: Option<Tracker>,
}

/// Whether the asked action was done, but too small to count.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Faint {
    No,
    /// Yes, and the person has not been asked again.
    Yes,
    /// Yes, and they have.
    AskedAgain,
}

#[derive(Debug, Clone)]
enum Task {
    /// Learning the baseline.
    Settling(Vec<Reading>),
    /// Nothing is asked of this person; they are recorded as they are since then.
    Watching { since: FrameTime },
    /// The server has been asked for a step, since then. A full action that nobody asked for is kept until there is a step to
    /// fail.
    Asking { since: FrameTime, unasked: Option<Episode> },
    /// A step is known; its cue comes after a rest, which counts since the step was asked for.
    Resting { step: Step, since: FrameTime },
    /// The cue has been given.
    Acting { step: Step, cue_at: FrameTime },
}

impl Recording {
    /// Begins with the frame at `session.now`.
    pub(super) fn start(session: &mut Session, reading: Option<&Reading>) -> Self {
        session.log.started_at = session.now;
        session.log.ended_at = session.now;
        session.out.extend([CoachOutput::StartRecording, CoachOutput::Record]);
        session.show_progress();
        let mut recording = Self {
            continuity: Continuity::new(limits::LOST_MS),
            motion: Motion::default(),
            task: Task::Settling(Vec::new()),
            faint: Faint::No,
            tracker: None,
        };
        recording.continuity.push(session.now, reading);
        // One frame settles nothing yet.
        recording.settle(session, reading);
        recording
    }

    /// Whether the person may be moving just now: then hints about turning and blur would only confuse.
    pub(super) fn may_move(&self) -> bool {
        self.is_moving() || matches!(self.task, Task::Acting { .. } | Task::Watching { .. })
    }

    /// Whether they are moving.
    pub(super) fn is_moving(&self) -> bool {
        self.tracker.as_ref().is_some_and(|tracker| tracker.moving_since().is_some())
    }

    /// What would help just now: a larger movement.
    pub(super) fn hint(&self) -> Option<ReasonCode> {
        (self.faint != Faint::No).then_some(ReasonCode::ActionNotSeen)
    }

    /// Takes in the next frame. `hindered`: something about place or light stands in the way.
    pub(super) fn frame(&mut self, session: &mut Session, reading: Option<&Reading>, hindered: bool) -> Flow {
        let broken = self.continuity.push(session.now, reading);
        if matches!(self.task, Task::Settling(_)) && (broken.is_some() || reading.is_none() || hindered) {
            return again(session);
        }
        if let Some(broken) = broken {
            return Flow::End(CaptureEnd::Refused(match broken {
                Break::Gap(_) => ReasonCode::DeviceStalled,
                Break::Lost(_) => ReasonCode::FaceLost,
                Break::Jump(_) => ReasonCode::FaceChanged,
            }));
        }
        if session.now.since(session.log.started_at) > u64::from(session.policy.max_capture_ms) {
            return Flow::End(CaptureEnd::Refused(self.why_so_long()));
        }
        session.out.push(CoachOutput::Record);
        session.log.ended_at = session.now;
        let ended = reading.and_then(|reading| {
            self.motion.push(reading);
            self.tracker.as_mut()?.push(reading)
        });
        if let Some(episode) = ended {
            let asked = matches!(self.task, Task::Acting { step, .. } if step.action == episode.action);
            self.faint = if asked && episode.peak < limits::COACH_FULL { Faint::Yes } else { Faint::No };
        }
        let ended = ended.filter(|episode| episode.peak >= limits::COACH_FULL);
        match ended.or_else(|| self.last_one(session)) {
            Some(episode) => self.acted(session, episode),
            None => self.go_on(session, reading),
        }
    }

    /// The last action that is needed, just done and back at rest. Nothing is recorded after it, so nobody has to wait until it is
    /// certain that nothing more comes of the movement.
    fn last_one(&self, session: &Session) -> Option<Episode> {
        let Task::Acting { step, cue_at } = self.task else { return None };
        let episode = self.tracker.as_ref()?.returned().filter(|episode| episode.peak >= limits::COACH_FULL)?;
        let report = report(session, step, Some(cue_at), &episode);
        let reports: Vec<StepReport> = session.reports().into_iter().chain([report]).collect();
        (report.outcome == StepOutcome::Done && needed(&reports, &session.policy) == NextStep::Complete)
            .then_some(episode)
    }

    /// Why the time is over without an end: it is the person's only where the person was being waited for.
    fn why_so_long(&self) -> ReasonCode {
        match self.task {
            Task::Asking { .. } => ReasonCode::NetworkUnreachable,
            _ if self.motion.is_still() => ReasonCode::LivenessNoMotion,
            _ => ReasonCode::ActionNotSeen,
        }
    }

    /// Takes in the server's answer.
    pub(super) fn answer(&mut self, session: &mut Session, answer: StepAnswer) -> Flow {
        let Task::Asking { since, unasked } = self.task else { return Flow::Go };
        let StepAnswer::Next(step) = answer else { return Flow::End(CaptureEnd::Complete) };
        session.log.steps.push(StepLog { step, revealed_at: session.now, cue: None, repeats: 0, report: None });
        self.task = Task::Resting { step, since };
        match unasked {
            Some(episode) => self.acted(session, episode),
            None => Flow::Go,
        }
    }

    /// No full action has ended with this frame.
    fn go_on(&mut self, session: &mut Session, reading: Option<&Reading>) -> Flow {
        match &self.task {
            Task::Settling(_) => return self.settle(session, reading),
            Task::Watching { since } => {
                let since = *since;
                self.watch(session, since);
            }
            Task::Asking { .. } => {}
            // Nobody is told to act while they are out of sight.
            Task::Resting { .. } if reading.is_none() => {}
            Task::Resting { step, since } => {
                let (step, since) = (*step, *since);
                self.rest(session, step, since);
            }
            Task::Acting { step, .. } => {
                let step = *step;
                self.prompt_again(session, step);
            }
        }
        Flow::Go
    }

    /// Learns the baseline, and after a first rest asks for the first step. Someone who moved meanwhile begins again.
    fn settle(&mut self, session: &mut Session, reading: Option<&Reading>) -> Flow {
        let Task::Settling(readings) = &mut self.task else { return Flow::Go };
        readings.extend(reading);
        let Some(baseline) = Baseline::of_beginning(readings.iter()) else { return Flow::Go };
        if !baseline.is_rest(readings, limits::REST) {
            return again(session);
        }
        let sure = session.told() == Some(Instruction::InPlace) && baseline.is_rest(readings, limits::SURE_REST);
        let first_rest = if sure { limits::BASELINE_MS } else { limits::FIRST_REST_MS };
        if session.now.since(session.log.started_at) < first_rest {
            return Flow::Go;
        }
        let mut tracker = Tracker::new(baseline);
        for reading in readings.iter() {
            // At rest: no movement ends here.
            tracker.push(reading);
        }
        session.log.baseline = Some(baseline);
        self.tracker = Some(tracker);
        if session.policy.asks_nothing() {
            self.task = Task::Watching { since: session.now };
            return Flow::Go;
        }
        self.task = Task::Asking { since: session.now, unasked: None };
        session.out.push(CoachOutput::AskStep(None));
        Flow::Go
    }

    /// Records somebody as they are, until there is enough to look at. The service then answers that nothing is asked.
    fn watch(&mut self, session: &mut Session, since: FrameTime) {
        let watched = session.now.since(since);
        let enough = if self.motion.is_still() { limits::WATCHED_AT_MOST_MS } else { limits::WATCHED_MS };
        if watched >= enough {
            self.task = Task::Asking { since: session.now, unasked: None };
            session.out.push(CoachOutput::AskStep(None));
        }
    }

    /// Gives the cue once the person has rested long enough and nothing is being said.
    fn rest(&mut self, session: &mut Session, step: Step, since: FrameTime) {
        let Some(tracker) = &self.tracker else { return };
        let now = session.now;
        if tracker.moving_since().is_some_and(|since| now.since(since) >= limits::HELD_MS) {
            return ask_for_rest(session);
        }
        let rested = tracker.rest_since().map_or(0, |rest| now.since(rest.max(since)));
        if rested < u64::from(step.wait_ms) || session.silent_for().is_none() {
            return;
        }
        let prompt = session.tell(Instruction::Do(step.action));
        if let Some(log) = session.log.steps.last_mut() {
            log.cue = Some(Cue { prompt, shown_at: now, spoken_at: None });
        }
        self.task = Task::Acting { step, cue_at: now };
    }

    /// Says the cue again to someone who keeps still, and asks someone who holds a movement to come back.
    fn prompt_again(&mut self, session: &mut Session, step: Step) {
        let moving = self.tracker.as_ref().and_then(Tracker::moving_since);
        let soon = session.told() == Some(Instruction::FaceForward) || self.faint == Faint::Yes;
        let pause = if soon { limits::REPEAT_SOON_MS } else { limits::REPEAT_MS };
        if let Some(since) = moving {
            if session.now.since(since) >= limits::HELD_MS {
                ask_for_rest(session);
            }
        } else if session.silent_for().is_some_and(|silence| silence >= pause) {
            session.tell(Instruction::Do(step.action));
            if self.faint == Faint::Yes {
                self.faint = Faint::AskedAgain;
            }
            if let Some(log) = session.log.steps.last_mut() {
                log.repeats = log.repeats.saturating_add(1);
            }
        }
    }

    /// A full action has ended.
    fn acted(&mut self, session: &mut Session, episode: Episode) -> Flow {
        let (step, cue_at) = match &mut self.task {
            Task::Settling(_) | Task::Watching { .. } => return Flow::Go,
            Task::Asking { unasked, .. } => {
                unasked.get_or_insert(episode);
                return Flow::Go;
            }
            Task::Resting { step, .. } => (*step, None),
            Task::Acting { step, cue_at } => (*step, Some(*cue_at)),
        };
        let report = report(session, step, cue_at, &episode);
        self.conclude(session, report)
    }

    /// A step has ended.
    fn conclude(&mut self, session: &mut Session, report: StepReport) -> Flow {
        if let Some(log) = session.log.steps.last_mut() {
            log.report = Some(report);
        }
        let reports = session.reports();
        let next = needed(&reports, &session.policy);
        if next == NextStep::Failed {
            let hasty = reports.iter().all(|r| matches!(r.outcome, StepOutcome::Done | StepOutcome::TooEarly));
            let code = if hasty { ReasonCode::ActionTooEarly } else { ReasonCode::ActionWrong };
            return Flow::End(CaptureEnd::Refused(code));
        }
        session.show_progress();
        session.tell(match report.outcome {
            StepOutcome::Done => Instruction::WellDone,
            StepOutcome::TooEarly => Instruction::WaitForWord,
            StepOutcome::Wrong(_) => Instruction::OtherAction,
        });
        session.out.push(CoachOutput::AskStep(Some(report)));
        self.task = Task::Asking { since: session.now, unasked: None };
        if next == NextStep::Complete { Flow::Done } else { Flow::Go }
    }
}

/// What a full action means for the step that was asked for, or is about to be.
fn report(session: &Session, step: Step, cue_at: Option<FrameTime>, episode: &Episode) -> StepReport {
    let earliest = cue_at.map(|cue| cue.plus(u64::from(session.policy.min_reaction_ms)));
    let outcome = match (episode.other_than(step.action, limits::COACH_FULL), earliest) {
        (Some(other), _) => StepOutcome::Wrong(other),
        (None, Some(earliest)) if episode.began_at >= earliest => StepOutcome::Done,
        (None, _) => StepOutcome::TooEarly,
    };
    let ended_at = if cue_at.is_some() { episode.ended_at } else { session.now };
    StepReport { index: step.index, outcome, cue_at: cue_at.unwrap_or(ended_at), began_at: episode.began_at, ended_at }
}

/// Drops the recording.
fn again(session: &mut Session) -> Flow {
    session.log.restarts = session.log.restarts.saturating_add(1);
    Flow::Again
}

/// Asks to look straight ahead, now and then.
fn ask_for_rest(session: &mut Session) {
    let forward = session.told() == Some(Instruction::FaceForward);
    if session.silent_for().is_some_and(|silence| !forward || silence >= limits::REPEAT_MS) {
        session.tell(Instruction::FaceForward);
    }
}
