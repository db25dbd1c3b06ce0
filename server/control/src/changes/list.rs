//! Lists of changes, and what each job role sees first.

use domain::{
    Caller, ChangeId, ChangeKind, ChangeState, EnvironmentName, EvidenceDigest, Login, PersonId,
    ServiceName, TeamName, Version, policy::Visibility,
};
use jiff::Timestamp;
use serde::Serialize;

use super::rows::list as sql;
use crate::{Control, Page, Result, page::limit};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeQuery {
    /// Any of these; all when empty.
    pub states: Vec<ChangeState>,
    pub kind: Option<ChangeKind>,
    pub service: Option<ServiceName>,
    pub environment: Option<EnvironmentName>,
    pub requester: Option<Login>,
    /// Only what waits for an approval that the caller may still give.
    pub awaiting_me: bool,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

impl ChangeQuery {
    /// The same question, whichever page of its answer.
    fn asked(&self) -> Self {
        Self {
            cursor: None,
            limit: None,
            ..self.clone()
        }
    }

    /// What a cursor belongs to.
    pub(super) fn list(&self) -> String {
        format!("{:?}", self.asked())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeRow {
    pub id: ChangeId,
    pub kind: ChangeKind,
    pub state: ChangeState,
    pub reason: String,
    pub requester: Login,
    pub service: ServiceName,
    pub team: TeamName,
    pub version: Version,
    pub environment: EnvironmentName,
    pub protected: bool,
    pub evidence_digest: EvidenceDigest,
    /// A running change that is being stopped.
    pub cancel_requested: bool,
    /// Why it is in its state, in words.
    pub state_reason: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub expires_at: Timestamp,
    /// What an approved change waits for.
    pub queued: Option<super::queue::Queued>,
}

/// What a person sees first.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Home {
    /// Asked for by the caller, newest first.
    pub mine: Vec<ChangeRow>,
    /// Waiting for the caller's word.
    pub awaiting: Vec<ChangeRow>,
    pub running: Vec<ChangeRow>,
    pub attention: Vec<ChangeRow>,
    /// Failed lately.
    pub failed: Vec<ChangeRow>,
}

impl Control {
    /// Newest first. The total is exact up to 10,000.
    pub async fn changes(&self, caller: &Caller, query: ChangeQuery) -> Result<Page<ChangeRow>> {
        let visible = self.visible(caller)?;
        let limit = limit(query.limit)?;
        if query.awaiting_me {
            return self.awaiting(caller, query, limit, true).await;
        }
        let mut page = sql::page(self.pool(), &query, &visible, caller.person.id, limit).await?;
        self.queue(caller, &mut page.items).await?;
        page.total = Some(
            self.count(&query, &visible, caller.person.id)
                .await?
                .unsigned_abs(),
        );
        Ok(page)
    }

    /// How many match, counted at most a second ago.
    async fn count(&self, query: &ChangeQuery, visible: &Visibility, me: PersonId) -> Result<i64> {
        let asked = query.asked();
        // Whose question it is matters only to those who do not see everything.
        let whose = if *visible == Visibility::All {
            None
        } else {
            Some(me)
        };
        let key = format!("{asked:?} {visible:?} {whose:?}");
        if let Some(counted) = self.memory().changes_counted.get(&key) {
            return Ok(counted);
        }
        let counted = sql::count(self.pool(), query, visible, me).await?;
        self.memory().changes_counted.put(key, counted);
        Ok(counted)
    }

    pub async fn home(&self, caller: &Caller) -> Result<Home> {
        use ChangeState as S;
        let some = |states: Vec<ChangeState>| ChangeQuery {
            states,
            limit: Some(10),
            ..ChangeQuery::default()
        };
        let visible = self.visible(caller)?;
        let me = caller.person.id;
        let mine = ChangeQuery {
            requester: Some(caller.person.login.clone()),
            ..some(vec![])
        };
        let failed = some(vec![S::Failed, S::Stale, S::Rejected]);
        let awaiting = ChangeQuery {
            awaiting_me: true,
            ..ChangeQuery::default()
        };
        let (running, attention) = (some(vec![S::Running]), some(vec![S::NeedsAttention]));
        let (mine, running, attention, failed, awaiting) = tokio::try_join!(
            sql::page(self.pool(), &mine, &visible, me, 10),
            sql::page(self.pool(), &running, &visible, me, 10),
            sql::page(self.pool(), &attention, &visible, me, 10),
            sql::page(self.pool(), &failed, &visible, me, 10),
            // Shown without how many there are, so the search may end at the tenth.
            self.awaiting(caller, awaiting, 10, false),
        )?;
        Ok(Home {
            mine: mine.items,
            awaiting: awaiting.items,
            running: running.items,
            attention: attention.items,
            failed: failed.items,
        })
    }
}
