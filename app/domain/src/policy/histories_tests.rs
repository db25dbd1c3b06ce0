//! The road of a change as a state machine, walked at random: a hundred thousand histories of people asking, deciding,
//! starting, cancelling, of time passing, evidence moving and people losing their standing.
//!
//! The functions of the domain are what is under test: policy, transitions, tally, expiry. The driver below does with them
//! what the use cases do, and an observer that shares nothing with it reads the list of what happened and looks for what
//! may never be there. Each of its findings is shown to be possible by taking one rule away.

use std::{
    any::TypeId,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    marker::PhantomData,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::{Action, Allowed, Approve, Cancel, PolicySet, Reject, Start};
use crate::{
    Approval, ApprovalId, Approvers, Authentication, Caller, CallerKind, Change, ChangeId,
    ChangeKind, ChangeState, EnvironmentName, EvidenceDigest, JobRole, Login, Person, PersonId,
    RequestId, Requirement, RequirementStatus, RunId, ServiceName, SessionId, StartMode, TeamName,
    Verdict, Version, rule::tally,
};

const SCHEMA: &str = include_str!("../../../../server/policy/portolan.cedarschema");
const POLICIES: &str = include_str!("../../../../server/policy/portolan.cedar");
const HISTORIES: u64 = 100_000;
const PEOPLE: usize = 6;

/// What is taken away, to see that somebody notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
    Nothing,
    /// The policy that a requester never approves.
    FourEyes,
    /// The look at the evidence at the start.
    Evidence,
    /// The look at the time at the start and at a decision.
    Expiry,
    /// That a grant is used up.
    Grant,
    /// That approvals are counted again at the start.
    Quorum,
    /// That a state is looked at at all: each move begins from one that allows it.
    States,
    /// Both of these.
    StatesAndGrant,
}

impl Without {
    fn states(self) -> bool {
        matches!(self, Self::States | Self::StatesAndGrant)
    }
    fn grant(self) -> bool {
        matches!(self, Self::Grant | Self::StatesAndGrant)
    }
}

/// What happened, as an audit log would tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happened {
    Approved {
        by: usize,
        digest: u8,
    },
    Rejected,
    Granted,
    /// A run began; `evidence` is what would be done at that moment.
    Ran {
        evidence: u8,
        at: i64,
    },
    Cancelled,
    Expired,
    Stale,
    QuorumLost,
    Ended,
}

/// SplitMix64: a history is its seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

fn policies(without: Without) -> PolicySet {
    let mut text = POLICIES.to_owned();
    if without == Without::FourEyes {
        let at = text
            .find("@id(\"requesters-never-decide\")")
            .expect("the policy");
        let end = at + text[at..].find("};").expect("its end") + 2;
        text.replace_range(at..end, "");
    }
    PolicySet::parse(SCHEMA, &[("portolan.cedar".into(), text)]).expect("policies")
}

fn digest(n: u8) -> EvidenceDigest {
    EvidenceDigest([n; 32])
}

fn start_of_time() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("in range")
}

fn person(n: usize, role: JobRole, team: &str) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(n as u128 + 1)),
        login: Login::parse(format!("person{n}")).expect("login"),
        name: format!("Person {n}"),
        job_roles: [role].into(),
        teams: [TeamName::parse(team).expect("team")].into(),
    }
}

/// Two developers and a manager of the owning team, a manager of another, an operator, an auditor. One of them asks.
fn people() -> Vec<Person> {
    use JobRole as R;
    [
        (R::Developer, "checkout"),
        (R::Developer, "checkout"),
        (R::Manager, "checkout"),
        (R::Manager, "catalog"),
        (R::Operator, "platform"),
        (R::Auditor, "platform"),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (role, team))| person(n, role, team))
    .collect()
}

fn need(count: u32, of: Approvers) -> Requirement {
    Requirement {
        rule: "a rule".into(),
        count,
        of,
        step_up: false,
    }
}

