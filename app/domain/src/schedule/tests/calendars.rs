//! Several entries together: what holds, what lets go, what comes next.

use super::*;

fn freeze(n: u128, from: &str, until: &str) -> Entry {
    entry(n, Class::Freeze, Reach::default(), once(from, until))
}

fn window(n: u128, from: &str, until: &str) -> Entry {
    entry(n, Class::Window, Reach::default(), once(from, until))
}

fn stop(n: u128, until: Option<&str>) -> Entry {
    entry(
        n,
        Class::Stop,
        Reach::default(),
        When::Open {
            until: until.map(at),
        },
    )
}

fn holds(decision: &MayStart) -> Vec<u128> {
    decision.holding().map(|m| m.entry.id.0.as_u128()).collect()
}

#[test]
fn a_freeze_holds_from_its_first_instant_and_not_at_its_last() {
    let all = || vec![freeze(1, "2026-12-01T09:00:00Z", "2026-12-01T17:00:00Z")];
    for (now, held) in [
        ("2026-12-01T08:59:59.999999Z", false),
        ("2026-12-01T09:00:00Z", true),
        ("2026-12-01T16:59:59.999999Z", true),
        ("2026-12-01T17:00:00Z", false),
    ] {
        assert_eq!(decide(all(), now).is_held(), held, "{now}");
    }
    let decision = decide(all(), "2026-12-01T12:00:00Z");
    assert_eq!(decision.next, Some(at("2026-12-01T17:00:00Z")));
    assert_eq!(
        decision.waits_for().expect("held"),
        "the end of the freeze “reason 1” on everything, made by operator, until 2026-12-01 18:00 Europe/Berlin"
    );
    assert_eq!(
        decision.verdict().expect_err("held").code,
        crate::RefusalCode::Held
    );
}

#[test]
fn of_overlapping_freezes_all_hold_until_the_last_ends() {
    let all = vec![
        freeze(1, "2026-12-01T09:00:00Z", "2026-12-01T12:00:00Z"),
        freeze(2, "2026-12-01T11:00:00Z", "2026-12-01T15:00:00Z"),
        freeze(3, "2026-12-01T15:00:00Z", "2026-12-01T16:00:00Z"),
    ];
    let decision = decide(all.clone(), "2026-12-01T11:30:00Z");
    assert_eq!(holds(&decision), [1, 2]);
    // The third begins the moment the second ends: there is no instant between them.
    assert_eq!(decision.next, Some(at("2026-12-01T16:00:00Z")));
    assert_eq!(holds(&decide(all, "2026-12-01T12:00:00Z")), [2]);
}

#[test]
fn windows_restrict_only_what_they_take_in() {
    let mut other = window(1, "2026-12-01T09:00:00Z", "2026-12-01T17:00:00Z");
    other.reach.environment = Some(EnvironmentName::parse("staging").expect("name"));
    assert!(!decide(vec![other], "2026-12-01T20:00:00Z").is_held());
    let all = vec![
        window(1, "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z"),
        window(2, "2026-12-02T09:00:00Z", "2026-12-02T10:00:00Z"),
    ];
    let before = decide(all.clone(), "2026-12-01T08:00:00Z");
    assert_eq!(
        (holds(&before), before.next),
        (vec![1, 2], Some(at("2026-12-01T09:00:00Z")))
    );
    let during = decide(all.clone(), "2026-12-01T09:30:00Z");
    assert_eq!(
        (during.is_held(), during.next),
        (false, Some(at("2026-12-01T09:30:00Z")))
    );
    assert_eq!(
        decide(all.clone(), "2026-12-01T10:00:00Z").next,
        Some(at("2026-12-02T09:00:00Z"))
    );
    // A window that has passed for good still restricts: what missed it does not start behind it.
    let after = decide(all, "2026-12-02T10:00:00Z");
    assert_eq!((after.is_held(), after.next), (true, None));
    assert!(
        after
            .waits_for()
            .expect("held")
            .contains("none is foreseeable")
    );
}

