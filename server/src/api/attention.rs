//! What needs attention: the list, what the outside says now, and a person's decision.

use axum::{Json, extract::State};
use control::changes::attention::{
    AttentionDetail, Choice as Chosen, Choices, Look, NeedsAttention, Parked, ParkedFor, Settled,
    Settlement,
};
use domain::{AttemptId, ChangeId, Login, Reason, RegionName, StepId, StepKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{List, Listing},
    asking::{Filters, Named, Plain, Sent},
    changes::{Change, detail::ChangeInFull, run::Step},
    refusal::Permission,
    words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn},
};

/// A change that needs attention.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NeedsAttention)]
pub(super) struct Listed {
    change: Change,
    /// Null where somebody has just decided.
    parked: Option<ParkedStep>,
}

/// The step that waits for somebody.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedStep {
    #[schema(value_type = words::Id)]
    step: StepId,
    /// The attempt that parked it; a decision names it.
    #[schema(value_type = words::Id)]
    attempt: AttemptId,
    #[schema(value_type = words::RegionName)]
    region: RegionName,
    /// Null where this portal does not know the kind.
    #[schema(value_type = Option<words::StepKind>)]
    kind: Option<StepKind>,
    since: Timestamp,
    reason: WaitsFor,
    /// What cannot be told, or what was measured, in words.
    why: String,
    /// What its build carries outside.
    mark: Option<String>,
}

/// `undecided`: what a call outside came to cannot be told; `wave_halted`: the metrics of its canary stopped it, or could
/// not be read.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WaitsFor {
    Undecided,
    WaveHalted,
}

/// What is known of a change that needs attention, with what the outside says at this moment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Attention {
    /// Null when nothing of the change waits for a decision.
    parked: Option<ParkedStep>,
    /// What Jenkins and the cluster say now; the cluster is asked with a session of the caller's own. Empty for callers who
    /// may not decide on it.
    outside: Vec<Looked>,
    /// The steps of the region in question, with their attempts, calls and sessions.
    steps: Vec<Step>,
    /// What was decided before, oldest first.
    decided: Vec<Decided>,
    may: MayDecide,
}

/// One thing outside, and what it says.
#[derive(Debug, Serialize, ToSchema)]
struct Looked {
    what: String,
    /// Null when it is not known.
    says: Option<String>,
    /// Why it is not known.
    unknown: Option<String>,
    /// A page outside.
    link: Option<String>,
    /// AWS's id of the `AssumeRole` call.
    request_id: Option<String>,
    at: Timestamp,
}

/// A decision of the past.
#[derive(Debug, Serialize, ToSchema)]
struct Decided {
    choice: Choice,
    #[schema(value_type = words::Login)]
    by: Login,
    reason: String,
    reference: Option<String>,
    at: Timestamp,
}

/// What the caller may choose now.
#[derive(Debug, Serialize, ToSchema)]
struct MayDecide {
    done: Permission,
    go_on: Permission,
    retry: Permission,
    abandon: Permission,
    roll_back: Permission,
}

/// `done`: the pipeline's part counts as done, and the portal verifies it; `go_on`: the run goes on behind a canary that its
/// wave has halted; `retry`: the step looks outside again; `abandon`: the change ends as cancelled, once a build
/// of it that still runs was stopped; `roll_back`: a halted change ends as cancelled and a new one, which is the answer,
/// takes back what the canary got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Done,
    GoOn,
    Retry,
    Abandon,
    RollBack,
}

/// A person's decision on a parked step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AttentionDecision {
    choice: Choice,
    /// The attempt that was looked at; once the step was taken up again, a decision on this one is refused.
    #[schema(value_type = words::Id)]
    attempt: AttemptId,
    #[schema(value_type = words::Reason)]
    reason: Reason,
    /// Where the evidence is: a build, a ticket, an address. Needed for `done`.
    #[schema(value_type = Option<words::Reason>)]
    reference: Option<Reason>,
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// How many at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    #[param(value_type = Option<words::Cursor>)]
    cursor: Option<String>,
}

impl From<NeedsAttention> for Listed {
    fn from(item: NeedsAttention) -> Self {
        Self {
            change: item.change.into(),
            parked: item.parked.map(Into::into),
        }
    }
}

