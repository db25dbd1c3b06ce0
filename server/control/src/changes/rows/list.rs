//! SQL of lists of changes: keyset pages, newest first, counted up to a bound.

use domain::{Login, PersonId, TeamName, policy::Visibility};
use sqlx::{FromRow, PgPool};

use crate::{
    Cursor, Page, Result,
    changes::{ChangeQuery, ChangeRow, TimelineEntry},
    error::corrupt,
};

/// Counting stops here; more is shown as "10,000+".
pub(in crate::changes) const COUNTED: i64 = 10_000;

#[derive(FromRow)]
struct Row {
    id: uuid::Uuid,
    kind: String,
    state: String,
    reason: String,
    requester_login: String,
    service: String,
    team: String,
    version: String,
    environment: String,
    protected: bool,
    evidence_digest: Vec<u8>,
    cancel_requested: bool,
    state_reason: Option<String>,
    created_at: jiff_sqlx::Timestamp,
    updated_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
}

impl TryFrom<Row> for ChangeRow {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |column: &'static str, why: String| corrupt("change", column, row.id, why);
        let text = |e: domain::names::Unacceptable| e.to_string();
        let digest: [u8; 32] = row
            .evidence_digest
            .as_slice()
            .try_into()
            .map_err(|_| bad("evidence_digest", "not 32 bytes".into()))?;
        Ok(Self {
            id: row.id.into(),
            kind: row.kind.parse().map_err(|e| bad("kind", e))?,
            state: row.state.parse().map_err(|e| bad("state", e))?,
            requester: Login::parse(row.requester_login)
                .map_err(|e| bad("requester_login", text(e)))?,
            service: domain::ServiceName::parse(row.service)
                .map_err(|e| bad("service", text(e)))?,
            team: TeamName::parse(row.team).map_err(|e| bad("team", text(e)))?,
            version: domain::Version::parse(row.version).map_err(|e| bad("version", text(e)))?,
            environment: domain::EnvironmentName::parse(row.environment)
                .map_err(|e| bad("environment", text(e)))?,
            reason: row.reason,
            protected: row.protected,
            evidence_digest: domain::EvidenceDigest(digest),
            cancel_requested: row.cancel_requested,
            state_reason: row.state_reason,
            created_at: row.created_at.to_jiff(),
            updated_at: row.updated_at.to_jiff(),
            expires_at: row.expires_at.to_jiff(),
        })
    }
}

/// The filters as SQL sees them: NULL matches all.
struct Filter {
    teams: Option<Vec<String>>,
    /// Whose own changes are seen besides.
    me: uuid::Uuid,
    states: Option<Vec<String>>,
    kind: Option<String>,
    service: Option<String>,
    environment: Option<String>,
    requester: Option<String>,
    /// Only where this person has not decided and did not ask.
    undecided_by: Option<uuid::Uuid>,
}

fn filter(query: &ChangeQuery, visible: &Visibility, me: PersonId) -> Filter {
    let states: Vec<String> = if query.awaiting_me {
        vec!["awaiting_approval".into()]
    } else {
        query.states.iter().map(|s| s.as_str().to_owned()).collect()
    };
    Filter {
        teams: match visible {
            Visibility::All => None,
            Visibility::Teams(teams) => Some(teams.iter().map(ToString::to_string).collect()),
        },
        me: me.0,
        states: (!states.is_empty()).then_some(states),
        kind: query.kind.map(|k| k.as_str().to_owned()),
        service: query.service.as_ref().map(ToString::to_string),
        environment: query.environment.as_ref().map(ToString::to_string),
        requester: query.requester.as_ref().map(ToString::to_string),
        undecided_by: query.awaiting_me.then_some(me.0),
    }
}

