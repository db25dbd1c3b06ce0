//! What a canary is made of: the region that goes first, or a share of the replicas of each region.
//!
//! A share is brought up in **every** region before the rest of it, in the passive one as in the active one. In the
//! passive region it shows that the image starts and is healthy there; but few or no requests arrive, so only a share of
//! the active region shows what it does to people, and there it is few of them. One that stood in the first region alone
//! would leave out the region it matters most in.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor},
};

use super::Check;
use crate::RegionName;

/// A whole number of percent that is neither nothing nor all: 1 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Percent(u8);

impl Percent {
    pub fn new(percent: u8) -> Option<Self> {
        (1..=99).contains(&percent).then_some(Self(percent))
    }
    pub fn get(self) -> u8 {
        self.0
    }

    /// So many pods are this share of so many replicas: rounded up, and never none.
    pub fn pods(self, replicas: u32) -> u32 {
        let share = (u64::from(self.0) * u64::from(replicas)).div_ceil(100);
        u32::try_from(share).unwrap_or(u32::MAX).max(1)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Percent;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("share as a whole number of percent from 1 to 99")
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Percent, E> {
                let percent = u8::try_from(value).ok().and_then(Percent::new);
                percent.ok_or_else(|| {
                    E::custom(format!(
                        "share is {value}; it is a whole number of percent from 1 to 99, since neither nothing nor all is a canary"
                    ))
                })
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Percent, E> {
                self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
            }
        }
        from.deserialize_any(Whole)
    }
}

/// What goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Canary {
    /// The region that a change visits first, which is the passive one.
    Region,
    /// In each region so many percent of its replicas, as pods of their own beside those that run.
    Share(Percent),
}

impl Canary {
    pub fn share(self) -> Option<Percent> {
        match self {
            Self::Region => None,
            Self::Share(percent) => Some(percent),
        }
    }
}

impl<'de> Deserialize<'de> for Canary {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Canary;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("canary as \"region\" or { share = 25 }")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Canary, E> {
                if text == "region" {
                    return Ok(Canary::Region);
                }
                Err(E::custom(format!(
                    "canary is '{text}'; write \"region\" or {{ share = 25 }}"
                )))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Canary, A::Error> {
                let one = "canary is either \"region\" or { share = 25 }, and one of them only";
                let mut share = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key != "share" || share.is_some() {
                        return Err(A::Error::custom(format!("'{key}' is too much: {one}")));
                    }
                    share = Some(map.next_value()?);
                }
                share
                    .map(Canary::Share)
                    .ok_or_else(|| A::Error::custom(one))
            }
        }
        from.deserialize_any(Either)
    }
}

/// The canaries of a share of the replicas that one change brings up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    /// The smallest share of the waves that match.
    pub percent: Percent,
    /// A wave of the region matches as well: behind its share, all of the first region is watched once more before the
    /// next region.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub region_too: bool,
    /// What decides in the regions after the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Stop>,
}

/// What decides in one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    pub region: RegionName,
    pub checks: Vec<Check>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn canary(value: Value) -> Result<Canary, String> {
        serde_json::from_value(value).map_err(|e| e.to_string())
    }

    #[test]
    fn only_what_is_neither_nothing_nor_all_is_a_share() {
        let quarter = Percent::new(25).expect("a share");
        assert_eq!(canary(json!("region")), Ok(Canary::Region));
        assert_eq!(canary(json!({"share": 25})), Ok(Canary::Share(quarter)));
        for bad in [0, 100, 101, 256, -1, -25, i64::MIN] {
            let said = canary(json!({ "share": bad })).expect_err("no share");
            assert!(
                said.contains(&format!("share is {bad}")) && said.contains("from 1 to 99"),
                "{said}"
            );
        }
        for bad in [
            json!(12.5),
            json!("25"),
            json!("25%"),
            json!(true),
            json!(null),
        ] {
            let said = canary(json!({ "share": bad })).expect_err("no share");
            assert!(said.contains("from 1 to 99"), "{bad}: {said}");
        }
        for bad in [
            json!({"share": 25, "region": true}),
            json!({"region": true, "share": 25}),
            json!({}),
            json!({"part": 25}),
            json!("share"),
            json!(25),
            json!(["region"]),
        ] {
            let said = canary(bad.clone()).expect_err("no canary");
            assert!(
                said.contains("\"region\" or { share = 25 }"),
                "{bad}: {said}"
            );
        }
        for both in [Canary::Region, Canary::Share(quarter)] {
            let text = serde_json::to_value(both).expect("json");
            assert_eq!(canary(text), Ok(both));
        }
    }

    #[test]
    fn a_share_is_rounded_up() {
        for (percent, replicas, pods) in [
            (25, 0, 1),
            (1, 1, 1),
            (25, 2, 1),
            (25, 4, 1),
            (25, 5, 2),
            (50, 3, 2),
            (99, 100, 99),
            (99, 3, 3),
            (10, 1_000, 100),
            (99, u32::MAX, 4_252_017_623),
        ] {
            let share = Percent::new(percent).expect("a share");
            assert_eq!(share.pods(replicas), pods, "{percent} % of {replicas}");
        }
    }

    proptest! {
        /// The least number of pods, one at least, that is not below the share.
        #[test]
        fn so_many_and_not_one_more(percent in 1..=99_u8, replicas in 1..100_000_u32) {
            let pods = Percent::new(percent).expect("a share").pods(replicas);
            let hundredths = u64::from(percent) * u64::from(replicas);
            prop_assert!(pods >= 1 && pods <= replicas);
            prop_assert!(u64::from(pods) * 100 >= hundredths);
            prop_assert!(pods == 1 || u64::from(pods - 1) * 100 < hundredths);
        }
    }
}
