//! Jobs in folders, and their builds.

use std::collections::BTreeMap;

use super::build::{Build, Outcome};
use super::parameters::{Definition, Parameter};

/// Scripted pipelines answer `wfapi`, `term` and `kill`; freestyle jobs do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    Pipeline,
    Freestyle,
}

/// One job.
#[derive(Debug)]
pub struct Job {
    /// Folders and name joined by `/`, as `fullName` shows it.
    pub full_name: String,
    pub flavour: Flavour,
    pub description: String,
    pub definitions: Vec<Definition>,
    pub disabled: bool,
    /// `disableConcurrentBuilds`: an item waits as blocked while a build runs.
    pub exclusive: bool,
    pub builds: BTreeMap<u64, Build>,
    next_number: u64,
}

impl Job {
    /// A job without builds.
    pub fn new(full_name: &str, flavour: Flavour, definitions: Vec<Definition>) -> Self {
        Self {
            full_name: full_name.to_owned(),
            flavour,
            description: String::new(),
            definitions,
            disabled: false,
            exclusive: false,
            builds: BTreeMap::new(),
            next_number: 1,
        }
    }

    /// The last segment of the name.
    pub fn name(&self) -> &str {
        self.full_name.rsplit('/').next().unwrap_or(&self.full_name)
    }

    /// `job/shop/job/deploy-cart/`, each name percent-encoded once.
    pub fn path(&self) -> String {
        path_of(&self.full_name)
    }

    /// The number the next build takes.
    pub fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Makes the next build.
    pub fn begin(
        &mut self,
        queue_id: u64,
        parameters: Vec<Parameter>,
        user: &str,
        now: i64,
    ) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        let build = Build::new(number, queue_id, parameters, user, &self.full_name, now);
        self.builds.insert(number, build);
        number
    }

    /// A build that still holds an executor.
    pub fn running(&self) -> Option<&Build> {
        self.builds.values().find(|build| build.building)
    }

    /// Mean duration of the last three successes, or -1 when there is none.
    pub fn estimated_duration(&self) -> i64 {
        let durations: Vec<i64> = self
            .builds
            .values()
            .rev()
            .filter(|build| build.result == Some(Outcome::Success) && !build.in_progress)
            .take(3)
            .map(|build| build.duration)
            .collect();
        i64::try_from(durations.len())
            .ok()
            .filter(|count| *count > 0)
            .map_or(-1, |count| durations.iter().sum::<i64>() / count)
    }

    /// The ball's colour, `_anime` while a build runs.
    pub fn color(&self) -> String {
        if self.disabled {
            return "disabled".to_owned();
        }
        let still = match self.builds.values().rev().find_map(|build| build.result) {
            None => "notbuilt",
            Some(Outcome::Success) => "blue",
            Some(Outcome::Failure) => "red",
            Some(Outcome::Aborted) => "aborted",
        };
        if self.running().is_some() {
            format!("{still}_anime")
        } else {
            still.to_owned()
        }
    }
}

/// The URL path of a full name below the root, ended by a slash.
pub(crate) fn path_of(full_name: &str) -> String {
    use std::fmt::Write as _;
    let mut path = String::new();
    for segment in full_name.split('/') {
        let encoded = percent_encoding::utf8_percent_encode(segment, SEGMENT);
        // Writing to a String cannot fail.
        let _ = write!(path, "job/{encoded}/");
    }
    path
}

const SEGMENT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