/// What policy says, asked once for each standing: it is a function of who, what, whose and where, and nothing else.
struct Asked {
    policies: PolicySet,
    answers: RefCell<HashMap<(TypeId, PersonId, bool, bool, bool), bool>>,
}

impl Asked {
    fn new(without: Without) -> Self {
        Self {
            policies: policies(without),
            answers: RefCell::default(),
        }
    }

    fn decide<A: Action + Copy + 'static>(
        &self,
        caller: &Caller,
        action: A,
        subject: Change,
        now: Timestamp,
    ) -> Option<Allowed<A, Change>> {
        let key = (
            TypeId::of::<A>(),
            caller.person.id,
            caller.person.job_roles.is_empty(),
            subject.requester == caller.person.id,
            subject.protected,
        );
        let yes = *self
            .answers
            .borrow_mut()
            .entry(key)
            .or_insert_with(|| self.policies.may(caller, action, &subject, now).is_ok());
        yes.then(|| Allowed {
            subject,
            by: caller.clone(),
            action: PhantomData,
        })
    }
}

/// One change, the world around it, and what happened so far.
struct Road<'a> {
    policies: &'a Asked,
    without: Without,
    people: Vec<Person>,
    /// Who may do nothing any more.
    gone: BTreeSet<usize>,
    change: Change,
    needs: Vec<Requirement>,
    approvals: Vec<Approval>,
    /// What would be done now; the change was asked for with 1.
    evidence: u8,
    now: Timestamp,
    grant: Option<EvidenceDigest>,
    log: Vec<Happened>,
}

impl<'a> Road<'a> {
    fn new(chance: &mut Chance, policies: &'a Asked, without: Without) -> Self {
        let people = people();
        let requester = usize::try_from(chance.below(PEOPLE as u64)).expect("small");
        let protected = chance.one_in(3);
        let mut needs = vec![];
        if !chance.one_in(4) {
            needs.push(need(1 + u32::from(chance.one_in(3)), Approvers::OwningTeam));
        }
        if chance.one_in(2) {
            needs.push(need(1, Approvers::JobRole(JobRole::Manager)));
        }
        let change = Change {
            id: ChangeId(Uuid::from_u128(9)),
            kind: ChangeKind::Deploy,
            state: ChangeState::Requested,
            requester: people[requester].id,
            requester_login: people[requester].login.clone(),
            service: ServiceName::parse("cart").expect("service"),
            team: TeamName::parse("checkout").expect("team"),
            version: Version::parse("1.0.0").expect("version"),
            environment: EnvironmentName::parse("staging").expect("environment"),
            protected,
            evidence_digest: digest(1),
            start_mode: StartMode::Manual,
            cancel_requested: false,
            expires_at: start_of_time() + SignedDuration::from_hours(10),
        };
        let mut road = Self {
            policies,
            without,
            people,
            gone: BTreeSet::new(),
            change,
            needs,
            approvals: vec![],
            evidence: 1,
            now: start_of_time(),
            grant: None,
            log: vec![],
        };
        road.change = road.change.clone().plan().expect("plans").0;
        if road.needs.is_empty() {
            road.make_ready();
        } else {
            road.change = road.change.clone().await_approval().expect("waits").0;
        }
        road
    }

    fn caller(&self, who: usize) -> Caller {
        let mut person = self.people[who].clone();
        if self.gone.contains(&who) {
            person.job_roles.clear();
            person.teams.clear();
        }
        Caller {
            person,
            kind: CallerKind::Person {
                session: SessionId(Uuid::from_u128(1)),
                authentication: Authentication {
                    auth_time: self.now,
                    mfa: true,
                },
            },
            request_id: RequestId(Uuid::from_u128(1)),
            ip: None,
        }
    }

    /// The change as the move looks at it; with the states taken away, in the one that lets it pass.
    fn subject(&self, pretended: ChangeState) -> Change {
        let mut change = self.change.clone();
        if self.without.states() {
            change.state = pretended;
        }
        change
    }

