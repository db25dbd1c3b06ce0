//! SQL of lists of changes: keyset pages, newest first, counted up to a bound.

use domain::{ChangeState, Login, Person, PersonId, Requirement, TeamName, policy::Visibility};
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};

use crate::{
    Cursor, Page, Result,
    changes::{ChangeQuery, ChangeRow, TimelineEntry},
    error::corrupt,
};

/// Counting stops here; more is shown as "10,000+".
pub(in crate::changes) const COUNTED: i64 = 10_000;

/// What a [`Row`] is made of.
const COLUMNS: &str = "SELECT c.id, c.kind, c.state, c.reason, c.requester_login, c.service, c.team, c.version, c.environment, c.protected,
    c.evidence_digest, c.cancel_requested, c.state_reason, c.created_at, c.updated_at, c.expires_at";

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
            queued: None,
        })
    }
}

/// Adds the conditions of a query. Only those that are asked for: each text has one good plan, which the database keeps,
/// where a text for all cases ("or the filter is NULL") would be planned anew for every page or planned badly.
fn push_filter(
    sql: &mut QueryBuilder<Postgres>,
    query: &ChangeQuery,
    visible: &Visibility,
    me: PersonId,
) {
    sql.push(" FROM change c WHERE true");
    if let Visibility::Teams(teams) = visible {
        let teams: Vec<String> = teams.iter().map(ToString::to_string).collect();
        // One's own changes are seen besides.
        sql.push(" AND (c.team = ANY(").push_bind(teams);
        sql.push(") OR c.requester_id = ").push_bind(me.0);
        sql.push(")");
    }
    let states: Vec<&str> = if query.awaiting_me {
        vec![ChangeState::AwaitingApproval.as_str()]
    } else {
        query.states.iter().map(|state| state.as_str()).collect()
    };
    match states.as_slice() {
        [] => {}
        [one] => {
            sql.push(" AND c.state = ").push_bind((*one).to_owned());
        }
        many => {
            let many: Vec<String> = many.iter().map(|s| (*s).to_owned()).collect();
            sql.push(" AND c.state = ANY(").push_bind(many).push(")");
        }
    }
    let equal = [
        (" AND c.kind = ", query.kind.map(|k| k.as_str().to_owned())),
        (
            " AND c.service = ",
            query.service.as_ref().map(ToString::to_string),
        ),
        (
            " AND c.environment = ",
            query.environment.as_ref().map(ToString::to_string),
        ),
        (
            " AND c.requester_login = ",
            query.requester.as_ref().map(ToString::to_string),
        ),
    ];
    for (condition, value) in equal {
        if let Some(value) = value {
            sql.push(condition).push_bind(value);
        }
    }
    if query.awaiting_me {
        // Only where this person has not decided and did not ask.
        sql.push(" AND c.requester_id <> ").push_bind(me.0);
        sql.push(
            " AND NOT EXISTS (SELECT FROM approval a WHERE a.change_id = c.id AND a.person_id = ",
        )
        .push_bind(me.0);
        sql.push(")");
    }
}

/// Goes on after the page that the query's cursor ends.
fn push_place(sql: &mut QueryBuilder<Postgres>, query: &ChangeQuery) -> Result<()> {
    if let Some(text) = &query.cursor {
        let before = Cursor::decode(text, 1, &query.list())?.0[0]
            .parse::<uuid::Uuid>()
            .map_err(|_| Cursor::broken())?;
        sql.push(" AND c.id < ").push_bind(before);
    }
    Ok(())
}

pub(in crate::changes) async fn page(
    pool: &PgPool,
    query: &ChangeQuery,
    visible: &Visibility,
    me: PersonId,
    limit: i64,
) -> Result<Page<ChangeRow>> {
    let mut sql = QueryBuilder::new(COLUMNS);
    push_filter(&mut sql, query, visible, me);
    push_place(&mut sql, query)?;
    sql.push(" ORDER BY c.id DESC LIMIT ").push_bind(limit + 1);
    let rows: Vec<Row> = sql.build_query_as().fetch_all(pool).await?;
    let items = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<ChangeRow>>>()?;
    Ok(Page::cut(items, limit, &query.list(), |r| {
        vec![r.id.to_string()]
    }))
}

