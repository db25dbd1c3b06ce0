//! Reading a rules file: TOML, every mistake with its line.

use std::{collections::BTreeSet, fmt};

use domain::{
    Rule, RuleSet, TeamName, TierName,
    rule::{Place, check::World},
    wave::Wave,
};
use serde::Deserialize;
use toml::Spanned;

/// The largest rules file, in bytes.
const MAX: usize = 1024 * 1024;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Counted from 1. None where it is about the file as a whole.
    pub line: Option<usize>,
    pub wrong: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.wrong),
            None => f.write_str(&self.wrong),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Every team that a rule may name; a slip of the finger is none of them.
    #[serde(default)]
    teams: BTreeSet<TeamName>,
    /// Every tier that a rule may name.
    #[serde(default)]
    tiers: BTreeSet<TierName>,
    #[serde(default)]
    rules: Vec<Spanned<Rule>>,
    /// Where changes stop after their first region, and what decides that they go on.
    #[serde(default)]
    waves: Vec<Spanned<Wave>>,
}

/// # Errors
/// Every mistake, in the order of lines. A text that is no TOML, or holds what no rule has, stops at the first.
pub fn read(bytes: &[u8], world: &World) -> Result<RuleSet, Vec<Mistake>> {
    let whole = |wrong: String| vec![Mistake { line: None, wrong }];
    if bytes.len() > MAX {
        return Err(whole(format!("has more than {MAX} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| whole(format!("is no UTF-8: {e}")))?;
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let wrong = error.message().trim().to_owned();
        vec![Mistake { line, wrong }]
    })?;
    if file.rules.is_empty() {
        // A change that no rule speaks of is refused, so without rules nothing could ever be done.
        return Err(whole(
            "holds no rule; write [[rules]] with name, match and require".to_owned(),
        ));
    }
    let world = World {
        teams: Some(file.teams),
        tiers: Some(file.tiers),
        ..world.clone()
    };
    let lines = (lines(text, &file.rules), lines(text, &file.waves));
    let rules = file.rules.into_iter().map(Spanned::into_inner).collect();
    let waves = file.waves.into_iter().map(Spanned::into_inner).collect();
    RuleSet::with_waves(rules, waves, &world).map_err(|all| {
        let mut all: Vec<Mistake> = all
            .into_iter()
            .map(|(at, wrong)| Mistake {
                line: match at {
                    Place::Rule(i) => lines.0.get(i).copied(),
                    Place::Wave(i) => lines.1.get(i).copied(),
                },
                wrong,
            })
            .collect();
        all.sort();
        all
    })
}

fn lines<T>(text: &str, of: &[Spanned<T>]) -> Vec<usize> {
    of.iter()
        .map(|one| line_of(text, one.span().start))
        .collect()
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    before.split(|b| *b == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "teams = [\"checkout\"]\n\n[[rules]]\nname = \"a\"\nmatch = { environment = \"dev\" }\nrequire = []\n\n[[rules]]\nname = \"b\"\nmatch = { kind = [\"deploy\", \"rollback\"] }\nrequire = [{ count = 1, of = { team = \"checkout\" } }]\n";

    fn wrong(text: &str) -> Vec<Mistake> {
        read(text.as_bytes(), &World::default()).expect_err(text)
    }

    #[test]
    fn a_good_file_has_a_version_that_does_not_follow_its_layout() {
        let one = read(GOOD.as_bytes(), &World::default()).expect("good");
        let other = GOOD
            .replace(
                "[\"deploy\", \"rollback\"]",
                "[ \"rollback\",  \"deploy\" ]",
            )
            .replace("name = \"b\"", "name   = \"b\" # both");
        let other = read(other.as_bytes(), &World::default()).expect("good");
        assert_eq!(one.version(), other.version());
        assert_eq!(one.rules().len(), 2);
    }

    #[test]
    fn a_mistake_has_its_line() {
        let cases = [
            (GOOD.replace("count = 1", "count = 0"), 8, "requires nobody"),
            (
                GOOD.replace("name = \"b\"", "name = \"a\""),
                8,
                "stands twice",
            ),
            (
                GOOD.replace("{ team = \"checkout\" }", "{ team = \"checkuot\" }"),
                8,
                "checkuot",
            ),
            (
                GOOD.replace("{ team = \"checkout\" }", "{ job_role = \"boss\" }"),
                11,
                "boss",
            ),
            (GOOD.replace("environment", "enviroment"), 5, "enviroment"),
            (
                GOOD.replace("[[rules]]\nname = \"b\"", "[[rules\nname = \"b\""),
                8,
                "",
            ),
        ];
        for (text, line, why) in cases {
            let found = wrong(&text);
            assert_eq!(found[0].line, Some(line), "{found:?}");
            assert!(found[0].wrong.contains(why), "{found:?} does not say {why}");
        }
        assert_eq!(wrong("")[0].line, None);
        assert!(read(&[0xff, 0xfe], &World::default()).is_err());
    }

    const WAVE: &str = "\n[[waves]]\nname = \"canary\"\nmatch = { kind = \"deploy\" }\ncanary = \"region\"\nbake = \"10m\"\n\n[[waves.thresholds]]\nname = \"errors\"\nnamespace = \"Shop\"\nmetric = \"Errors\"\ndimensions = { Service = \"{service}\" }\nstatistic = \"Average\"\nperiod = \"1m\"\ncompare = \"at_most\"\nvalue = 0.01\n";

    #[test]
    fn waves_are_part_of_the_rules_and_their_mistakes_have_lines() {
        let with = format!("{GOOD}{WAVE}");
        let rules = read(with.as_bytes(), &World::default()).expect("good");
        let without = read(GOOD.as_bytes(), &World::default()).expect("good");
        assert_eq!(rules.waves().len(), 1);
        assert_ne!(rules.version(), without.version());
        let longer = with.replace("10m", "11m");
        let longer = read(longer.as_bytes(), &World::default()).expect("good");
        assert_ne!(rules.version(), longer.version());
        let [quarter, third] = [25, 33].map(|share| {
            let text = with.replace("\"region\"", &format!("{{ share = {share} }}"));
            let rules = read(text.as_bytes(), &World::default()).expect("good");
            let percent = rules.waves()[0].canary.share();
            assert_eq!(percent.map(domain::wave::Percent::get), Some(share));
            rules.version().to_owned()
        });
        assert!(quarter != third && quarter != rules.version());
        for (was, is, line, why) in [
            ("\"10m\"", "\"30h\"", 13, "longer than a day"),
            ("\"10m\"", "\"soon\"", 17, "no span of time"),
            ("\"region\"", "{ share = 0 }", 16, "from 1 to 99"),
            ("\"region\"", "{ share = 100 }", 16, "from 1 to 99"),
            ("\"region\"", "{ share = -25 }", 16, "share is -25"),
            ("\"region\"", "{ share = 12.5 }", 16, "from 1 to 99"),
            ("\"region\"", "{ share = \"25%\" }", 16, "from 1 to 99"),
            (
                "\"region\"",
                "{ share = 25, region = true }",
                16,
                "one of them only",
            ),
            (
                "\"region\"",
                "{ region = true, share = 25 }",
                16,
                "one of them only",
            ),
            ("\"region\"", "{ part = 25 }", 16, "one of them only"),
            ("\"region\"", "25", 16, "\"region\" or { share = 25 }"),
            ("\"region\"", "\"everything\"", 16, "everything"),
            ("{service}", "{servise}", 13, "{servise}"),
            ("\"Average\"", "\"Mean\"", 13, "no statistic"),
            ("\"at_most\"", "\"below\"", 26, "below"),
            ("0.01", "nan", 27, "finite"),
            ("\"1m\"", "\"45s\"", 13, "whole minutes"),
            ("metric =", "metrik =", 22, "metrik"),
        ] {
            assert!(with.contains(was), "{was}");
            let text = with.replacen(was, is, 1);
            let found = wrong(&text);
            assert!(found[0].wrong.contains(why), "{found:?} does not say {why}");
            assert_eq!(found[0].line, Some(line), "{found:?}");
        }
        let bare = &with[..with.find("\n[[waves.thresholds]]").expect("there")];
        assert!(wrong(bare)[0].wrong.contains("has no threshold"));
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let text = GOOD
            .replace("count = 1", "count = 0")
            .replace("environment = \"dev\"", "tier = \"1\"");
        assert_eq!(
            wrong(&text).iter().map(|m| m.line).collect::<Vec<_>>(),
            [Some(3), Some(8)]
        );
    }
}
