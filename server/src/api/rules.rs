//! The rules in force: who must agree to which change.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use control::rules::InForce;
use domain::{
    Approvers, ChangeKind, EnvironmentName, JobRole, RegionName, Rule, ServiceName, TeamName,
    rule::{AnyOf, Demand, Matches, Size},
    wave::{Threshold, Wave},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{answer::Known, asking::Plain, words};
use crate::{
    AppState,
    edge::{Refused, SignedIn},
};

/// All rules, in the order of the configuration. Several that match are each satisfied by distinct people.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rules {
    /// Moves whenever any rule does; part of every evidence.
    #[schema(pattern = r"^[0-9a-f]{16}$")]
    version: String,
    items: Vec<RuleInForce>,
    /// Where changes stop behind their canaries; several that match hold together.
    waves: Vec<WaveInForce>,
}

/// Where a change stops behind a canary, and what decides whether the rest follows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Wave)]
struct WaveInForce {
    #[schema(example = "payments are watched in the passive region")]
    name: String,
    r#match: RuleMatch,
    /// Percent of the replicas of each region that go before the rest of it; null where all of the first region is the
    /// canary.
    #[schema(minimum = 1, maximum = 99, example = 25)]
    share: Option<u8>,
    /// How long the canary is watched, and how often its metrics are read meanwhile, in seconds.
    #[schema(minimum = 1)]
    bake_s: u64,
    #[schema(minimum = 1)]
    every_s: u64,
    thresholds: Vec<WaveThreshold>,
    /// Names in its match that nothing in the catalogue bears, so that it takes in nothing by them.
    #[schema(example = json!(["service crat"]))]
    matches_nothing: Vec<String>,
}

/// One metric that decides.
#[derive(Debug, Serialize, ToSchema)]
struct WaveThreshold {
    name: String,
    namespace: String,
    metric: String,
    /// Values may name `{service}`, `{environment}`, `{region}`, `{cluster}` and `{namespace}`.
    dimensions: BTreeMap<String, String>,
    #[schema(example = "p99")]
    statistic: String,
    #[schema(minimum = 1)]
    period_s: u64,
    /// `at_most` or `at_least`.
    #[schema(example = "at_most")]
    compare: &'static str,
    value: f64,
    /// What it means that there is no data at the end: `halt` or `pass`.
    #[schema(example = "halt")]
    no_data: &'static str,
}

/// One rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule)]
struct RuleInForce {
    #[schema(example = "staging needs one of the owning team")]
    name: String,
    r#match: RuleMatch,
    /// Empty: nobody has to agree.
    require: Vec<RuleDemand>,
    /// Names in its match that nothing in the catalogue bears, so that it takes in nothing by them.
    #[schema(example = json!(["service crat"]))]
    matches_nothing: Vec<String>,
}

/// Which changes a rule is about; null matches all, a list whatever is in it.
#[derive(Debug, Serialize, ToSchema)]
struct RuleMatch {
    #[schema(value_type = Option<Vec<words::ChangeKind>>)]
    kind: Option<Vec<ChangeKind>>,
    #[schema(value_type = Option<Vec<words::EnvironmentName>>)]
    environment: Option<Vec<EnvironmentName>>,
    protected: Option<bool>,
    #[schema(value_type = Option<Vec<words::TeamName>>)]
    team: Option<Vec<TeamName>>,
    #[schema(value_type = Option<Vec<words::ServiceName>>)]
    service: Option<Vec<ServiceName>>,
    system: Option<Vec<String>>,
    /// The service's annotation `portolan/tier`.
    tier: Option<Vec<String>>,
    /// Changes that touch any of these.
    #[schema(value_type = Option<Vec<words::RegionName>>)]
    region: Option<Vec<RegionName>>,
    /// Changes that touch at least so many regions.
    regions_from: Option<u32>,
    /// Changes of at least this size: the greatest difference, over the regions, between the version that runs and the
    /// one that would, as `MAJOR.MINOR.PATCH`; `major` where that cannot be known.
    #[schema(value_type = Option<words::ChangeSize>)]
    size_from: Option<Size>,
    /// All of it in words.
    words: String,
}

