//! What a change would do, and why it may or may not go on.

use axum::{extract::State, response::Response};
use control::changes::Explain;
use domain::{ChangeId, ChangeState};
use serde::Serialize;
use utoipa::ToSchema;

use super::detail::{Permissions, Requirement};
use super::timing::{PolicyAnswer, RuleThatMatches, Timing};
use crate::{
    AppState,
    api::{
        answer::Known,
        asking::{Named, Plain},
        regions::Side,
        schedule::{OverrideView, Standing},
        words,
    },
    edge::{Refused, SignedIn},
};

/// Exactly what will be done, as the portal worked it out.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the domain serialises itself")]
pub(in crate::api) struct Evidence {
    /// Form of this record.
    #[schema(minimum = 1)]
    schema: u32,
    #[schema(value_type = words::ChangeKind)]
    kind: String,
    #[schema(value_type = words::Login)]
    requester: String,
    #[schema(value_type = words::ServiceName)]
    service: String,
    #[schema(value_type = words::TeamName)]
    team: String,
    /// The service's system and tier in the catalogue; left out where it has none.
    #[schema(required = false)]
    system: String,
    #[schema(required = false)]
    tier: String,
    #[schema(value_type = words::Version)]
    version: String,
    #[schema(value_type = words::GitCommit)]
    commit: String,
    /// ECR repository, without registry.
    repository: String,
    #[schema(value_type = words::ImageDigest)]
    digest: String,
    #[schema(value_type = words::EnvironmentName)]
    environment: String,
    protected: bool,
    /// Jenkins job that deploys.
    pipeline: String,
    /// In the order of the run.
    targets: Vec<EvidenceTarget>,
    /// Where it stops behind its canaries; left out where it goes on at once.
    #[schema(required = false)]
    wave: EvidenceWave,
    /// The change that a rollback undoes; left out of other changes.
    #[schema(value_type = words::Id, required = false)]
    rollback_of: String,
    rule_version: String,
    policy_version: String,
}

/// One region that the change touches.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the domain serialises itself")]
struct EvidenceTarget {
    #[schema(value_type = words::RegionName)]
    region: String,
    side: Side,
    /// AWS account, twelve digits.
    #[schema(pattern = r"^[0-9]{12}$")]
    account: String,
    cluster: String,
    namespace: String,
    /// What the portal last verified there; null where it never deployed.
    current: Option<EvidenceRunning>,
    /// What this region goes back to; left out where it is the change's one release.
    #[schema(required = false)]
    becomes: EvidenceBecoming,
}

/// What the waves that match come to for this change.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the domain serialises itself")]
struct EvidenceWave {
    /// Their names.
    waves: Vec<String>,
    /// Goes first; `checks` are of the metrics there.
    #[schema(value_type = words::RegionName)]
    region: String,
    /// How long it is watched, and how often its metrics are read, in seconds.
    #[schema(minimum = 1)]
    bake_s: u64,
    #[schema(minimum = 1)]
    every_s: u64,
    checks: Vec<EvidenceCheck>,
    /// In each region a share of the replicas goes first; left out where all of the first region does.
    #[schema(required = false)]
    share: EvidenceShare,
}

/// The canaries of a share of the replicas.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the domain serialises itself")]
struct EvidenceShare {
    /// Of the replicas that run, rounded up to whole pods.
    #[schema(minimum = 1, maximum = 99, example = 25)]
    percent: u8,
    /// All of the first region is watched as well before the next; left out where it is not.
    #[schema(required = false)]
    region_too: bool,
    /// What decides in the regions after the first; left out where there is none.
    #[schema(required = false)]
    then: Vec<EvidenceStop>,
}

/// What decides in one region.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the domain serialises itself")]
struct EvidenceStop {
    #[schema(value_type = words::RegionName)]
    region: String,
    checks: Vec<EvidenceCheck>,
}

