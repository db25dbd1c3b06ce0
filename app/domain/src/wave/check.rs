//! Waves that cannot be meant, or that CloudWatch could not answer. Found before they are in force.

use super::{Canary, PLACEHOLDERS, Threshold, Wave};
use crate::rule::check::{self, World};

/// Nobody looks at a canary for longer than a day; a longer figure is a slip of the finger.
const LONGEST_S: u64 = 86_400;
/// So often at most are the metrics read while one change waits.
const MOST_READINGS: u64 = 240;
/// More would be no rule that anybody has in their head.
const MOST_THRESHOLDS: usize = 20;
/// CloudWatch keeps what is finer than a minute for this long, in seconds.
const FINE_KEPT_S: u64 = 3 * 3_600;

/// Every mistake, with the index of its wave.
pub fn mistakes(waves: &[Wave], world: &World) -> Vec<(usize, String)> {
    let mut wrong = vec![];
    for (i, wave) in waves.iter().enumerate() {
        let mut say = |text: String| wrong.push((i, text));
        let name = &wave.name;
        if name.trim().is_empty() {
            say(format!("wave {} has no name", i + 1));
        }
        if waves[..i].iter().any(|earlier| earlier.name == *name) {
            say(format!("wave '{name}' stands twice; names are unique"));
        }
        check::matches(&format!("wave '{name}'"), &wave.matches, world, &mut say);
        times(wave, &mut say);
        let regions = match wave.canary {
            Canary::Region => 2,
            Canary::Share(_) => 1,
        };
        let fits = world
            .places
            .iter()
            .any(|place| place.regions.len() >= regions && check::fits(&wave.matches, place));
        if !world.places.is_empty() && !fits {
            let lacks = match wave.canary {
                Canary::Region => "has a second region to go first",
                Canary::Share(_) => "is configured",
            };
            say(format!(
                "wave '{name}' can never come to pass: no environment that it matches {lacks}"
            ));
        }
        if wave.thresholds.is_empty() {
            say(format!(
                "wave '{name}' has no threshold; without one nothing would decide whether to go on"
            ));
        }
        if wave.thresholds.len() > MOST_THRESHOLDS {
            say(format!(
                "wave '{name}' has more than {MOST_THRESHOLDS} thresholds"
            ));
        }
        for (at, one) in wave.thresholds.iter().enumerate() {
            let twice = wave.thresholds[..at].iter().any(|e| e.name == one.name);
            let mut say = |text: String| {
                say(format!("wave '{name}', threshold '{}': {text}", one.name));
            };
            if one.name.trim().is_empty() {
                say("it has no name".to_owned());
            }
            if twice {
                say("its name stands twice".to_owned());
            }
            threshold(wave, one, &mut say);
        }
    }
    wrong
}

fn times(wave: &Wave, say: &mut impl FnMut(String)) {
    let name = &wave.name;
    let (bake, every) = (wave.bake.as_secs(), wave.every().as_secs());
    if bake == 0 {
        say(format!(
            "wave '{name}': bake is nothing; write for example 10m"
        ));
    } else if bake > LONGEST_S {
        say(format!(
            "wave '{name}': bake is longer than a day, which holds a change up for too long"
        ));
    } else if every == 0 || wave.every.is_some_and(|every| every > wave.bake) {
        say(format!(
            "wave '{name}': every has to be of one second at least, and no longer than bake"
        ));
    } else if bake / every > MOST_READINGS {
        say(format!(
            "wave '{name}': every {every} s for {bake} s would be more than {MOST_READINGS} readings; read less often"
        ));
    }
}

fn threshold(wave: &Wave, one: &Threshold, say: &mut impl FnMut(String)) {
    let plain = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b))
    };
    let space = |c: char| c.is_ascii_alphanumeric() || "./-_#: ".contains(c);
    if !plain(&one.namespace, 255) || !one.namespace.chars().all(space) {
        say("namespace is 1 to 255 letters, digits and . - _ / # :".to_owned());
    }
    if !plain(&one.metric, 255) {
        say("metric is 1 to 255 ASCII characters".to_owned());
    }
    if one.dimensions.len() > 30 {
        say("CloudWatch takes 30 dimensions at most".to_owned());
    }
    for (name, value) in &one.dimensions {
        if !plain(name, 255) || name.starts_with(':') || !plain(value, 1_024) {
            say(format!(
                "the dimension '{name}' is no name and value that CloudWatch takes"
            ));
        }
        for unknown in unknown_placeholders(value) {
            say(format!(
                "the dimension '{name}' names {unknown}, which is not known; there are {{{}}}",
                PLACEHOLDERS.join("}, {")
            ));
        }
    }
    if !is_statistic(&one.statistic) {
        say(format!(
            "'{}' is no statistic; there are Average, Sum, Minimum, Maximum, SampleCount, and percentiles such as p99 or p99.9",
            one.statistic
        ));
    }
    let (period, bake) = (one.period.as_secs(), wave.bake.as_secs());
    if !matches!(period, 1 | 5 | 10 | 30) && (period == 0 || !period.is_multiple_of(60)) {
        say(format!(
            "period is {period} s; CloudWatch takes 1, 5, 10 and 30 s and whole minutes"
        ));
    } else if bake < 2 * period {
        say(format!(
            "period is {period} s and bake {bake} s; only from twice its period on is a whole one sure to be in it"
        ));
    }
    if period < 60 && bake > FINE_KEPT_S {
        say(
            "CloudWatch keeps periods below a minute for three hours, and bake is longer"
                .to_owned(),
        );
    }
}

fn is_statistic(text: &str) -> bool {
    if ["Average", "Sum", "Minimum", "Maximum", "SampleCount"].contains(&text) {
        return true;
    }
    let Some(rank) = text.strip_prefix('p') else {
        return false;
    };
    let (whole, part) = rank.split_once('.').unwrap_or((rank, "0"));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    digits(whole, 3) && digits(part, 10) && rank.parse::<f64>().is_ok_and(|rank| rank <= 100.0)
}

/// Whatever stands in braces and is no placeholder, a brace without its other included.
fn unknown_placeholders(value: &str) -> Vec<String> {
    let mut rest = value.to_owned();
    for name in PLACEHOLDERS {
        rest = rest.replace(&format!("{{{name}}}"), "");
    }
    let mut unknown = vec![];
    while let Some(at) = rest.find(['{', '}']) {
        let end = rest[at..].find('}').map_or(rest.len(), |n| at + n + 1);
        unknown.push(rest[at..end].to_owned());
        rest = rest[end..].to_owned();
    }
    unknown
}
