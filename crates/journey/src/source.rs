//! Whoever knows the plan while a person is before the camera: the service, step by step, or this device, which took it along.

use std::pin::pin;
use std::time::Duration;

use jianzai_wire::api::{Activation, Attempt, CommitRequest, StepRequest};
use jianzai_wire::lease::LeaseReturn;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep};

use crate::backoff::persist;
use crate::capture::ToCapture;
use crate::certification::Request;
use crate::journey::Journey;
use crate::leased::{LeasedRequest, Plan};

/// A step's answer is late after this; the person is then told why they wait.
const LATE: Duration = Duration::from_millis(1500);

/// Who knows the plan.
pub(crate) enum Source {
    /// The service, which reveals it step by step.
    Service(Request, Activation),
    /// This device, which took it along.
    Lent(Box<LeasedRequest>, Plan),
}

impl Source {
    pub(crate) fn lent(request: &LeasedRequest) -> Self {
        Self::Lent(Box::new(request.clone()), Plan::of(&request.lease))
    }

    /// What goes back with the commitment, where the plan had been taken along.
    pub(crate) fn brought_back(self, commit: &CommitRequest) -> Option<LeaseReturn> {
        match self {
            Self::Service(..) => None,
            Self::Lent(request, plan) => Some(plan.brought_back(&request, commit.clone())),
        }
    }
}

/// Asks for a step until there is an answer, and says so when it is late.
pub(crate) async fn ask(journey: Journey, attempt: Attempt, request: StepRequest, answers: UnboundedSender<ToCapture>) {
    let client = journey.client();
    // The service's clock and this machine's may differ; how long the attempt lives does not.
    let lifetime = Duration::try_from(attempt.commit_by - attempt.issued_at).unwrap_or_default();
    let deadline = Instant::now() + lifetime;
    let call = persist(deadline, |_| {}, || client.step(attempt.id, &attempt.token, &request));
    let mut call = pin!(call);
    let answer = tokio::select! {
        answer = &mut call => answer,
        () = sleep(LATE) => {
            // Nobody listens any more if the capture has ended meanwhile.
            let _ = answers.send(ToCapture::NetworkWaiting);
            call.await
        }
    };
    let _ = answers.send(match answer {
        Ok(answer) => ToCapture::Answer(answer),
        Err(error) => ToCapture::Stop(Some(error.reason())),
    });
}
