//! Giving one's word: approve or reject, bound to the evidence one has seen.

use domain::{
    Caller, CallerKind, Change, ChangeId, ChangeState, EvidenceDigest, Refusal, RefusalCode,
    RequirementStatus, Verdict,
    agreement::Agreement,
    policy::{Approve, Reject},
};
use serde_json::json;

use super::{ChangeDetail, rows};
use crate::{Control, Error, Result, delegations::rows::Behind, new_id};

impl Control {
    /// Records the word. The last one needed makes the grant, and the change starts or waits to be started.
    pub async fn decide(
        &self,
        caller: &Caller,
        id: ChangeId,
        verdict: Verdict,
        digest: EvidenceDigest,
        comment: String,
    ) -> Result<ChangeDetail> {
        if comment.chars().count() > 2_000 || domain::writing::has_no_place_in_text(&comment) {
            return Err(Refusal::field(
                "comment",
                "at most 2,000 characters, without control characters and code points that are no characters",
            )
            .into());
        }
        if domain::writing::turns(&comment) {
            return Err(Refusal::field("comment", domain::writing::TURNS).into());
        }
        if verdict == Verdict::Reject && !domain::writing::is_readable(&comment) {
            return Err(
                Refusal::field("comment", "say why you reject it: the requester reads it").into(),
            );
        }
        let tx = self.begin(caller).await?;
        let (tx, stored) = self.locked_change(caller, tx, id).await?;
        if stored.change.state == ChangeState::AwaitingApproval {
            super::view::unexpired(&stored.change, tx.now())?;
        }
        let subject = stored.change.clone();
        let (mut tx, moved) = match verdict {
            Verdict::Approve => {
                let (tx, allowed) = self.allow_in(tx, caller, Approve, subject).await?;
                (tx, allowed.approve(digest))
            }
            Verdict::Reject => {
                let (tx, allowed) = self.allow_in(tx, caller, Reject, subject).await?;
                (tx, allowed.reject(digest))
            }
        };
        let (change, event) = match moved {
            Ok(moved) => moved,
            // A word on something else than what is there: worth knowing, whoever gave it.
            Err(refusal) if refusal.code == RefusalCode::DigestMismatch => {
                drop(tx);
                return Err(self.refused(caller, id, refusal).await?);
            }
            Err(refusal) => return Err(refusal.into()),
        };
        let authentication = match &caller.kind {
            CallerKind::Person { authentication, .. } => Some(authentication),
            CallerKind::Token { .. } | CallerKind::Job { .. } => None,
        };
        if verdict == Verdict::Reject {
            let since = self.standing_since();
            let approvals = rows::approvals(tx.conn(), id, since).await?;
            let agreement = self.agreement(&stored, &approvals);
            let now = tx.now();
            let all =
                crate::delegations::rows::behind(tx.conn(), caller.person.id, now, since).await?;
            if let Err(refusal) = self.asked(caller, &stored.change, &agreement, &all) {
                drop(tx);
                return Err(self.refused(caller, id, refusal).await?);
            }
        }
        let stepped_up = caller.is_stepped_up(tx.now());
        let behind = match verdict {
            Verdict::Approve => self.behind(&mut tx, caller, &stored).await?,
            Verdict::Reject => None,
        };
        let new = rows::NewApproval {
            id: new_id(),
            change: id,
            person: caller.person.id,
            verdict,
            digest,
            comment: &comment,
            stepped_up,
            auth_time: authentication.map(|a| a.auth_time),
            door: caller.kind.as_str(),
            behind: behind.as_ref().map(|(by, person)| (person.id, *by)),
        };
        if !rows::insert_approval(&mut tx, new).await? {
            drop(tx);
            let refusal = Refusal::new(
                RefusalCode::AlreadyDecided,
                "You have already given your word on this change; one each.",
            );
            return Err(self.refused(caller, id, refusal).await?);
        }
        let event = event.with(json!({
            "evidence_digest": digest, "comment": comment, "stepped_up": stepped_up,
            "on_behalf_of": behind.as_ref().map(|(_, person)| &person.login),
            "delegation": behind.as_ref().map(|(by, _)| by),
        }));
        if verdict == Verdict::Reject {
            let why = if comment.is_empty() {
                None
            } else {
                Some(comment.as_str())
            };
            rows::save(&mut tx, &change, why).await?;
            tx.commit(event, vec![]).await?;
            return self.change(caller, id).await;
        }
        let approvals = rows::approvals(tx.conn(), id, self.standing_since()).await?;
        let agreement = self.agreement(&stored, &approvals);
        let mut more = vec![];
        if agreement.is_reached() {
            let (change, ready) = change.make_ready()?;
            rows::save(&mut tx, &change, None).await?;
            rows::make_grant(&mut tx, new_id(), &change).await?;
            more.push(ready);
            let ready = rows::Stored {
                change,
                ..stored.clone()
            };
            more.extend(self.schedule_held(&mut tx, &ready).await?);
        } else if agreement
            .status
            .iter()
            .any(|s| s.given_by.contains(&caller.person.id))
        {
            rows::touch(&mut tx, id).await?;
        } else {
            // Entitled by policy, but no rule counts this person: a word that changes nothing misleads.
            let refusal = Refusal::new(
                RefusalCode::Forbidden,
                "Your approval would not count: no rule for this change asks for somebody of your job role or team, or those are satisfied already.",
            );
            drop(tx);
            return Err(self.refused(caller, id, refusal).await?);
        }
        tx.commit(event, more).await?;
        self.work().notify_waiters();
        self.change(caller, id).await
    }