/// One metric that decides whether a change goes on.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the domain serialises itself")]
struct EvidenceCheck {
    wave: String,
    name: String,
    namespace: String,
    metric: String,
    dimensions: std::collections::BTreeMap<String, String>,
    #[schema(example = "p99")]
    statistic: String,
    #[schema(minimum = 1)]
    period_s: u64,
    /// `at_most` or `at_least`.
    #[schema(example = "at_most")]
    compare: String,
    /// A number as text, for canonical JSON has no fractions.
    #[schema(example = "0.01")]
    value: String,
    /// `halt` or `pass`.
    #[schema(example = "halt")]
    no_data: String,
}

/// The release that one region goes back to.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the domain serialises itself")]
struct EvidenceBecoming {
    #[schema(value_type = words::Version)]
    version: String,
    #[schema(value_type = words::ImageDigest)]
    digest: String,
    #[schema(value_type = words::GitCommit)]
    commit: String,
}

/// A version as it runs somewhere.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the domain serialises itself")]
struct EvidenceRunning {
    #[schema(value_type = words::Version)]
    version: String,
    #[schema(value_type = words::ImageDigest)]
    digest: String,
}

/// Why a change may or may not go on: the very decisions that the enforcer takes.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Explanation {
    #[schema(value_type = words::Id)]
    id: ChangeId,
    #[schema(value_type = words::ChangeState)]
    state: ChangeState,
    state_reason: Option<String>,
    requirements: Vec<Requirement>,
    may: Permissions,
    policy_version: String,
    rule_version: String,
    /// Names of the rules that match.
    rules: Vec<String>,
    /// Other rules are in force than those it was asked for under: it goes stale at its start.
    rules_changed: bool,
    matched_rules: Vec<RuleThatMatches>,
    /// What policy says to the caller, action by action.
    policies: Vec<PolicyAnswer>,
    timing: Timing,
    /// What the calendar says: the decision that the start obeys; null once it has started or ended.
    schedule: Option<Standing>,
    /// Every override there ever was.
    overrides: Vec<OverrideView>,
    /// Started now it would not run: its approvals would be void, for this. `may.start` says whether the caller may do that.
    would_void: Option<String>,
}

impl From<Explain> for Explanation {
    fn from(explain: Explain) -> Self {
        Self {
            id: explain.id,
            state: explain.state,
            state_reason: explain.state_reason,
            requirements: explain.requirements.into_iter().map(Into::into).collect(),
            may: explain.buttons.into(),
            policy_version: explain.policy_version,
            rule_version: explain.rule_version,
            rules: explain
                .matched
                .rules
                .iter()
                .map(|rule| rule.name.clone())
                .collect(),
            rules_changed: explain.matched.changed,
            matched_rules: explain.matched.rules.into_iter().map(Into::into).collect(),
            policies: explain.answers.into_iter().map(Into::into).collect(),
            timing: explain.timed.into(),
            schedule: explain.may_start.map(Into::into),
            overrides: explain.overrides.into_iter().map(Into::into).collect(),
            would_void: explain.would_void,
        }
    }
}

/// The evidence, byte for byte what its digest is of
///
/// The `ETag` is the digest: SHA-256 of this body.
#[utoipa::path(get, path = "/changes/{id}/evidence", operation_id = "get_evidence", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")),
    responses((status = 200, body = Evidence, description = "Canonical JSON.")))]
pub(in crate::api) async fn show(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    known: Known,
) -> Result<Response, Refused> {
    let change = state.control().change(&caller, id).await?;
    let tag = change.row.evidence_digest.to_string();
    Ok(known.tagged(&tag, "application/json", change.evidence_text))
}

/// Why a change may or may not go on, and who can unblock it
#[utoipa::path(get, path = "/changes/{id}/explain", operation_id = "explain_change", tag = "changes",
    params(("id" = words::Id, Path, description = "The change.")),
    responses((status = 200, body = Explanation, description = "The decisions.")))]
pub(in crate::api) async fn explain(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<ChangeId>,
    known: Known,
) -> Result<Response, Refused> {
    known.answer(&Explanation::from(
        state.control().explain(&caller, id).await?,
    ))
}