    fn over(&self) -> bool {
        self.now >= self.change.expires_at && self.without != Without::Expiry
    }

    fn make_ready(&mut self) {
        let (change, _) = self.change.clone().make_ready().expect("ready");
        self.change = change;
        self.grant.get_or_insert(self.change.evidence_digest);
        self.log.push(Happened::Granted);
    }

    /// The approvals that hold now, as `count_approvals` counts them.
    fn status(&self) -> Vec<RequirementStatus> {
        let standing: Vec<Approval> = self
            .approvals
            .iter()
            .filter(|a| !self.gone.iter().any(|n| self.people[*n].id == a.person.id))
            .cloned()
            .collect();
        let change = &self.change;
        tally(
            &self.needs,
            &standing,
            change.requester,
            &change.team,
            change.evidence_digest,
        )
    }

    fn approve(&mut self, who: usize, seen: u8) {
        let caller = self.caller(who);
        if self.over()
            || self
                .approvals
                .iter()
                .any(|a| a.person.id == caller.person.id)
        {
            return;
        }
        let subject = self.subject(ChangeState::AwaitingApproval);
        let Some(allowed) = self.policies.decide(&caller, Approve, subject, self.now) else {
            return;
        };
        let Ok((change, _)) = allowed.approve(digest(seen)) else {
            return;
        };
        self.change = change;
        self.approvals.push(Approval {
            id: ApprovalId(Uuid::from_u128(1)),
            person: caller.person,
            on_behalf_of: None,
            verdict: Verdict::Approve,
            evidence_digest: digest(seen),
            comment: String::new(),
            stepped_up: true,
            at: self.now,
        });
        self.log.push(Happened::Approved {
            by: who,
            digest: seen,
        });
        if self.status().iter().all(RequirementStatus::is_satisfied) {
            self.make_ready();
        }
    }

    fn reject(&mut self, who: usize) {
        let subject = self.subject(ChangeState::AwaitingApproval);
        let caller = self.caller(who);
        let Some(allowed) = self.policies.decide(&caller, Reject, subject, self.now) else {
            return;
        };
        if let Ok((change, _)) = allowed.reject(digest(1)) {
            self.change = change;
            self.log.push(Happened::Rejected);
        }
    }

    fn start(&mut self, who: usize) {
        let caller = self.caller(who);
        let subject = self.subject(ChangeState::Approved);
        let Some(allowed) = self
            .policies
            .decide(&caller, Start, subject.clone(), self.now)
        else {
            return;
        };
        if !matches!(
            subject.state,
            ChangeState::Approved | ChangeState::Scheduled
        ) {
            assert!(
                allowed.start(RunId(Uuid::nil())).is_err(),
                "{}",
                subject.state
            );
            return;
        }
        if self.over() {
            self.expire();
            return;
        }
        if digest(self.evidence) != subject.evidence_digest && self.without != Without::Evidence {
            if let Ok((change, _)) = subject.mark_stale(&json!({})) {
                self.change = change;
                self.log.push(Happened::Stale);
            }
            return;
        }
        let agreed = self.status().iter().all(RequirementStatus::is_satisfied);
        if !agreed && self.without != Without::Quorum {
            if let Ok((change, _)) = subject.lose_quorum("gone") {
                self.change = change;
                self.log.push(Happened::QuorumLost);
            }
            return;
        }
        let Ok((change, _)) = allowed.start(RunId(Uuid::nil())) else {
            return;
        };
        // As the statement that consumes it: for this digest, once.
        if !self.without.grant() {
            match self.grant {
                Some(granted) if granted == change.evidence_digest => {
                    self.grant = Some(digest(0));
                }
                _ => return,
            }
        }
        self.change = change;
        self.log.push(Happened::Ran {
            evidence: self.evidence,
            at: self.now.as_second(),
        });
    }