/// These changes, newest first.
pub(in crate::changes) async fn of_ids(
    pool: &PgPool,
    ids: &[uuid::Uuid],
) -> Result<Vec<ChangeRow>> {
    let mut sql = QueryBuilder::new(COLUMNS);
    sql.push(" FROM change c WHERE c.id = ANY(").push_bind(ids);
    sql.push(") ORDER BY c.id DESC");
    let rows: Vec<Row> = sql.build_query_as().fetch_all(pool).await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// A change that waits, with no more of it than tells whom it waits for.
pub(in crate::changes) struct Waiting {
    pub(in crate::changes) id: uuid::Uuid,
    team: TeamName,
    requirements: Vec<Requirement>,
}

impl Waiting {
    /// Whether any requirement, open or not, is one that this person could serve.
    pub(in crate::changes) fn asks(&self, person: &Person) -> bool {
        self.requirements
            .iter()
            .any(|one| one.of.include(person, &self.team))
    }
}

/// What a query that asks for [`ChangeQuery::awaiting_me`] matches, newest first.
pub(in crate::changes) async fn waiting(
    pool: &PgPool,
    query: &ChangeQuery,
    visible: &Visibility,
    me: PersonId,
    limit: i64,
) -> Result<Vec<Waiting>> {
    let mut sql = QueryBuilder::new("SELECT c.id, c.team, c.requirements");
    push_filter(&mut sql, query, visible, me);
    push_place(&mut sql, query)?;
    sql.push(" ORDER BY c.id DESC LIMIT ").push_bind(limit);
    let rows: Vec<(uuid::Uuid, String, serde_json::Value)> =
        sql.build_query_as().fetch_all(pool).await?;
    rows.into_iter()
        .map(|(id, team, requirements)| {
            let bad = |column: &'static str, why: String| corrupt("change", column, id, why);
            Ok(Waiting {
                id,
                team: TeamName::parse(team).map_err(|e| bad("team", e.to_string()))?,
                requirements: serde_json::from_value(requirements)
                    .map_err(|e| bad("requirements", e.to_string()))?,
            })
        })
        .collect()
}

/// How many match, up to [`COUNTED`] + 1.
pub(in crate::changes) async fn count(
    pool: &PgPool,
    query: &ChangeQuery,
    visible: &Visibility,
    me: PersonId,
) -> Result<i64> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1");
    push_filter(&mut sql, query, visible, me);
    sql.push(" LIMIT ").push_bind(COUNTED + 1);
    sql.push(") AS counted");
    Ok(sql.build_query_scalar().fetch_one(pool).await?)
}

#[derive(FromRow)]
struct EventRow {
    at: jiff_sqlx::Timestamp,
    door: String,
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
        // What was refused has a limit of its own: however often somebody tries, it hides nothing of what was done. That
        // somebody who may not see the change looked for it is no part of its story; the audit log has it.
        "SELECT at, door, kind, outcome, person_login, record FROM (
             (SELECT * FROM audit_event WHERE change_id = $1 AND outcome <> 'denied' ORDER BY id DESC LIMIT 500)
             UNION ALL
             (SELECT * FROM (SELECT * FROM audit_event WHERE change_id = $1 AND outcome = 'denied' ORDER BY id DESC LIMIT 500) AS denied
                WHERE record::jsonb #>> '{data,action}' IS DISTINCT FROM 'read' ORDER BY id DESC LIMIT 50)) AS newest
         ORDER BY id",
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
                door: row.door,
                kind: domain::RecordedKind::read(row.kind),
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
