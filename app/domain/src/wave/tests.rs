use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    EnvironmentName, Evidence,
    evidence::tests::sample,
    rule::check::{Place, World},
};

fn wave(of: serde_json::Value) -> Wave {
    let mut whole = json!({
        "name": "canary", "match": {"environment": "production"}, "canary": "region", "bake": "10m",
        "thresholds": [{
            "name": "errors", "namespace": "Shop", "metric": "Errors", "statistic": "Average", "period": "1m",
            "dimensions": {"Service": "{service}", "Place": "{environment}/{region}/{cluster}/{namespace}"},
            "compare": "at_most", "value": 0.01,
        }],
    });
    merge(&mut whole, of);
    serde_json::from_value(whole).expect("a wave")
}

fn merge(into: &mut serde_json::Value, from: serde_json::Value) {
    let serde_json::Value::Object(from) = from else {
        return;
    };
    for (key, value) in from {
        into[key] = value;
    }
}

pub(crate) fn plan() -> Plan {
    let mut evidence = sample_without();
    evidence.wave = None;
    Plan::of(&[wave(json!({}))], &evidence).expect("two regions")
}

/// The sample is made with a plan, so that every field of it counts; this one is what the plan is made of.
fn sample_without() -> Evidence {
    crate::evidence::tests::without_wave()
}

#[test]
fn what_is_measured_is_of_the_region_that_goes_first() {
    let plan = plan();
    assert_eq!(plan.region.as_str(), "eu-central-1");
    assert_eq!((plan.bake_s, plan.every_s), (600, 60));
    assert_eq!(
        plan.checks[0].dimensions["Place"],
        "production/eu-central-1/shop-production/shop"
    );
    assert_eq!(plan.checks[0].dimensions["Service"], "cart");
    let mut alone = sample();
    alone.targets.truncate(1);
    assert_eq!(Plan::of(&[wave(json!({}))], &alone), None);
    let elsewhere = wave(json!({"match": {"environment": "staging"}}));
    assert_eq!(Plan::of(&[elsewhere], &sample()), None);
}

#[test]
fn a_share_goes_first_in_each_region_and_is_measured_there() {
    let share =
        |percent: u8| wave(json!({"name": percent.to_string(), "canary": {"share": percent}}));
    let evidence = sample_without();
    let plan = Plan::of(&[share(25)], &evidence).expect("matches");
    let shares = plan.share.as_ref().expect("a share");
    assert_eq!((shares.percent.get(), shares.region_too), (25, false));
    for (region, place) in [
        (
            "eu-central-1",
            "production/eu-central-1/shop-production/shop",
        ),
        ("eu-west-1", "production/eu-west-1/shop-production/shop"),
    ] {
        let region = RegionName::parse(region).expect("region");
        let here = plan.at(&region).expect("watched");
        assert_eq!(here.region, region);
        assert_eq!(here.checks[0].dimensions["Place"], place);
    }
    let elsewhere = RegionName::parse("eu-south-1").expect("region");
    assert_eq!(plan.at(&elsewhere), None);
    // One region is enough for a share of it.
    let mut alone = sample_without();
    alone.targets.remove(0);
    let one = Plan::of(&[share(25), wave(json!({}))], &alone).expect("matches");
    assert_eq!((one.region.as_str(), one.waves.len()), ("eu-west-1", 1));
    assert_eq!(one.share.expect("a share").then, []);
    // Several: the smallest, and the stop behind the region stays.
    let all = Plan::of(&[share(50), wave(json!({})), share(10)], &evidence).expect("matches");
    let shares = all.share.as_ref().expect("a share");
    assert_eq!((shares.percent.get(), shares.region_too), (10, true));
    assert_eq!((all.checks.len(), shares.then[0].checks.len()), (3, 3));
}