    fn cancel(&mut self, who: usize) {
        let caller = self.caller(who);
        let change = self.change.clone();
        let Some(allowed) = self.policies.decide(&caller, Cancel, change, self.now) else {
            return;
        };
        if let Ok((change, _)) = allowed.cancel("no more") {
            let ended = change.state == ChangeState::Cancelled;
            self.change = change;
            if ended {
                self.log.push(Happened::Cancelled);
            }
        }
    }

    fn expire(&mut self) {
        if let Ok((change, _)) = self.change.clone().expire(self.now) {
            self.change = change;
            self.log.push(Happened::Expired);
        }
    }

    /// The run goes on by itself: it is parked and resumed, fails, succeeds, or stops as was asked.
    fn run(&mut self, chance: &mut Chance) {
        let change = self.change.clone();
        let moved = match chance.below(5) {
            0 => change.succeed(),
            1 => change.fail("broken"),
            2 | 3 => change.park("unclear"),
            _ => change.finish_cancel(&json!({})),
        };
        if let Ok((change, _)) = moved {
            if change.state.is_final() {
                self.log.push(Happened::Ended);
            }
            self.change = change;
        }
    }

    fn step(&mut self, chance: &mut Chance) {
        let who = usize::try_from(chance.below(PEOPLE as u64)).expect("small");
        match chance.below(20) {
            0..=7 => {
                let seen = 1 + u8::from(chance.one_in(6));
                self.approve(who, seen);
            }
            8..=12 => self.start(who),
            13 => self.cancel(who),
            14 if chance.one_in(4) => self.reject(who),
            14 | 15 => self.now += SignedDuration::from_hours(1 + chance.below(6).cast_signed()),
            16 => self.expire(),
            17 if chance.one_in(2) => self.evidence = 1 + u8::from(self.evidence == 1),
            17 | 18 => {
                self.gone.insert(who);
            }
            _ => self.run(chance),
        }
    }
}