impl From<Parked> for ParkedStep {
    fn from(parked: Parked) -> Self {
        Self {
            step: parked.step,
            attempt: parked.attempt,
            region: parked.region,
            kind: parked.kind,
            since: parked.since,
            reason: match parked.parked_for {
                ParkedFor::Undecided => WaitsFor::Undecided,
                ParkedFor::WaveHalted => WaitsFor::WaveHalted,
            },
            why: parked.why,
            mark: parked.mark,
        }
    }
}

impl From<AttentionDetail> for Attention {
    fn from(found: AttentionDetail) -> Self {
        let region = found.parked.as_ref().map(|parked| parked.region.clone());
        let steps = found.change.run.into_iter().flat_map(|run| run.steps);
        Self {
            steps: steps
                .filter(|step| Some(&step.region) == region.as_ref())
                .map(Into::into)
                .collect(),
            parked: found.parked.map(Into::into),
            outside: found.looks.into_iter().map(Into::into).collect(),
            decided: found.settled.into_iter().map(Into::into).collect(),
            may: found.choices.into(),
        }
    }
}

impl From<Look> for Looked {
    fn from(look: Look) -> Self {
        let (says, unknown) = match look.says {
            Ok(says) => (Some(says), None),
            Err(why) => (None, Some(why)),
        };
        Self {
            what: look.what,
            says,
            unknown,
            link: look.link,
            request_id: look.request_id,
            at: look.at,
        }
    }
}

impl From<Settled> for Decided {
    fn from(settled: Settled) -> Self {
        Self {
            choice: settled.choice.into(),
            by: settled.by,
            reason: settled.reason,
            reference: settled.reference,
            at: settled.at,
        }
    }
}

impl From<Choices> for MayDecide {
    fn from(choices: Choices) -> Self {
        Self {
            done: choices.done.into(),
            go_on: choices.go_on.into(),
            retry: choices.retry.into(),
            abandon: choices.abandon.into(),
            roll_back: choices.roll_back.into(),
        }
    }
}

impl From<Chosen> for Choice {
    fn from(choice: Chosen) -> Self {
        match choice {
            Chosen::Done => Self::Done,
            Chosen::GoOn => Self::GoOn,
            Chosen::Retry => Self::Retry,
            Chosen::Abandon => Self::Abandon,
        }
    }
}

/// Changes that need attention, newest first
#[utoipa::path(get, path = "/attention", operation_id = "list_attention", tag = "changes", params(Part),
    responses((status = 200, body = List<Listed>, description = "One page of them.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(part): Filters<Part>,
) -> Listing<Listed> {
    let page = state
        .control()
        .attention(&caller, part.cursor, part.limit)
        .await?;
    Ok(Json(List::of(page)))
}

/// What is known of a change that needs attention
///
/// Jenkins and the cluster are asked at this moment, for some seconds at most; what could not be learned says why.
#[utoipa::path(get, path = "/changes/{id}/attention", operation_id = "get_attention", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")),
    responses((status = 200, body = Attention, description = "What was tried, what the outside says, what may be decided.")))]
pub(super) async fn show(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
) -> Result<Json<Attention>, Refused> {
    Ok(Json(
        state.control().attention_of(&caller, id).await?.into(),
    ))
}

/// Decide on a change that needs attention
///
/// Carried out once, and only while the step is parked by the attempt that the decision names.
#[utoipa::path(post, path = "/changes/{id}/attention", operation_id = "decide_attention", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")), request_body = AttentionDecision,
    responses((status = 200, body = ChangeInFull, description = "The change as it stands now; of `roll_back`, the new change.")))]
pub(super) async fn decide(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    Sent(sent): Sent<AttentionDecision>,
) -> Result<Json<ChangeInFull>, Refused> {
    let control = state.control();
    let choice = match sent.choice {
        Choice::Done => Chosen::Done,
        Choice::GoOn => Chosen::GoOn,
        Choice::Retry => Chosen::Retry,
        Choice::Abandon => Chosen::Abandon,
        Choice::RollBack => {
            let back = control.roll_back_halted(&caller, id, sent.attempt, sent.reason);
            return Ok(Json(back.await?.into()));
        }
    };
    let settlement = Settlement {
        choice,
        attempt: sent.attempt,
        reason: sent.reason,
        reference: sent.reference,
    };
    let change = control.settle_attention(&caller, id, settlement).await?;
    Ok(Json(change.into()))
}
