//! What waits for somebody's word: among the newest ten thousand that wait, the newest thousand that ask for them.

use std::collections::{HashMap, HashSet};

use domain::{Approval, Caller, ChangeId, RefusalCode};

use super::{
    ChangeQuery, ChangeRow,
    rows::{self, list as sql},
};
use crate::{Control, Cursor, Page, Result, delegations::rows::Behind};

/// How many that wait are looked at, newest first, for whom they ask.
const LOOKED_AT: i64 = 10_000;
/// So many of those that ask for the person are judged by policy and rules.
const JUDGED: usize = 1_000;
/// How many are judged at a time.
const AT_A_TIME: usize = 100;

impl Control {
    /// What the caller could approve now, by policy and by the rules. With `counted` the page says how many there are,
    /// without it the search ends with the page.
    pub(super) async fn awaiting(
        &self,
        caller: &Caller,
        query: ChangeQuery,
        limit: i64,
        counted: bool,
    ) -> Result<Page<ChangeRow>> {
        let visible = self.visible(caller)?;
        let behind = self.stand_ins(caller).await?;
        let waiting =
            sql::waiting(self.pool(), &query, &visible, caller.person.id, LOOKED_AT).await?;
        // Whoever is asked by no requirement, and stands in for nobody who is, is not looked for in what policy says:
        // for an auditor that would be a thousand decisions to show an empty list.
        let asked: Vec<uuid::Uuid> = waiting
            .iter()
            .filter(|one| one.asks(&caller.person) || behind.iter().any(|b| one.asks(&b.person)))
            .map(|one| one.id)
            .take(JUDGED)
            .collect();
        let wanted = usize::try_from(limit).unwrap_or(0);
        let mut found: Vec<uuid::Uuid> = vec![];
        for some in asked.chunks(AT_A_TIME) {
            let approvable = self.approvable(caller, some, &behind).await?;
            found.extend(some.iter().filter(|id| approvable.contains(&(**id).into())));
            if !counted && found.len() > wanted {
                break;
            }
        }
        let total = counted.then_some(found.len() as u64);
        let more = found.len() > wanted;
        found.truncate(wanted);
        let items = sql::of_ids(self.pool(), &found).await?;
        let next_cursor = found
            .last()
            .filter(|_| more)
            .map(|last| Cursor(vec![last.to_string()]).encode(&query.list()));
        Ok(Page {
            items,
            next_cursor,
            total,
        })
    }

    /// Which of these changes would take and count the caller's approval now, step-up aside. Two statements,
    /// however many they are; the caller has been found to see them.
    async fn approvable(
        &self,
        caller: &Caller,
        ids: &[uuid::Uuid],
        behind: &[Behind],
    ) -> Result<HashSet<ChangeId>> {
        let mut conn = self.pool().acquire().await?;
        let stored = rows::by_ids(&mut conn, ids).await?;
        let mut given: HashMap<ChangeId, Vec<Approval>> = HashMap::new();
        for (change, approval) in rows::approvals_of(&mut conn, ids, self.standing_since()).await? {
            given.entry(change).or_default().push(approval);
        }
        drop(conn);
        let could = |stored: &rows::Stored| {
            let approvals = given.get(&stored.change.id).map_or(&[][..], Vec::as_slice);
            let agreement = self.agreement(stored, approvals);
            match self
                .buttons(caller, stored, approvals, &agreement, behind)
                .approve
            {
                Ok(()) => true,
                Err(refusal) => refusal.code == RefusalCode::StepUpRequired,
            }
        };
        Ok(stored
            .iter()
            .filter(|stored| could(stored))
            .map(|stored| stored.change.id)
            .collect())
    }
}
