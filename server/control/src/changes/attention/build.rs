//! Whether a build still runs of a change that is to be ended while it waits for a person. One that does is stopped by the
//! worker, as with every cancel: asked, looked at, asked harder. What cannot be learned is said, never passed over.

use domain::{
    AttemptId, Caller, Change, ChangeId, ChangeState, Refusal, RefusalCode, StepKind,
    policy::Cancel,
};
use tokio::time::timeout;

use super::{Parked, look::LIMIT, rows};
use crate::{
    ChangeTx, Control, Result, changes::rows::Stored, outside::failure::presentable,
    runs::summary::Told,
};

/// What Jenkins says of the parked step's build at the moment somebody wants the change to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::changes) enum Standing {
    /// There is none, or it has ended.
    Nothing,
    /// It runs, or waits to; in words, which.
    Runs(String),
    /// Nobody can tell; why not.
    Unknown(String),
}

impl Standing {
    /// Whether the change is to stop it before it ends. Where that was tried before, it did not work.
    pub(in crate::changes) fn to_be_stopped(&self, change: &Change) -> bool {
        matches!(self, Self::Runs(_))
            && change.state == ChangeState::NeedsAttention
            && !change.cancel_requested
    }

    /// One sentence or two; empty where there is nothing to say.
    pub(in crate::changes) fn words(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Runs(what) => format!("{what} It is stopped first; then the change ends."),
            Self::Unknown(why) => format!(
                "Whether its build still runs is not known, and it was not stopped: {why} Look in Jenkins."
            ),
        }
    }
}

/// What was learned before anything was locked.
#[derive(Clone, Debug)]
pub(in crate::changes) struct Seen {
    pub build: Standing,
    /// The attempt that had parked the change; none: it was not parked.
    attempt: Option<AttemptId>,
}

impl Seen {
    /// To be asked once the change is locked.
    ///
    /// # Errors
    /// Refused when its run was parked, or went on, since: then nothing is known of its build.
    pub(in crate::changes) async fn still(&self, tx: &mut ChangeTx, id: ChangeId) -> Result<()> {
        let now = rows::lock_parked(tx, id).await?;
        if now.map(|parked| parked.attempt) == self.attempt {
            return Ok(());
        }
        Err(Refusal::new(
            RefusalCode::Conflict,
            "Its run has moved while Jenkins was asked about its build. Look at it again, then decide.",
        )
        .into())
    }
}

/// The last words on a change that ends without another look of a worker.
pub(in crate::changes) fn closing(by: &str, told: &[Told], build: &Standing) -> String {
    let mut words = vec![by.to_owned()];
    words.extend(told.iter().map(|region| region.words.clone()));
    match build {
        Standing::Nothing => {}
        Standing::Runs(what) => words.push(format!(
            "{what} It was asked to stop before and did not; nobody stops it now. Look in Jenkins."
        )),
        Standing::Unknown(_) => words.push(build.words()),
    }
    words.join(" ")
}

impl Control {
    /// Asked before anything is locked, and for those only who may end the change. What is not parked has none.
    pub(in crate::changes) async fn build_of_parked(
        &self,
        caller: &Caller,
        id: ChangeId,
    ) -> Result<Seen> {
        let stored = self.readable_change(caller, id).await?;
        let may = self
            .policies()
            .may(caller, Cancel, &stored.change, self.now());
        let parked = rows::parked_of(self.pool(), &[id.0]).await?.remove(&id);
        let attempt = parked.as_ref().map(|parked| parked.attempt);
        let build = match parked {
            Some(parked) if may.is_ok() && may_run(&parked) => {
                self.standing_of(&stored, &parked).await
            }
            _ => Standing::Nothing,
        };
        Ok(Seen { build, attempt })
    }

    async fn standing_of(&self, stored: &Stored, parked: &Parked) -> Standing {
        let asked = timeout(LIMIT, self.find_build(stored, parked)).await;
        match asked {
            Ok(Ok(now)) => match now.going {
                Some(true) => Standing::Runs(presentable(now.words)),
                Some(false) => Standing::Nothing,
                None => Standing::Unknown(presentable(now.words)),
            },
            Ok(Err(failure)) => {
                tracing::warn!(step = %parked.step, raw = ?failure.raw, "{failure}");
                Standing::Unknown(failure.words)
            }
            Err(_) => Standing::Unknown(format!("no answer within {} s.", LIMIT.as_secs())),
        }
    }
}

/// A step that only reads is parked after the build of its region has ended, or before there was one. A kind that is not
/// known here may be any.
fn may_run(parked: &Parked) -> bool {
    parked.kind.is_none_or(StepKind::is_pipeline)
}