/// What may never be in a history, read from its log alone.
fn violation(road: &Road<'_>) -> Option<&'static str> {
    let requester = road
        .people
        .iter()
        .position(|p| p.id == road.change.requester);
    let mut runs = 0;
    let mut ended = false;
    let mut agreed: BTreeMap<usize, u8> = BTreeMap::new();
    for happened in &road.log {
        match *happened {
            Happened::Approved { by, digest } => {
                if Some(by) == requester {
                    return Some("a requester approved their own change");
                }
                if digest != 1 {
                    return Some("an approval of other evidence was taken");
                }
                if agreed.insert(by, digest).is_some() {
                    return Some("somebody was counted twice");
                }
            }
            Happened::Ran { evidence, at } => {
                runs += 1;
                if runs > 1 {
                    return Some("one grant ran twice");
                }
                if evidence != 1 {
                    return Some("changed evidence was run");
                }
                if ended {
                    return Some("a change ran after its end");
                }
                if at >= road.change.expires_at.as_second() {
                    return Some("a change ran after it had expired");
                }
                let needed: u32 = road.needs.iter().map(|need| need.count).sum();
                if agreed.len() < needed as usize {
                    return Some("a change ran with too few approvals");
                }
            }
            Happened::Rejected | Happened::Cancelled | Happened::Expired | Happened::Stale => {
                ended = true;
            }
            Happened::Granted | Happened::QuorumLost | Happened::Ended => {}
        }
    }
    None
}

/// Whoever had lost their standing by then may not have been needed for the run.
fn ran_on_the_word_of_somebody_gone(
    road: &Road<'_>,
    gone_at_run: Option<&BTreeSet<usize>>,
) -> bool {
    let Some(gone) = gone_at_run else {
        return false;
    };
    let words = road.log.iter().filter(|happened| match happened {
        Happened::Approved { by, .. } => !gone.contains(by),
        _ => false,
    });
    let needed: u32 = road.needs.iter().map(|need| need.count).sum();
    words.count() < needed as usize
}

struct Walked {
    found: Option<(u64, &'static str, Vec<Happened>)>,
    /// How many histories came to a run, to an end without one, to a resumed run.
    ran: u64,
    stale: u64,
    expired: u64,
    lost: u64,
}

fn walk(without: Without, seeds: std::ops::Range<u64>) -> Walked {
    let policies = Asked::new(without);
    let mut walked = Walked {
        found: None,
        ran: 0,
        stale: 0,
        expired: 0,
        lost: 0,
    };
    for seed in seeds {
        let mut chance = Chance(seed);
        let mut road = Road::new(&mut chance, &policies, without);
        let mut gone_at_run = None;
        for _ in 0..6 + chance.below(14) {
            let before = road.log.len();
            road.step(&mut chance);
            if road.log[before..]
                .iter()
                .any(|h| matches!(h, Happened::Ran { .. }))
            {
                gone_at_run = Some(road.gone.clone());
            }
            if road.change.state.is_final() && without == Without::Nothing && chance.one_in(2) {
                break;
            }
        }
        let has = |wanted: fn(&Happened) -> bool| u64::from(road.log.iter().any(wanted));
        walked.ran += has(|h| matches!(h, Happened::Ran { .. }));
        walked.stale += has(|h| *h == Happened::Stale);
        walked.expired += has(|h| *h == Happened::Expired);
        walked.lost += has(|h| *h == Happened::QuorumLost);
        let mut found = violation(&road);
        if ran_on_the_word_of_somebody_gone(&road, gone_at_run.as_ref()) {
            found = found.or(Some(
                "a change ran on the word of somebody without standing",
            ));
        }
        if let Some(what) = found {
            walked.found = Some((seed, what, road.log.clone()));
            return walked;
        }
    }
    walked
}

#[test]
fn no_history_breaks_the_rules_of_the_road() {
    let threads = 4;
    let share = HISTORIES / threads;
    let parts: Vec<Walked> = std::thread::scope(|scope| {
        let walks: Vec<_> = (0..threads)
            .map(|n| scope.spawn(move || walk(Without::Nothing, n * share..(n + 1) * share)))
            .collect();
        walks
            .into_iter()
            .map(|walk| walk.join().expect("walked"))
            .collect()
    });
    for part in &parts {
        assert_eq!(part.found, None);
    }
    // Histories that never get anywhere would prove nothing.
    let sum = |of: fn(&Walked) -> u64| parts.iter().map(of).sum::<u64>();
    let all = (
        sum(|p| p.ran),
        sum(|p| p.stale),
        sum(|p| p.expired),
        sum(|p| p.lost),
    );
    assert!(
        all.0 > HISTORIES / 10 && all.1 > 1_000 && all.2 > 1_000 && all.3 > 200,
        "ran, stale, expired, lost: {all:?}"
    );
}

#[test]
fn each_rule_that_is_taken_away_is_missed() {
    for (without, missed) in [
        (Without::FourEyes, "a requester approved their own change"),
        (Without::Evidence, "changed evidence was run"),
        (Without::Expiry, "a change ran after it had expired"),
        (
            Without::Quorum,
            "a change ran on the word of somebody without standing",
        ),
        (Without::States, "a change ran after its end"),
        (Without::StatesAndGrant, "one grant ran twice"),
    ] {
        // Several rules hold the same line: the first finding may be another one.
        let mut found = BTreeSet::new();
        for n in 0..400 {
            found.extend(
                walk(without, n * 200..(n + 1) * 200)
                    .found
                    .map(|(_, what, _)| what),
            );
            if found.contains(missed) {
                break;
            }
        }
        assert!(found.contains(missed), "without {without:?}: {found:?}");
    }
    // Two rules keep a change from running twice, and either does so alone.
    let doubled = (0..40)
        .filter_map(|n| walk(Without::Grant, n * 1_000..(n + 1) * 1_000).found)
        .count();
    assert_eq!(
        doubled, 0,
        "the states hold that line without the grant, too"
    );
}
