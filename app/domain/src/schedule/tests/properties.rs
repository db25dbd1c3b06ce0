//! What holds of every calendar: the next moment is the first one, and one entry more never lets more start.

use jiff::{SignedDuration, civil::date};
use proptest::prelude::*;

use super::*;

/// Half hours from here on.
fn half_hour(n: i64) -> Timestamp {
    at("2026-10-20T00:00:00Z") + SignedDuration::from_mins(30 * n)
}

prop_compose! {
    fn span()(from in 0i64..400, length in 1i64..60) -> Span {
        Span { from: half_hour(from), until: half_hour(from + length) }
    }
}

fn when() -> impl Strategy<Value = When> {
    let rules = [
        "FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=SA,SU",
        "FREQ=DAILY;INTERVAL=3;COUNT=4",
        "FREQ=WEEKLY;BYDAY=MO;UNTIL=20261105T000000Z",
    ];
    let recurring = (proptest::sample::select(rules.to_vec()), 0i8..24, 1i64..60).prop_map(
        |(rule, hour, halves)| {
            let start = date(2026, 10, 20).at(hour, 30, 0, 0);
            When::Recurring(Recurrence::new(rule, start, halves * 1800).expect("a rule"))
        },
    );
    prop_oneof![2 => span().prop_map(When::Once), 1 => recurring]
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let reach = prop_oneof![
        4 => Just(Reach::default()),
        1 => Just(Reach { team: Some(TeamName::parse("catalog").expect("name")), ..Reach::default() }),
        1 => Just(Reach { region: Some(RegionName::parse("eu-west-1").expect("name")), ..Reach::default() }),
    ];
    let class = prop_oneof![Just(Class::Freeze), Just(Class::Window), Just(Class::Stop)];
    (
        any::<u128>(),
        class,
        reach,
        when(),
        proptest::option::of(span()),
    )
        .prop_map(|(n, class, reach, when, until)| {
            let when = if class == Class::Stop {
                When::Open {
                    until: until.map(|s| s.until),
                }
            } else {
                when
            };
            entry(n, class, reach, when)
        })
}

fn may(all: &[Entry], now: Timestamp) -> MayStart {
    Calendar::new(all.to_vec(), now).may_start(&facts(), DIGEST, &[], now)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// A freeze or a stop never makes a start possible that was not.
    #[test]
    fn another_freeze_or_stop_never_lets_more_start(all in prop::collection::vec(any_entry(), 0..6), one in any_entry(), n in 0i64..450) {
        prop_assume!(one.class != Class::Window);
        let before = may(&all, half_hour(n)).is_held();
        let mut more = all;
        more.push(one);
        prop_assert!(!before || may(&more, half_hour(n)).is_held());
    }

    /// The moment that is promised is the first one: there it may start, and at no earlier one.
    #[test]
    fn the_next_moment_is_the_first(all in prop::collection::vec(any_entry(), 0..6), n in 0i64..450) {
        let now = half_hour(n);
        let calendar = Calendar::new(all, now);
        let may = |at: Timestamp| calendar.may_start(&facts(), DIGEST, &[], at);
        let decision = may(now);
        prop_assert_eq!(decision.is_held(), decision.next != Some(now));
        let end = decision.next.unwrap_or(half_hour(n + 2_000));
        prop_assert!(decision.next.is_none_or(|next| !may(next).is_held()));
        let mut between = now;
        // All times are whole half hours, in Berlin as well, but for the days when the clocks change; so are the steps.
        while between < end && between < half_hour(n + 200) {
            prop_assert!(may(between).is_held(), "held at {now}, promised {end}, but free at {between}");
            between += SignedDuration::from_mins(30);
        }
    }

    /// What is held says so: the verdict, the words and the list agree, whatever there is.
    #[test]
    fn the_verdict_is_what_is_explained(all in prop::collection::vec(any_entry(), 0..6), n in 0i64..450) {
        let decision = may(&all, half_hour(n));
        prop_assert_eq!(decision.is_held(), decision.verdict().is_err());
        prop_assert_eq!(decision.is_held(), decision.waits_for().is_some());
        prop_assert_eq!(decision.is_held(), decision.fingerprint().is_some());
        let stops = |d: &MayStart| d.holding().filter(|m| m.entry.class == Class::Stop).count();
        prop_assert!(decision.matches.iter().take(stops(&decision)).all(|m| m.entry.class == Class::Stop));
    }

    /// A calendar that was made a while ago decides as one made now.
    #[test]
    fn a_calendar_made_earlier_decides_the_same(all in prop::collection::vec(any_entry(), 0..6), n in 0i64..450, hours in 0i64..24) {
        let now = half_hour(n);
        let earlier = Calendar::new(all.clone(), now - SignedDuration::from_hours(hours));
        prop_assert!(earlier.is_about(now));
        let old = earlier.may_start(&facts(), DIGEST, &[], now);
        prop_assert_eq!(old.fingerprint(), may(&all, now).fingerprint());
    }

    /// No rule that somebody may type makes it panic or hang.
    #[test]
    fn any_rule_is_read_or_refused(text in "(FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)|FREQ=DAILY)(;(INTERVAL=[0-9]{1,3}|COUNT=[0-9]{1,4}|BYDAY=-?[0-5]?(MO|SU)|BYMONTHDAY=-?[0-9]{1,2}|BYMONTH=[0-9]{1,2}|BYSETPOS=-?[0-9]{1,2}|BYWEEKNO=-?[0-9]{1,2}|BYYEARDAY=-?[0-9]{1,3}|WKST=(MO|SU)|UNTIL=2027[01][0-9][0-3][0-9])){0,4}") {
        if let Ok(rule) = Recurrence::new(&text, date(2026, 10, 20).at(2, 30, 0, 0), 3_600) {
            let within = Span { from: at("2026-10-20T00:00:00Z"), until: at("2028-01-01T00:00:00Z") };
            let spans = rule.spans(&Zone::parse("Europe/Berlin").expect("zone"), within);
            prop_assert!(spans.windows(2).all(|w| w[0] <= w[1]), "{spans:?}");
        }
    }
}
