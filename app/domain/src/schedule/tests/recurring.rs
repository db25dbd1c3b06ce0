//! Recurring entries on the days that clocks change.

use jiff::civil::DateTime;

use super::*;

fn rule(text: &str, start: &str, lasts_s: i64) -> Result<Recurrence, String> {
    Recurrence::new(
        text,
        start.parse::<DateTime>().expect("a wall time"),
        lasts_s,
    )
    .map_err(|(field, why)| format!("{field}: {why}"))
}

fn spans(recurrence: &Recurrence, zone: &str, from: &str, until: &str) -> Vec<String> {
    let zone = Zone::parse(zone).expect("zone");
    let within = Span {
        from: at(from),
        until: at(until),
    };
    recurrence
        .spans(&zone, within)
        .iter()
        .map(|s| format!("{}/{}", s.from, s.until))
        .collect()
}

/// The clock goes from 02:00 to 03:00 on 2027-03-28: what would begin at 02:30 begins at 03:00 = 01:00Z, and lasts as ever.
#[test]
fn an_occurrence_in_the_hour_left_out_begins_right_after_it() {
    let nightly = rule("FREQ=DAILY", "2027-03-27T02:30:00", 7_200).expect("rule");
    assert_eq!(
        spans(
            &nightly,
            "Europe/Berlin",
            "2027-03-27T00:00:00Z",
            "2027-03-29T23:00:00Z"
        ),
        [
            "2027-03-27T01:30:00Z/2027-03-27T03:30:00Z",
            "2027-03-28T01:00:00Z/2027-03-28T03:00:00Z",
            "2027-03-29T00:30:00Z/2027-03-29T02:30:00Z",
        ]
    );
    // At the very edges of the gap.
    let edge = rule("FREQ=DAILY;COUNT=1", "2027-03-28T02:00:00", 60).expect("rule");
    assert_eq!(
        spans(
            &edge,
            "Europe/Berlin",
            "2027-03-01T00:00:00Z",
            "2027-04-01T00:00:00Z"
        ),
        ["2027-03-28T01:00:00Z/2027-03-28T01:01:00Z"]
    );
    let after = rule("FREQ=DAILY;COUNT=1", "2027-03-28T03:00:00", 60).expect("rule");
    assert_eq!(
        spans(
            &after,
            "Europe/Berlin",
            "2027-03-01T00:00:00Z",
            "2027-04-01T00:00:00Z"
        ),
        ["2027-03-28T01:00:00Z/2027-03-28T01:01:00Z"]
    );
    // Half an hour is left out on Lord Howe Island, and a whole day once on Samoa.
    let howe = rule("FREQ=DAILY;COUNT=1", "2026-10-04T02:10:00", 60).expect("rule");
    assert_eq!(
        spans(
            &howe,
            "Australia/Lord_Howe",
            "2026-10-01T00:00:00Z",
            "2026-11-01T00:00:00Z"
        ),
        ["2026-10-03T15:30:00Z/2026-10-03T15:31:00Z"]
    );
    let samoa = rule("FREQ=DAILY;COUNT=3", "2011-12-29T12:00:00", 60).expect("rule");
    assert_eq!(
        spans(
            &samoa,
            "Pacific/Apia",
            "2011-12-01T00:00:00Z",
            "2012-01-10T00:00:00Z"
        ),
        [
            "2011-12-29T22:00:00Z/2011-12-29T22:01:00Z",
            "2011-12-30T10:00:00Z/2011-12-30T10:01:00Z",
            "2011-12-30T22:00:00Z/2011-12-30T22:01:00Z"
        ]
    );
}

/// The clock goes from 03:00 back to 02:00 on 2026-10-25: 02:30 comes twice, and the first one counts, once.
#[test]
fn an_occurrence_in_the_hour_that_comes_twice_begins_the_first_time() {
    let nightly = rule("FREQ=DAILY", "2026-10-24T02:30:00", 7_200).expect("rule");
    assert_eq!(
        spans(
            &nightly,
            "Europe/Berlin",
            "2026-10-24T00:00:00Z",
            "2026-10-26T22:00:00Z"
        ),
        [
            "2026-10-24T00:30:00Z/2026-10-24T02:30:00Z",
            "2026-10-25T00:30:00Z/2026-10-25T02:30:00Z",
            "2026-10-26T01:30:00Z/2026-10-26T03:30:00Z",
        ]
    );
}

#[test]
fn a_whole_day_is_what_was_written_in_hours() {
    // The day of 25 hours: 24 hours of freeze end at 23:00 by the wall clock. Time elapsed, not the clock, is meant.
    let daily = rule("FREQ=DAILY;COUNT=1", "2026-10-25T00:00:00", 86_400).expect("rule");
    assert_eq!(
        spans(
            &daily,
            "Europe/Berlin",
            "2026-10-24T00:00:00Z",
            "2026-10-28T00:00:00Z"
        ),
        ["2026-10-24T22:00:00Z/2026-10-25T22:00:00Z"]
    );
}