/// The condition both statements share. A macro, since SQL texts are constants.
macro_rules! matching {
    ($select:literal, $end:literal) => {
        concat!(
            $select,
            " FROM change c WHERE ($1::text[] IS NULL OR c.team = ANY($1) OR c.requester_id = $2)
              AND ($3::text[] IS NULL OR c.state = ANY($3)) AND ($4::text IS NULL OR c.kind = $4)
              AND ($5::text IS NULL OR c.service = $5) AND ($6::text IS NULL OR c.environment = $6)
              AND ($7::text IS NULL OR c.requester_login = $7)
              AND ($8::uuid IS NULL OR (c.requester_id <> $8
                   AND NOT EXISTS (SELECT FROM approval a WHERE a.change_id = c.id AND a.person_id = $8)))",
            $end
        )
    };
}

pub(in crate::changes) async fn page(
    pool: &PgPool,
    query: &ChangeQuery,
    visible: &Visibility,
    me: PersonId,
    limit: i64,
) -> Result<Page<ChangeRow>> {
    let before = match &query.cursor {
        Some(text) => Cursor::decode(text, 1)?.0[0]
            .parse::<uuid::Uuid>()
            .map(Some)
            .map_err(|_| Cursor::broken())?,
        None => None,
    };
    let f = filter(query, visible, me);
    let rows: Vec<Row> = sqlx::query_as(matching!(
        "SELECT c.id, c.kind, c.state, c.reason, c.requester_login, c.service, c.team, c.version, c.environment, c.protected,
                c.evidence_digest, c.cancel_requested, c.state_reason, c.created_at, c.updated_at, c.expires_at",
        " AND ($9::uuid IS NULL OR c.id < $9) ORDER BY c.id DESC LIMIT $10"
    ))
    .bind(&f.teams)
    .bind(f.me)
    .bind(&f.states)
    .bind(&f.kind)
    .bind(&f.service)
    .bind(&f.environment)
    .bind(&f.requester)
    .bind(f.undecided_by)
    .bind(before)
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    let items = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<ChangeRow>>>()?;
    Ok(Page::cut(items, limit, |r| vec![r.id.to_string()]))
}

/// How many match, up to [`COUNTED`] + 1.
pub(in crate::changes) async fn count(
    pool: &PgPool,
    query: &ChangeQuery,
    visible: &Visibility,
    me: PersonId,
) -> Result<i64> {
    let f = filter(query, visible, me);
    Ok(sqlx::query_scalar(matching!(
        "SELECT count(*) FROM (SELECT 1",
        " LIMIT $9) AS counted"
    ))
    .bind(&f.teams)
    .bind(f.me)
    .bind(&f.states)
    .bind(&f.kind)
    .bind(&f.service)
    .bind(&f.environment)
    .bind(&f.requester)
    .bind(f.undecided_by)
    .bind(COUNTED + 1)
    .fetch_one(pool)
    .await?)
}

#[derive(FromRow)]
struct EventRow {
    at: jiff_sqlx::Timestamp,
    kind: String,
    outcome: String,
    person_login: Option<String>,
    record: String,
}

/// What happened to a change, oldest first.
pub(in crate::changes) async fn timeline(
    pool: &PgPool,
    id: domain::ChangeId,
) -> Result<Vec<TimelineEntry>> {
    let rows: Vec<EventRow> = sqlx::query_as(
        "SELECT at, kind, outcome, person_login, record FROM (SELECT * FROM audit_event WHERE change_id = $1 ORDER BY id DESC LIMIT 500) AS newest ORDER BY id",
    )
    .bind(id.0)
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let bad = |column: &'static str, why: String| corrupt("audit_event", column, id, why);
            let record: serde_json::Value =
                serde_json::from_str(&row.record).map_err(|e| bad("record", e.to_string()))?;
            Ok(TimelineEntry {
                at: row.at.to_jiff(),
                kind: row.kind.parse().map_err(|e| bad("kind", e))?,
                outcome: row.outcome.parse().map_err(|e| bad("outcome", e))?,
                login: row
                    .person_login
                    .map(Login::parse)
                    .transpose()
                    .map_err(|e| bad("person_login", e.to_string()))?,
                data: record.get("data").cloned().unwrap_or_default(),
            })
        })
        .collect()
}
