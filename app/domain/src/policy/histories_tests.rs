//! The road of a change as a state machine, walked at random: a hundred thousand histories of people asking, deciding,
//! standing in for each other, making freezes and overriding them, starting, cancelling, of time passing, evidence moving
//! and people losing their standing.
//!
//! The functions of the domain are what is under test: policy, transitions, agreement, calendar, overrides, expiry. The
//! driver ([`road`], [`held`]) does with them what the use cases do, and an [`observer`] that shares nothing with it reads
//! the list of what happened and looks for what may never be there. Each of its findings is shown to be possible by taking
//! one rule away.

#[path = "histories_tests/held.rs"]
mod held;
#[path = "histories_tests/observer.rs"]
mod observer;
#[path = "histories_tests/road.rs"]
mod road;

use std::{
    any::TypeId,
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    marker::PhantomData,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::{Action, Allowed, Approve, Cancel, OverrideFreeze, PolicySet, Reject, Start};
use crate::{
    Approval, ApprovalId, Approvers, Authentication, Caller, CallerKind, Change, ChangeId,
    ChangeKind, ChangeState, EnvironmentName, EvidenceDigest, JobRole, Login, Person, PersonId,
    Reason, Refusal, RefusalCode, RequestId, Requirement, RequirementStatus, RunId, ScheduleId,
    ServiceName, SessionId, StartMode, TeamName, Verdict, Version,
    agreement::Agreement,
    hold::{self, Prerequisites},
    schedule::{Calendar, Class, Entry, Facts, Override, Reach, Span, When, Zone},
};

use road::{Asked, Road};

const SCHEMA: &str = include_str!("../../../../server/policy/portolan.cedarschema");
const POLICIES: &str = include_str!("../../../../server/policy/portolan.cedar");
const HISTORIES: u64 = 100_000;
const PEOPLE: usize = 6;

/// What is taken away, to see that somebody notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
    Nothing,
    /// The policy that a requester never approves, and that their word does not count.
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
    /// The look at the calendar at the start.
    Calendar,
    /// The look at its time and at what it follows.
    Wishes,
    /// That an override takes a second person.
    SecondPerson,
    /// That only whom somebody asked to stands in for them.
    Delegation,
    /// That whoever stands behind a word has to have the right themselves, still.
    Behind,
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
#[derive(Clone, Debug, PartialEq, Eq)]
enum Happened {
    Approved {
        by: usize,
        /// Whom they stood in for.
        behind: Option<usize>,
        digest: u8,
        at: i64,
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
    /// Somebody may do nothing any more.
    Gone(usize),
    StandIn {
        from: usize,
        to: usize,
        until: i64,
    },
    Made(Box<Entry>),
    EndedEntry(ScheduleId),
    /// The change that this one is to follow.
    OtherSucceeded,
    Overridden {
        asked_by: usize,
        confirmed_by: usize,
        entries: Vec<ScheduleId>,
        until: i64,
    },
}

/// `SplitMix64`: a history is its seed.
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

struct Walked {
    found: Option<(u64, &'static str, Vec<Happened>)>,
    /// How many histories came to a run, to an end without one, to a resumed run.
    ran: u64,
    stale: u64,
    expired: u64,
    lost: u64,
    /// How many ran past a freeze, and on the word of somebody who stood in.
    overridden: u64,
    stood_in: u64,
}

fn walk(without: Without, seeds: std::ops::Range<u64>) -> Walked {
    let policies = Asked::new(without);
    let mut walked = Walked {
        found: None,
        ran: 0,
        stale: 0,
        expired: 0,
        lost: 0,
        overridden: 0,
        stood_in: 0,
    };
    for seed in seeds {
        let mut chance = Chance(seed);
        let mut road = Road::new(&mut chance, &policies, without);
        for _ in 0..8 + chance.below(24) {
            road.step(&mut chance);
            if road.change.state.is_final() && without == Without::Nothing && chance.one_in(2) {
                break;
            }
        }
        let has = |wanted: fn(&Happened) -> bool| u64::from(road.log.iter().any(wanted));
        walked.ran += has(|h| matches!(h, Happened::Ran { .. }));
        walked.stale += has(|h| *h == Happened::Stale);
        walked.expired += has(|h| *h == Happened::Expired);
        walked.lost += has(|h| *h == Happened::QuorumLost);
        let ran = road.log.iter().any(|h| matches!(h, Happened::Ran { .. }));
        walked.overridden += u64::from(ran && road.was_overridden());
        walked.stood_in += u64::from(ran && road.was_stood_in());
        let found = observer::violation(&road);
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
        sum(|p| p.overridden),
        sum(|p| p.stood_in),
    );
    assert!(
        all.0 > HISTORIES / 10
            && all.1 > 1_000
            && all.2 > 1_000
            && all.3 > 200
            && all.4 > 50
            && all.5 > 30,
        "ran, stale, expired, lost, overridden, stood in: {all:?}"
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
        // Two read it at one moment, before either has moved it: what a lock that fails would let through.
        (Without::Grant, "one grant ran twice"),
        (Without::StatesAndGrant, "one grant ran twice"),
        (Without::Calendar, "a change started that the calendar held"),
        (
            Without::SecondPerson,
            "one person alone overrode the calendar",
        ),
        (
            Without::Delegation,
            "somebody stood in whom nobody had asked to",
        ),
        (
            Without::Behind,
            "a change ran on the word of somebody without standing",
        ),
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
}