#[test]
fn a_freeze_within_a_window_moves_the_start_behind_it_or_to_the_next_window() {
    let windows = || {
        vec![
            window(1, "2026-12-01T09:00:00Z", "2026-12-01T12:00:00Z"),
            window(2, "2026-12-02T09:00:00Z", "2026-12-02T12:00:00Z"),
        ]
    };
    let mut short = windows();
    short.push(freeze(3, "2026-12-01T08:00:00Z", "2026-12-01T10:00:00Z"));
    assert_eq!(
        decide(short, "2026-12-01T07:00:00Z").next,
        Some(at("2026-12-01T10:00:00Z"))
    );
    let mut long = windows();
    long.push(freeze(3, "2026-12-01T08:00:00Z", "2026-12-01T12:00:00Z"));
    assert_eq!(
        decide(long, "2026-12-01T07:00:00Z").next,
        Some(at("2026-12-02T09:00:00Z"))
    );
}

#[test]
fn a_stop_comes_first_and_has_an_end_or_none() {
    let all = vec![
        freeze(1, "2026-12-01T09:00:00Z", "2026-12-01T17:00:00Z"),
        stop(2, None),
    ];
    let decision = decide(all, "2026-12-01T12:00:00Z");
    assert_eq!((holds(&decision), decision.next), (vec![2, 1], None));
    let timed = decide(
        vec![stop(1, Some("2026-12-01T13:00:00Z"))],
        "2026-12-01T12:00:00Z",
    );
    assert_eq!(timed.next, Some(at("2026-12-01T13:00:00Z")));
    assert!(
        !decide(
            vec![stop(1, Some("2026-12-01T13:00:00Z"))],
            "2026-12-01T13:00:00Z"
        )
        .is_held()
    );
    // Whoever's clock is behind the one that called it is held as well.
    let mut ahead = stop(1, None);
    ahead.created_at = at("2026-12-01T13:00:00Z");
    assert!(decide(vec![ahead], "2026-12-01T12:00:00Z").is_held());
}

