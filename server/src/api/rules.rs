//! The rules in force: who must agree to which change.

use axum::{extract::State, response::Response};
use domain::{
    Approvers, ChangeKind, EnvironmentName, JobRole, Rule, RuleSet, ServiceName, TeamName,
    rule::Demand,
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
}

/// Which changes a rule is about; null matches all.
#[derive(Debug, Serialize, ToSchema)]
struct RuleMatch {
    #[schema(value_type = Option<words::ChangeKind>)]
    kind: Option<ChangeKind>,
    #[schema(value_type = Option<words::EnvironmentName>)]
    environment: Option<EnvironmentName>,
    protected: Option<bool>,
    #[schema(value_type = Option<words::TeamName>)]
    team: Option<TeamName>,
    #[schema(value_type = Option<words::ServiceName>)]
    service: Option<ServiceName>,
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

impl From<&RuleSet> for Rules {
    fn from(rules: &RuleSet) -> Self {
        Self {
            version: rules.version().to_owned(),
            items: rules.rules().iter().cloned().map(Into::into).collect(),
        }
    }
}

impl From<Rule> for RuleInForce {
    fn from(rule: Rule) -> Self {
        let demand = |d: Demand| RuleDemand {
            count: d.count,
            of: d.of.into(),
            step_up: d.step_up,
        };
        Self {
            name: rule.name,
            r#match: RuleMatch {
                kind: rule.matches.kind,
                environment: rule.matches.environment,
                protected: rule.matches.protected,
                team: rule.matches.team,
                service: rule.matches.service,
            },
            require: rule.demands.into_iter().map(demand).collect(),
        }
    }
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
    known.answer(&Rules::from(state.control().rules_in_force(&caller)?))
}
