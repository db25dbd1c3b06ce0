//! What a change waits for besides people and the calendar, and the rules and policies behind it.

use axum::{Json, extract::State, http::StatusCode};
use control::changes::{MatchedRule, PromotionOverride, Timed};
use domain::{
    ChangeId, ChangeState, EnvironmentName, EvidenceDigest, Login, Reason, hold::Hold,
    policy::Answer,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::detail::ChangeInFull;
use crate::{
    AppState,
    api::{
        asking::{Named, Plain, Sent},
        refusal::Permission,
        words,
    },
    edge::{Refused, SignedIn},
};

/// When it may start, besides approvals and the calendar.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Timing {
    /// Not before this moment.
    start_at: Option<Timestamp>,
    /// Not before these have succeeded.
    after: Vec<Follows>,
    /// What holds it now, each on its own.
    holds: Vec<Held>,
    /// Who let its release go where it had not run before.
    promotion_override: Option<PromotionOverridden>,
}

/// A change that this one is to follow, as it stands now.
#[derive(Debug, Serialize, ToSchema)]
struct Follows {
    #[schema(value_type = words::Id)]
    id: ChangeId,
    #[schema(value_type = words::ChangeState)]
    state: ChangeState,
}

/// One reason why it cannot start now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Held {
    Time {
        until: Timestamp,
        words: String,
    },
    After {
        #[schema(value_type = words::Id)]
        change: ChangeId,
        /// It will never succeed.
        broken: bool,
        words: String,
    },
    Promotion {
        #[schema(value_type = words::EnvironmentName)]
        from: EnvironmentName,
        words: String,
    },
}

/// For ever on the change.
#[derive(Debug, Serialize, ToSchema)]
struct PromotionOverridden {
    #[schema(value_type = words::Login)]
    by: Login,
    reason: String,
    at: Timestamp,
}

/// One rule in force that matches, in words.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct RuleThatMatches {
    name: String,
    /// Which changes it is about.
    about: String,
    /// What it needs; empty: nobody.
    needs: Vec<String>,
}

/// What policy says to the caller about one action.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct PolicyAnswer {
    action: String,
    answer: Permission,
    /// The policies that determined it, by their ids: those that permit, or those that forbid. None: no policy permits it.
    policies: Vec<String>,
    /// Whether these forbid.
    forbidden: bool,
}

impl From<Timed> for Timing {
    fn from(timed: Timed) -> Self {
        Self {
            start_at: timed.start_at,
            after: timed
                .after
                .into_iter()
                .map(|(id, state)| Follows { id, state })
                .collect(),
            holds: timed.holds.into_iter().map(Into::into).collect(),
            promotion_override: timed.promotion.map(Into::into),
        }
    }
}

impl From<Hold> for Held {
    fn from(hold: Hold) -> Self {
        let (words, broken) = (hold.words(), hold.is_broken());
        match hold {
            Hold::Time { until } => Self::Time { until, words },
            Hold::After { change, .. } => Self::After {
                change,
                broken,
                words,
            },
            Hold::Promotion { from } => Self::Promotion { from, words },
        }
    }
}

impl From<PromotionOverride> for PromotionOverridden {
    fn from(it: PromotionOverride) -> Self {
        Self {
            by: it.by,
            reason: it.reason,
            at: it.at,
        }
    }
}

impl From<MatchedRule> for RuleThatMatches {
    fn from(rule: MatchedRule) -> Self {
        Self {
            name: rule.name,
            about: rule.about,
            needs: rule.needs,
        }
    }
}

impl From<Answer> for PolicyAnswer {
    fn from(answer: Answer) -> Self {
        Self {
            action: answer.action.to_owned(),
            forbidden: answer.policies.iter().any(|p| p.forbids),
            policies: answer.policies.into_iter().map(|p| p.id).collect(),
            answer: answer.verdict.into(),
        }
    }
}

/// Why a release may go where it has not run in the environment before.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Promote {
    /// Of the evidence that was looked at.
    #[schema(value_type = words::EvidenceDigest)]
    evidence_digest: EvidenceDigest,
    #[schema(value_type = words::Reason)]
    reason: Reason,
}

/// Override the order of promotion for one change
///
/// A separate right, never the requester's; it shows on the change for ever.
#[utoipa::path(post, path = "/changes/{id}/promotion-override", operation_id = "override_promotion", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")), request_body = Promote,
    responses((status = 201, body = ChangeInFull, description = "The change as it stands now.")))]
pub(in crate::api) async fn override_promotion(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    Sent(sent): Sent<Promote>,
) -> Result<(StatusCode, Json<ChangeInFull>), Refused> {
    let change = state
        .control()
        .override_promotion(&caller, id, sent.evidence_digest, sent.reason)
        .await?;
    Ok((StatusCode::CREATED, Json(change.into())))
}