#[test]
fn each_part_of_a_scope_must_fit() {
    let json = |text: &str| serde_json::from_str::<Reach>(text).expect("a scope");
    for (scope, taken) in [
        ("{}", true),
        (r#"{"service":"cart"}"#, true),
        (r#"{"service":"search"}"#, false),
        (r#"{"team":"checkout","environment":"production"}"#, true),
        (r#"{"team":"checkout","environment":"staging"}"#, false),
        (r#"{"system":"shop"}"#, true),
        (r#"{"system":"bank"}"#, false),
        (r#"{"region":"eu-west-1"}"#, true),
        (r#"{"region":"us-east-1"}"#, false),
        (r#"{"kind":"deploy"}"#, true),
        (r#"{"kind":"rollback"}"#, false),
    ] {
        assert_eq!(
            json(scope).takes_in(Class::Freeze, &facts()),
            taken,
            "{scope}"
        );
    }
    // A failover is held by freezes that name it, and by every stop.
    let failover = Facts {
        kind: ChangeKind::Failover,
        system: None,
        ..facts()
    };
    assert!(
        !json("{}").takes_in(Class::Freeze, &failover)
            && !json("{}").takes_in(Class::Window, &failover)
    );
    assert!(json(r#"{"kind":"failover"}"#).takes_in(Class::Freeze, &failover));
    assert!(json("{}").takes_in(Class::Stop, &failover));
    assert!(
        !json(r#"{"system":"shop"}"#).takes_in(Class::Stop, &failover),
        "it is of no system"
    );
    assert!(serde_json::from_str::<Reach>(r#"{"colour":"red"}"#).is_err());
}

fn overriding(entries: &[u128], confirmed: bool) -> Override {
    Override {
        id: crate::OverrideId(uuid::Uuid::from_u128(7)),
        evidence_digest: DIGEST,
        entries: entries
            .iter()
            .map(|n| ScheduleId(uuid::Uuid::from_u128(*n)))
            .collect(),
        reason: "the payment hotfix".into(),
        asked_by: crate::PersonId(uuid::Uuid::from_u128(1)),
        asked_login: Login::parse("manager").expect("login"),
        asked_at: at("2026-12-01T11:00:00Z"),
        expires_at: at("2026-12-01T13:00:00Z"),
        confirmed_login: confirmed.then(|| Login::parse("operator").expect("login")),
        confirmed_at: confirmed.then(|| at("2026-12-01T11:10:00Z")),
    }
}

#[test]
fn an_override_excepts_from_the_freezes_it_names_and_from_nothing_else() {
    let now = at("2026-12-01T12:00:00Z");
    let frozen = |more: Vec<Entry>| {
        let mut all = vec![freeze(1, "2026-12-01T09:00:00Z", "2026-12-01T17:00:00Z")];
        all.extend(more);
        Calendar::new(all, now)
    };
    let held = |calendar: &Calendar, o: &Override, digest, now| {
        calendar
            .may_start(&facts(), digest, std::slice::from_ref(o), now)
            .is_held()
    };
    let plain = frozen(vec![]);
    assert!(!held(&plain, &overriding(&[1], true), DIGEST, now));
    let shown = plain.may_start(&facts(), DIGEST, &[overriding(&[1], true)], now);
    assert_eq!(shown.matches[0].effect, Effect::Overridden);
    assert!(shown.by_override.is_some());
    assert!(
        held(&plain, &overriding(&[1], false), DIGEST, now),
        "one person's word is not enough"
    );
    assert!(
        held(&plain, &overriding(&[2], true), DIGEST, now),
        "it is about another freeze"
    );
    assert!(
        held(
            &plain,
            &overriding(&[1], true),
            EvidenceDigest([2; 32]),
            now
        ),
        "it is about other evidence"
    );
    assert!(
        held(
            &plain,
            &overriding(&[1], true),
            DIGEST,
            at("2026-12-01T13:00:00Z")
        ),
        "it has expired"
    );
    let later = frozen(vec![freeze(
        2,
        "2026-12-01T11:30:00Z",
        "2026-12-01T17:00:00Z",
    )]);
    assert!(
        held(&later, &overriding(&[1], true), DIGEST, now),
        "a freeze made later holds again"
    );
    assert!(
        held(
            &frozen(vec![stop(3, None)]),
            &overriding(&[1, 3], true),
            DIGEST,
            now
        ),
        "a stop is never overridden"
    );
    let shut = frozen(vec![window(
        4,
        "2026-12-02T09:00:00Z",
        "2026-12-02T10:00:00Z",
    )]);
    assert!(
        held(&shut, &overriding(&[1], true), DIGEST, now),
        "it does not name the window"
    );
    assert!(!held(&shut, &overriding(&[1, 4], true), DIGEST, now));
}

#[test]
fn an_override_lets_a_change_start_outside_the_windows_it_names() {
    let now = at("2026-12-01T12:00:00Z");
    let tomorrow = |n| window(n, "2026-12-02T09:00:00Z", "2026-12-02T10:00:00Z");
    let decide = |entries: Vec<Entry>, o: &Override, now| {
        Calendar::new(entries, now).may_start(&facts(), DIGEST, std::slice::from_ref(o), now)
    };
    let both = || vec![tomorrow(4), tomorrow(5)];
    let without = decide(both(), &overriding(&[4, 5], false), now);
    assert!(without.is_held(), "one person's word is not enough");
    assert_eq!(
        without.overridable().len(),
        2,
        "an override would have to name both"
    );
    let passed = decide(both(), &overriding(&[4, 5], true), now);
    assert!(!passed.is_held());
    assert!(
        passed
            .matches
            .iter()
            .all(|m| m.effect == Effect::Overridden)
    );
    assert_eq!(passed.next, Some(now), "it may start at once");
    assert!(
        decide(both(), &overriding(&[4], true), now).is_held(),
        "a window that it does not name, as one made later, restricts again"
    );
    let expired = decide(
        both(),
        &overriding(&[4, 5], true),
        at("2026-12-01T13:00:00Z"),
    );
    assert!(expired.is_held());
    assert_eq!(expired.next, Some(at("2026-12-02T09:00:00Z")));
    let mut stopped = both();
    stopped.push(stop(3, None));
    let stopped = decide(stopped, &overriding(&[3, 4, 5], true), now);
    assert!(stopped.is_held(), "a stop is never overridden");
    assert!(stopped.overridable().is_empty());
}

#[test]
fn what_was_ended_is_of_the_past() {
    let mut ended = freeze(1, "2026-12-01T09:00:00Z", "2026-12-01T17:00:00Z");
    ended.ended = Some(Ended {
        at: at("2026-12-01T10:00:00Z"),
        by: None,
        reason: None,
    });
    let day = Span {
        from: at("2026-12-01T00:00:00Z"),
        until: at("2026-12-02T00:00:00Z"),
    };
    assert_eq!(
        ended.effective(day),
        [Span {
            from: at("2026-12-01T09:00:00Z"),
            until: at("2026-12-01T10:00:00Z")
        }]
    );
    assert!(!decide(vec![ended], "2026-12-01T09:30:00Z").is_held());
}