    /// Whom the caller's word would be given for: nobody where it counts by itself.
    async fn behind(
        &self,
        tx: &mut crate::ChangeTx,
        caller: &Caller,
        stored: &rows::Stored,
    ) -> Result<Option<(domain::DelegationId, domain::Person)>> {
        let (change, since, now) = (&stored.change, self.standing_since(), tx.now());
        let approvals = rows::approvals(tx.conn(), change.id, since).await?;
        let agreement = self.agreement(stored, &approvals);
        let stepped_up = caller.is_stepped_up(now);
        if !agreement
            .would_serve(change, &caller.person, None, stepped_up)
            .is_empty()
        {
            return Ok(None);
        }
        let all = crate::delegations::rows::behind(tx.conn(), caller.person.id, now, since).await?;
        let found = self.serving(change, &agreement, caller, &all, stepped_up);
        Ok(found.map(|one| (one.by, one.person.clone())))
    }

    /// Whether some rule for the change asks for the caller, or for whom they stand in for, satisfied already or not: who is
    /// not asked does not reject. Whoever may cancel a change still can.
    pub(super) fn asked(
        &self,
        caller: &Caller,
        change: &Change,
        agreement: &Agreement,
        all: &[Behind],
    ) -> std::result::Result<(), Refusal> {
        let of = |person: &domain::Person| {
            let needed = |s: &RequirementStatus| s.requirement.of.include(person, &change.team);
            agreement.status.iter().any(needed)
        };
        let behind = || {
            let mut covering = all.iter().filter(|one| one.covers(change));
            covering.any(|one| of(&one.person))
        };
        if of(&caller.person) || behind() {
            return Ok(());
        }
        Err(Refusal::new(
            RefusalCode::Forbidden,
            "Your word is not asked for: no rule for this change asks for somebody of your job role or team.",
        ))
    }

    /// The first of those whom the caller stands in for with whose standing their word would count.
    pub(super) fn serving<'a>(
        &self,
        change: &Change,
        agreement: &Agreement,
        caller: &Caller,
        all: &'a [Behind],
        stepped_up: bool,
    ) -> Option<&'a Behind> {
        all.iter().filter(|one| one.covers(change)).find(|one| {
            let other = super::start::job(one.person.clone());
            let may = self
                .policies()
                .may(&other, Approve, change, self.now())
                .is_ok();
            let person = Some(&one.person);
            may && !agreement
                .would_serve(change, &caller.person, person, stepped_up)
                .is_empty()
        })
    }

    /// Records a refusal about a change and hands it back as the error to return.
    pub(super) async fn refused(
        &self,
        caller: &Caller,
        id: ChangeId,
        refusal: Refusal,
    ) -> Result<Error> {
        let subject = domain::SubjectRef::new("change", id);
        let event =
            domain::Event::denied(domain::EventKind::ActionDenied, subject, &refusal).of_change(id);
        self.record(caller, event).await?;
        Ok(refusal.into())
    }
}
