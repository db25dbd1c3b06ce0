//! What `explain` says of each action is what the use case then does: on random worlds, for random people, through both.
//!
//! `PORTOLAN_CASES` says how many answers are compared, `PORTOLAN_SEED` which. Two worlds go on side by side, each with
//! half of them.

mod actions;
mod world;

use std::collections::BTreeMap;

use domain::{ChangeId, ChangeState, Refusal, RefusalCode};
use rand::{SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use sqlx::PgPool;

use actions::{ACTIONS, Action, Told};
use world::World;

/// Enough for every common answer; `make test` has a stage that compares a hundred thousand.
const CASES: usize = 5_000;

/// What some thousand cases always come by.
const COMMON: &[&str] = &[
    "approve yes",
    "approve forbidden",
    "approve step_up_required",
    "approve wrong_state",
    "start forbidden",
    "start wrong_state",
    "cancel yes",
    "cancel forbidden",
    "retry yes",
];
const RARE: &[&str] = &[
    "start yes",
    "start held",
    "approve already_decided",
    "approve scope_missing",
    "reject yes",
    "start would void",
    "start not_found",
    "ask override yes",
    "ask override forbidden",
    "confirm override yes",
    "confirm override forbidden",
    "override promotion yes",
    "override promotion forbidden",
    "resume forbidden",
    "roll back forbidden",
    "roll back conflict",
];

fn from_environment<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => otherwise,
    }
}

/// How often an action was answered so: `start held`.
type Seen = BTreeMap<String, usize>;

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_explain_says_is_what_happens(pool: PgPool) {
    compare(pool).await;
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn and_in_another_world(pool: PgPool) {
    compare(pool).await;
}

async fn compare(pool: PgPool) {
    let cases = from_environment("PORTOLAN_CASES", CASES).div_ceil(2);
    let seed = from_environment("PORTOLAN_SEED", rand::random());
    println!("PORTOLAN_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = World::new(pool).await;
    let mut seen = Seen::new();
    while seen.values().sum::<usize>() < cases {
        world.turn(&mut random).await;
        let Some(id) = world.ask(&mut random).await else {
            continue;
        };
        for _ in 0..8 {
            world.jolt(&mut random, id).await;
            step(&world, &mut random, id, &mut seen).await;
            if world.state(id).await.is_final() {
                // What may be done with it afterwards.
                step(&world, &mut random, id, &mut seen).await;
                break;
            }
        }
        world.clear().await;
    }
    for (what, count) in &seen {
        println!("{count:>7} {what}");
    }
    // Answers that a lucky world would leave out prove nothing.
    let rare = if cases < 40_000 { &[][..] } else { RARE };
    for wanted in COMMON.iter().chain(rare) {
        assert!(seen.contains_key(*wanted), "never seen: {wanted}");
    }
}

/// A few people are told what they may do to the change and try what they may not; then somebody does what somebody may.
async fn step(world: &World, random: &mut StdRng, id: ChangeId, seen: &mut Seen) {
    let mut open = vec![];
    for caller in world.callers(random, 4) {
        let mut told = actions::told(world, &caller, id).await;
        let actions = match &told {
            // One answer for all of them.
            Told::Nothing(_) => vec![*ACTIONS.choose(random).expect("an action")],
            Told::All(_) => ACTIONS.to_vec(),
        };
        for action in actions {
            let Some(refusal) = told.refusal(action) else {
                open.push((caller.clone(), action));
                continue;
            };
            let done = action.attempt(world, &caller, id).await;
            let told_it = format!("{action} {}", refusal.code.as_str());
            let Err(refused) = done else {
                panic!(
                    "{} was told {refusal:?} to {action} change {id}, and did it",
                    caller.person.login
                );
            };
            let words = refusal.code != refused.code() || told_alike(&refusal, &refused.refusal());
            assert!(
                same(refusal.code, refused.code()) && words,
                "{} was told {refusal:?} to {action} change {id}, and then {refused:?}",
                caller.person.login
            );
            *seen.entry(told_it).or_default() += 1;
            if action == Action::Start {
                // It may have written that it expired.
                told = actions::told(world, &caller, id).await;
            }
        }
    }
    let Ok((caller, action)) = open.choose_weighted(random, |(_, action)| action.weight()) else {
        return;
    };
    let told = actions::told(world, caller, id).await;
    if told.refusal(*action).is_some() {
        return;
    }
    let void = told.void(*action);
    let done = action.attempt(world, caller, id).await;
    match (&void, &done) {
        (None, Ok(())) => *seen.entry(format!("{action} yes")).or_default() += 1,
        (Some(why), Err(refused)) if refused.to_string().contains(why.as_str()) => {
            let now = world.state(id).await;
            assert!(
                matches!(now, ChangeState::Stale | ChangeState::AwaitingApproval),
                "{id} is {now}"
            );
            *seen.entry(format!("{action} would void")).or_default() += 1;
        }
        _ => panic!(
            "{} was told yes (void: {void:?}) to {action} change {id}, and then {done:?}",
            caller.person.login
        ),
    }
}

/// Several things may stand in the way at once, and the two name another first: a page says what state it is in and what
/// holds it, where the enforcer asks policy first, and "confirm with a second factor" last, since it would only lead to the
/// other. What both say of the change, or of the person, is the same.
fn same(told: RefusalCode, done: RefusalCode) -> bool {
    use RefusalCode as C;
    let of_person = |code| matches!(code, C::Forbidden | C::StepUpRequired | C::ScopeMissing);
    let of_change = |code| {
        matches!(
            code,
            C::WrongState | C::AlreadyDecided | C::Conflict | C::Held
        )
    };
    told == done
        || done == C::StepUpRequired && (of_person(told) || of_change(told))
        || of_person(told) && of_change(done)
        || of_change(told) && of_person(done)
}

/// With one code, in the same words, but that the state of the change, and why a word would not count, each says in its own.
fn told_alike(told: &Refusal, done: &Refusal) -> bool {
    use RefusalCode as C;
    matches!(
        told.code,
        C::WrongState | C::Forbidden | C::Conflict | C::AlreadyDecided | C::StepUpRequired
    ) || told.detail == done.detail
}