#[test]
fn evidence_binds_the_share_and_older_evidence_is_read() {
    let evidence = |canary: serde_json::Value| {
        let waves = [
            wave(json!({"name": "share", "canary": canary})),
            wave(json!({"bake": "5m"})),
        ];
        Evidence {
            wave: Plan::of(&waves, &sample_without()),
            ..sample_without()
        }
    };
    let (text, digest) = evidence(json!({"share": 25})).seal().expect("seals");
    assert!(
        text.contains(r#""share":{"percent":25,"region_too":true,"then":["#),
        "{text}"
    );
    let other = evidence(json!({"share": 26}));
    assert_ne!(other.seal().expect("seals").1, digest);
    let differ: Vec<_> = evidence(json!({"share": 25}))
        .differences(&other)
        .into_keys()
        .collect();
    assert_eq!(differ, ["wave.share.percent"]);
    for field in ["percent", "region_too", "then"] {
        let mut value: serde_json::Value = serde_json::from_str(&text).expect("json");
        value["wave"]["share"][field] = json!("other");
        let other = crate::canonical::to_string(&value).expect("json");
        assert_ne!(crate::canonical::sha256(&other), digest.0, "{field}");
    }
    // Before there were shares nothing was said of them, and nothing is said of them where there is none.
    let region = evidence(json!("region"));
    let (text, _) = region.seal().expect("seals");
    assert!(
        !text.contains("share\":{") && !text.contains("percent"),
        "{text}"
    );
    assert_eq!(
        serde_json::from_str::<Evidence>(&text).expect("reads"),
        region
    );
}

#[test]
fn several_waves_are_satisfied_together() {
    let long = wave(json!({"name": "long", "bake": "30m", "every": "5m"}));
    let often = wave(json!({"name": "often", "bake": "5m", "every": "20s"}));
    let both = Plan::of(&[long, often], &sample()).expect("matches");
    assert_eq!((both.bake_s, both.every_s), (1_800, 20));
    assert_eq!(both.waves, ["long", "often"]);
    assert_eq!(both.checks.len(), 2);
}

#[test]
fn a_reading_is_as_bad_as_its_worst_period() {
    let mut check = plan().checks.remove(0);
    for (points, value, reach) in [
        (&[][..], None, Reach::NoData),
        (&[0.0, 0.01], Some(0.01), Reach::Within),
        (&[0.0, 0.02, 0.0], Some(0.02), Reach::Breached),
    ] {
        assert_eq!(check.read(points), Reading { value, reach }, "{points:?}");
    }
    assert_eq!(check.read(&[0.0, f64::NAN]).reach, Reach::Breached);
    assert_eq!(check.read(&[f64::NAN, 0.0]).reach, Reach::Breached);
    check.compare = Compare::AtLeast;
    assert_eq!(check.read(&[5.0, 0.001]).reach, Reach::Breached);
    assert_eq!(check.read(&[5.0, 0.01]).reach, Reach::Within);
}

#[test]
fn missing_data_decides_at_the_end_only_and_as_the_threshold_says() {
    let mut plan = plan();
    let none = [plan.checks[0].read(&[])];
    assert_eq!(plan.halts(&none, false), None);
    let why = plan.halts(&none, true).expect("halts");
    assert!(why.contains("no data"), "{why}");
    plan.checks[0].no_data = NoData::Pass;
    assert_eq!(plan.halts(&none, true), None);
    let bad = [plan.checks[0].read(&[0.5])];
    for at_the_end in [false, true] {
        let why = plan.halts(&bad, at_the_end).expect("halts");
        assert!(why.contains("was 0.5, and at most 0.01"), "{why}");
    }
    assert!(
        plan.halts(&[], true).is_some(),
        "what was not read is not passed"
    );
}

#[test]
fn only_whole_periods_after_the_canary_stood_are_looked_at() {
    let check = &plan().checks[0];
    let at = |text: &str| text.parse::<Timestamp>().expect("a time");
    let window = |from, to| check.window(at(from), at(to));
    assert_eq!(
        window("2026-01-01T10:00:01Z", "2026-01-01T10:03:59Z"),
        Some((at("2026-01-01T10:01:00Z"), at("2026-01-01T10:03:00Z")))
    );
    assert_eq!(
        window("2026-01-01T10:00:00.5Z", "2026-01-01T10:02:00Z"),
        Some((at("2026-01-01T10:01:00Z"), at("2026-01-01T10:02:00Z")))
    );
    assert_eq!(window("2026-01-01T10:00:01Z", "2026-01-01T10:01:59Z"), None);
}

fn world() -> World {
    let place = |name: &str, protected, regions: &[&str]| Place {
        environment: EnvironmentName::parse(name).expect("environment"),
        protected,
        regions: regions
            .iter()
            .map(|r| RegionName::parse(*r).expect("region"))
            .collect(),
    };
    World {
        places: vec![
            place("dev", false, &["eu-west-1"]),
            place("production", true, &["eu-west-1", "eu-central-1"]),
        ],
        ..World::default()
    }
}

#[test]
fn what_cannot_be_meant_is_refused_in_words() {
    let threshold = |of: serde_json::Value| {
        let mut one = json!({
            "name": "errors", "namespace": "Shop", "metric": "Errors", "statistic": "Average", "period": "1m",
            "compare": "at_most", "value": 1,
        });
        merge(&mut one, of);
        json!({"thresholds": [one]})
    };
    assert_eq!(mistakes(&[wave(json!({}))], &world()), []);
    for (of, why) in [
        (json!({"name": " "}), "has no name"),
        (
            json!({"match": {"environment": "prod"}}),
            "no environment of",
        ),
        (
            json!({"match": {"environment": "dev"}}),
            "no environment that it matches has a second region",
        ),
        (
            json!({"canary": {"share": 25}, "match": {"environment": ["dev", "production"], "region": "eu-south-1"}}),
            "never come to pass",
        ),
        (json!({"bake": "0s"}), "bake is nothing"),
        (json!({"bake": "25h"}), "longer than a day"),
        (json!({"every": "11m"}), "no longer than bake"),
        (
            json!({"bake": "10m", "every": "1s"}),
            "more than 240 readings",
        ),
        (json!({"thresholds": []}), "has no threshold"),
        (threshold(json!({"name": ""})), "has no name"),
        (threshold(json!({"namespace": "Shop$"})), "namespace is"),
        (threshold(json!({"metric": ""})), "metric is"),
        (
            threshold(json!({"dimensions": {"A": "{servce}"}})),
            "names {servce}",
        ),
        (
            threshold(json!({"dimensions": {"A": "{service"}})),
            "not known",
        ),
        (
            threshold(json!({"dimensions": {"A": ""}})),
            "no name and value",
        ),
        (threshold(json!({"statistic": "average"})), "no statistic"),
        (threshold(json!({"statistic": "p101"})), "no statistic"),
        (threshold(json!({"period": "45s"})), "takes 1, 5, 10"),
        (threshold(json!({"period": "10m"})), "twice its period"),
    ] {
        let wrong = mistakes(&[wave(of.clone())], &world());
        assert!(
            wrong.iter().any(|(_, said)| said.contains(why)),
            "{of}: {wrong:?} does not say {why}"
        );
    }
    for good in ["p99", "p99.9", "p100", "p0", "Sum"] {
        let wave = wave(threshold(json!({"statistic": good})));
        assert_eq!(mistakes(&[wave], &world()), [], "{good}");
    }
    let fine = wave(
        json!({"bake": "4h", "thresholds": [threshold(json!({"period": "10s"}))["thresholds"][0]]}),
    );
    assert!(mistakes(&[fine], &world())[0].1.contains("three hours"));
    let twice = [wave(json!({})), wave(json!({}))];
    assert_eq!(mistakes(&twice, &world()).len(), 1);
}

#[test]
fn figures_are_written_in_one_way() {
    let wave = wave(json!({"bake": "1h"}));
    let text = serde_json::to_value(&wave).expect("json");
    assert_eq!(text["bake"], "3600s");
    assert_eq!(text["thresholds"][0]["value"], "0.01");
    assert_eq!(serde_json::from_value::<Wave>(text).expect("reads"), wave);
    for bad in ["", "10", "m", "-1s", "1w", "1.5h", "99999999999999999999s"] {
        assert!(bad.parse::<Span>().is_err(), "{bad}");
    }
    for bad in [json!("NaN"), json!("inf"), json!(null)] {
        assert!(serde_json::from_value::<Limit>(bad).is_err());
    }
    assert_eq!(
        (number(0.02), number(120.0), number(1e-7)),
        ("0.02".into(), "120".into(), "1e-7".into())
    );
}

proptest! {
    /// A wave more never lets through what was stopped before.
    #[test]
    fn another_wave_never_makes_it_easier(values in proptest::collection::vec(-2.0..2.0_f64, 1..6), limits in (-1.0..1.0_f64, -1.0..1.0_f64)) {
        let one = |name: &str, limit: f64| {
            let mut wave = wave(json!({"name": name}));
            wave.thresholds[0].value = Limit::new(limit).expect("finite");
            wave
        };
        let (a, b) = (one("a", limits.0), one("b", limits.1));
        let halts = |waves: &[Wave]| {
            let plan = Plan::of(waves, &sample_without()).expect("matches");
            let readings: Vec<_> = plan.checks.iter().map(|c| c.read(&values)).collect();
            plan.halts(&readings, true).is_some()
        };
        let before = halts(std::slice::from_ref(&a));
        prop_assert!(!before || halts(&[a, b]));
    }

    /// A wave more never takes a stop away, and never makes a share larger.
    #[test]
    fn another_wave_never_takes_a_stop_away(shares in proptest::collection::vec(proptest::option::of(1..=99_u8), 1..4), more in proptest::option::of(1..=99_u8), alone: bool) {
        let one = |(at, share): (usize, &Option<u8>)| wave(match share {
            Some(share) => json!({"name": format!("w{at}"), "canary": {"share": share}}),
            None => json!({"name": format!("w{at}")}),
        });
        let mut evidence = sample_without();
        if alone {
            evidence.targets.remove(0);
        }
        let mut planned = |waves: &[Option<u8>]| {
            let waves: Vec<_> = waves.iter().enumerate().map(one).collect();
            evidence.wave = Plan::of(&waves, &evidence);
            let percent = evidence.wave.as_ref().and_then(|w| w.share.as_ref()).map(|s| s.percent);
            let steps: Vec<_> = crate::run::steps(&evidence).into_iter().map(|s| (s.region, s.kind)).collect();
            (percent, steps)
        };
        let before = planned(&shares);
        let mut all = shares;
        all.push(more);
        let after = planned(&all);
        if let Some(percent) = before.0 {
            prop_assert!(after.0.is_some_and(|smaller| smaller <= percent));
        }
        let mut rest = after.1.iter();
        prop_assert!(before.1.iter().all(|step| rest.any(|one| one == step)), "{:?} is not in {:?}", before.1, after.1);
    }
}