#[test]
fn rules_count_on_the_wall_clock() {
    // The last Friday of each month, 18:00 in New York: its UTC hour moves with daylight saving, its wall hour does not.
    let monthly = rule(
        "RRULE:FREQ=MONTHLY;BYDAY=-1FR",
        "2026-10-01T18:00:00",
        3_600,
    )
    .expect("rule");
    assert_eq!(
        spans(
            &monthly,
            "America/New_York",
            "2026-10-01T00:00:00Z",
            "2026-12-01T00:00:00Z"
        ),
        [
            "2026-10-30T22:00:00Z/2026-10-30T23:00:00Z",
            "2026-11-27T23:00:00Z/2026-11-28T00:00:00Z"
        ]
    );
    let business = rule(
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH",
        "2026-11-02T09:00:00",
        3_600,
    )
    .expect("rule");
    assert_eq!(
        spans(
            &business,
            "UTC",
            "2026-11-01T00:00:00Z",
            "2026-11-20T00:00:00Z"
        )
        .len(),
        4
    );
}

#[test]
fn until_is_an_instant_a_wall_time_or_a_day() {
    let count = |rule_text: &str| {
        let r = rule(rule_text, "2026-11-01T22:00:00", 60).expect("rule");
        spans(
            &r,
            "America/New_York",
            "2026-10-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
        )
        .len()
    };
    // 22:00 in New York is 03:00Z of the next day.
    assert_eq!(count("FREQ=DAILY;UNTIL=20261103T030000Z"), 2);
    assert_eq!(count("FREQ=DAILY;UNTIL=20261103T025959Z"), 1);
    assert_eq!(count("FREQ=DAILY;UNTIL=20261103T220000"), 3);
    assert_eq!(count("FREQ=DAILY;UNTIL=20261103"), 3);
    assert_eq!(count("freq=daily;count=5"), 5);
}

#[test]
fn rules_without_measure_are_refused() {
    let wrong = [
        ("FREQ=SECONDLY", "rrule: FREQ is one of"),
        ("FREQ=MINUTELY", "rrule: FREQ is one of"),
        ("FREQ=HOURLY", "rrule: FREQ is one of"),
        ("FREQ=DAILY;BYSECOND=1,2,3", "rrule: BYSECOND is not taken"),
        ("FREQ=DAILY;BYHOUR=1,2,3", "rrule: BYHOUR is not taken"),
        ("FREQ=DAILY;COUNT=100000", "rrule: COUNT is between"),
        ("FREQ=DAILY;COUNT=0", "rrule: COUNT is between"),
        ("FREQ=DAILY;INTERVAL=0", "rrule: INTERVAL is between"),
        (
            "FREQ=DAILY;COUNT=3;UNTIL=20270101",
            "rrule: COUNT and UNTIL",
        ),
        ("FREQ=DAILY;UNTIL=tomorrow", "rrule: UNTIL is a time"),
        ("FREQ=DAILY;FREQ=WEEKLY", "rrule: FREQ is there twice"),
        ("INTERVAL=2", "rrule: FREQ is missing"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "rrule: never comes"),
        (
            "FREQ=YEARLY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=30",
            "rrule: never comes",
        ),
        (
            "FREQ=DAILY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=30",
            "rrule: never comes",
        ),
        ("FREQ=DAILY\nFREQ=DAILY", "rrule: 1 to 200"),
        ("FREQ=WEEKLY;BYDAY=XX", "rrule: is no rule"),
        ("", "rrule: 1 to 200"),
        ("<script>", "rrule: '<SCRIPT>' is no part"),
    ];
    for (text, why) in wrong {
        let told = rule(text, "2026-11-01T22:00:00", 60).expect_err(text);
        assert!(told.starts_with(why), "{text}: {told}");
    }
    for lasts in [-1, 0, 59, 31 * 86_400 + 1] {
        assert!(
            rule("FREQ=DAILY", "2026-11-01T22:00:00", lasts)
                .expect_err("length")
                .starts_with("lasts_s:")
        );
    }
    assert!(
        rule("FREQ=DAILY", "9999-01-01T00:00:00", 60)
            .expect_err("year")
            .starts_with("start:")
    );
}

#[test]
fn a_rule_of_long_ago_is_followed_in_no_time() {
    let old = rule("FREQ=DAILY", "1990-01-01T22:00:00", 3_600).expect("rule");
    let begun = std::time::Instant::now();
    assert_eq!(
        spans(
            &old,
            "Europe/Berlin",
            "2026-11-01T00:00:00Z",
            "2027-12-06T00:00:00Z"
        )
        .len(),
        400
    );
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
}

#[test]
fn zones_are_known_by_their_iana_names() {
    assert_eq!(
        Zone::parse("europe/berlin").expect("known").as_str(),
        "Europe/Berlin"
    );
    assert_eq!(Zone::parse("UTC").expect("known").as_str(), "UTC");
    for bad in [
        "",
        "CEST+2",
        "Berlin",
        "../etc/passwd",
        "Europe/Berlin\n",
        &"x".repeat(100),
    ] {
        assert!(Zone::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn plain_rules_are_told_in_words() {
    let zone = Zone::parse("Europe/Berlin").expect("zone");
    for (text, words) in [
        ("FREQ=DAILY", "every day"),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SA",
            "every 2 weeks on Fri, Sat",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3",
            "every month on the last day, 3 times",
        ),
        (
            "FREQ=DAILY;UNTIL=20271231T225959Z",
            "every day, until 2027-12-31 23:59",
        ),
        ("FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYDAY=-1FR"),
    ] {
        assert_eq!(
            rule(text, "2026-11-01T22:00:00", 60)
                .expect("rule")
                .words(&zone),
            words
        );
    }
}