/// How many of whom must agree.
#[derive(Debug, Serialize, ToSchema)]
struct RuleDemand {
    #[schema(minimum = 1)]
    count: u32,
    of: Of,
    /// The approver must have shown a second factor within the last 300 seconds.
    step_up: bool,
}

/// Whose approval counts: anyone of the team that owns the service, of a job role, or of a named team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approvers)]
#[serde(rename_all = "snake_case")]
pub(super) enum Of {
    OwningTeam,
    #[schema(value_type = words::JobRole)]
    JobRole(JobRole),
    #[schema(value_type = words::TeamName)]
    Team(TeamName),
}

impl From<Approvers> for Of {
    fn from(approvers: Approvers) -> Self {
        match approvers {
            Approvers::OwningTeam => Self::OwningTeam,
            Approvers::JobRole(role) => Self::JobRole(role),
            Approvers::Team(team) => Self::Team(team),
        }
    }
}

impl From<InForce> for Rules {
    fn from(found: InForce) -> Self {
        let (rules, waves) = (found.rules.rules(), found.rules.waves());
        let items = rules.iter().cloned().zip(found.of_rules);
        let waves = waves.iter().cloned().zip(found.of_waves);
        Self {
            version: found.rules.version().to_owned(),
            items: items.map(Into::into).collect(),
            waves: waves.map(Into::into).collect(),
        }
    }
}

impl From<(Rule, Vec<String>)> for RuleInForce {
    fn from((rule, matches_nothing): (Rule, Vec<String>)) -> Self {
        let demand = |d: Demand| RuleDemand {
            count: d.count,
            of: d.of.into(),
            step_up: d.step_up,
        };
        Self {
            name: rule.name,
            r#match: rule.matches.into(),
            matches_nothing,
            require: rule.demands.into_iter().map(demand).collect(),
        }
    }
}

impl From<Matches> for RuleMatch {
    fn from(matches: Matches) -> Self {
        Self {
            words: matches.words(),
            kind: values(matches.kind.as_ref()),
            environment: values(matches.environment.as_ref()),
            protected: matches.protected,
            team: values(matches.team.as_ref()),
            service: values(matches.service.as_ref()),
            system: texts(matches.system.as_ref()),
            tier: texts(matches.tier.as_ref()),
            region: values(matches.region.as_ref()),
            regions_from: matches.regions_from,
            size_from: matches.size_from,
        }
    }
}

impl From<(Wave, Vec<String>)> for WaveInForce {
    fn from((wave, matches_nothing): (Wave, Vec<String>)) -> Self {
        Self {
            bake_s: wave.bake.as_secs(),
            every_s: wave.every().as_secs(),
            share: wave.canary.share().map(domain::wave::Percent::get),
            name: wave.name,
            r#match: wave.matches.into(),
            matches_nothing,
            thresholds: wave.thresholds.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Threshold> for WaveThreshold {
    fn from(one: Threshold) -> Self {
        Self {
            name: one.name,
            namespace: one.namespace,
            metric: one.metric,
            dimensions: one.dimensions,
            statistic: one.statistic,
            period_s: one.period.as_secs(),
            compare: one.compare.as_str(),
            value: one.value.get(),
            no_data: one.no_data.as_str(),
        }
    }
}

fn values<T: Clone>(any: Option<&AnyOf<T>>) -> Option<Vec<T>> {
    any.map(|any| any.values().to_vec())
}

fn texts<T: ToString>(any: Option<&AnyOf<T>>) -> Option<Vec<String>> {
    any.map(|any| any.values().iter().map(ToString::to_string).collect())
}

/// The rules in force
#[utoipa::path(get, path = "/rules", operation_id = "list_rules", tag = "places",
    responses((status = 200, body = Rules, description = "All rules.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    known: Known,
) -> Result<Response, Refused> {
    let found = state.control().rules_in_force(&caller).await?;
    known.answer(&Rules::from(found))
}
