//! Following a build to its end, with a copy of its log.
//!
//! The worker holds its lease for as long as the build runs, which costs one small read a poll; all it
//! knows is in the step's progress, so that another worker goes on where this one was lost. No failure
//! here is called the build's failure: what cannot be learned waits for a person.

use std::time::Duration;

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

use super::{
    check::log,
    engine::{Outcome, Work},
    lease::Halt,
    rows,
    text::{lines, take_lines},
    trigger::Sighted,
};
use crate::{
    Control,
    outside::{
        Failure, FailureKind,
        failure::presentable,
        jenkins::{BuildResult, Item, Place},
    },
};

/// So many polls in a row may bring nothing, which at one a second is five minutes: a Jenkins that starts anew takes a few.
const SILENT: u32 = 300;

/// So many whole logs a process has in memory at once, however many builds end together: each is there several times
/// over while it is compared. The others wait and keep their leases.
static WHOLE_LOGS: Semaphore = Semaphore::const_new(4);

/// What one look at the build brought.
enum Polled {
    Going(String),
    Ended(BuildResult),
    /// It left the queue without ever being built.
    NeverBuilt(String),
    Undecided(String),
}

impl Control {
    pub(super) async fn follow_pipeline(&self, work: &mut Work) -> Result<Outcome, Halt> {
        let times = &self.settings().times;
        let deadline = Instant::now() + work.left_of(times.pipeline);
        let mut stopper = super::stop::Stopper::default();
        let mut silent = 0;
        let mut note = String::new();
        loop {
            let change = work.stored.change.id;
            work.cancelled =
                work.cancelled || rows::claims::cancel_requested(self.pool(), change).await?;
            work.progress.overdue |= Instant::now() >= deadline;
            let polled = self.poll(work).await?;
            tracing::debug!(step = %work.lease.step, at = "follow.polled");
            let going = match polled {
                Ok(Polled::Ended(result)) => return self.ended(work, &result).await,
                Ok(Polled::NeverBuilt(why)) if work.cancelled => {
                    return Ok(Outcome::Cancelled {
                        note: why,
                        begun: true,
                    });
                }
                Ok(Polled::NeverBuilt(why)) => return Ok(Outcome::failed(why)),
                Ok(Polled::Undecided(why)) => return Ok(Outcome::undecided(why)),
                Ok(Polled::Going(words)) => {
                    silent = 0;
                    Some(words)
                }
                Err(failure) if failure.is_retriable() && silent < SILENT => {
                    if silent == 0 {
                        log(work, &failure);
                    }
                    silent += 1;
                    Some(format!("{} Asking again.", failure.words))
                }
                Err(failure) => {
                    log(work, &failure);
                    return Ok(Outcome::undecided(format!(
                        "{} What became of {} is not known; it may be going on.",
                        failure.words,
                        named(work)
                    )));
                }
            };
            if (work.cancelled || work.progress.overdue)
                && let Some(outcome) = self.stop_build(work, &mut stopper).await?
            {
                return Ok(outcome);
            }
            if let Some(words) = going.map(presentable).filter(|words| *words != note) {
                self.append_log(&work.lease, work.run, &[], &work.progress, Some(&words))
                    .await?;
                note = words;
            }
            tokio::select! {
                () = work.stop.cancelled() => return Ok(Outcome::Released),
                () = sleep(times.follow) => {}
            }
        }
    }

    /// One look: where the build is, whether it has ended, what its log says since.
    async fn poll(&self, work: &mut Work) -> Result<Result<Polled, Failure>, Halt> {
        let number = match self.build_number(work).await? {
            Ok(Ok(number)) => number,
            Ok(Err(polled)) => return Ok(Ok(polled)),
            Err(failure) => return Ok(Err(failure)),
        };
        let job = work.stored.evidence.pipeline.clone();
        let pipelines = &self.outside().pipelines;
        let build = match pipelines.build(&job, number).await {
            Ok(build) => build,
            Err(failure) => return Ok(Err(failure)),
        };
        if let Some(result) = build.ended {
            return Ok(Ok(Polled::Ended(result)));
        }
        match pipelines.log(&job, number, work.progress.log_next).await {
            // Half a piece is asked for again: only the whole one says where the next begins.
            Ok(piece) if piece.broken.is_none() && piece.next != work.progress.log_next => {
                // A log that has become shorter starts again from its beginning; the whole one comes at the end.
                let new = piece.next > work.progress.log_next;
                work.progress.log_next = piece.next;
                let text = if new { piece.text.as_str() } else { "" };
                let lines = take_lines(&mut work.progress.log_rest, text);
                self.append_log(&work.lease, work.run, &lines, &work.progress, None)
                    .await?;
            }
            Ok(_) => {}
            // The build goes on all the same, and at the end the whole log is read.
            Err(failure) => {
                tracing::debug!(step = %work.lease.step, %failure, "a piece of a log is late");
            }
        }
        let how = match (work.progress.stopping, work.progress.overdue) {
            (Some(force), true) => format!(
                " and is being stopped ({}), as it takes too long",
                force.as_str()
            ),
            (Some(force), false) => format!(" and is being stopped ({})", force.as_str()),
            (None, _) => String::new(),
        };
        Ok(Ok(Polled::Going(format!("Build {number} runs{how}."))))
    }

    /// The number of our build, or what there is instead of one.
    async fn build_number(
        &self,
        work: &mut Work,
    ) -> Result<Result<Result<u64, Polled>, Failure>, Halt> {
        if let Some(number) = work.progress.build {
            return Ok(Ok(Ok(number)));
        }
        let job = work.stored.evidence.pipeline.clone();
        let pipelines = &self.outside().pipelines;
        let place = match work.progress.queue_item {
            Some(item) => match pipelines.item(item).await {
                Err(failure) => return Ok(Err(failure)),
                Ok(Item::Waiting(why)) => {
                    return Ok(Ok(Err(Polled::Going(format!("Waits in Jenkins: {why}.")))));
                }
                Ok(Item::Cancelled) => {
                    return Ok(Ok(Err(Polled::NeverBuilt(format!(
                        "{job} was taken out of Jenkins' queue before it was built."
                    )))));
                }
                Ok(Item::Started(number)) => Some(Place::Build(number)),
                Ok(Item::Gone) => None,
            },
            None => None,
        };
        let found = if let Some(place) = place {
            Sighted::Once(place)
        } else {
            let mark = work.progress.mark.clone();
            match self.sight(work, &mark, work.stored.created_at).await? {
                Ok(found) => found,
                Err(failure) => return Ok(Err(failure)),
            }
        };
        let place = match found {
            Sighted::Once(place) => place,
            Sighted::Undecided(why) => return Ok(Ok(Err(Polled::Undecided(why)))),
            Sighted::Nowhere => {
                return Ok(Ok(Err(Polled::NeverBuilt(format!(
                    "Jenkins has lost {job}: it is neither in the queue nor among the builds."
                )))));
            }
        };
        match place {
            Place::Build(number) => {
                work.progress.build = Some(number);
                work.progress.build_url = Some(pipelines.build_url(&job, number));
                Ok(Ok(Ok(number)))
            }
            Place::Queue(item) => {
                work.progress.queue_item = Some(item);
                Ok(Ok(Err(Polled::Going("Waits in Jenkins.".to_owned()))))
            }
        }
    }

    /// The build is over: its whole log, and what its end means.
    async fn ended(&self, work: &mut Work, result: &BuildResult) -> Result<Outcome, Halt> {
        let last = self.whole_log(work).await?;
        let name = named(work);
        let words = result.words();
        if *result == BuildResult::Success {
            return Ok(Outcome::succeeded(format!("{name} {words}.")));
        }
        if work.cancelled {
            return Ok(Outcome::Cancelled {
                note: format!("{name} {words}: it was stopped."),
                begun: true,
            });
        }
        if work.progress.overdue {
            let limit = self.settings().times.pipeline.as_secs();
            return Ok(Outcome::failed(format!(
                "{name} was not done within {limit} s and was stopped ({words})."
            )));
        }
        let by = if *result == BuildResult::Aborted {
            " in Jenkins"
        } else {
            ""
        };
        let said = last
            .map(|line| format!(" It said: “{}”.", line.trim_end_matches('.')))
            .unwrap_or_default();
        // Their ticket was refused, which the build itself cannot explain.
        let lost = self.requester_lost_now(work).await?;
        let lost = lost.map(|why| format!(" {why}.")).unwrap_or_default();
        Ok(Outcome::failed(format!("{name} {words}{by}.{lost}{said}")))
    }

    /// Replaces the copy by the whole log and gives the line that says most of how it ended. Where the whole one does
    /// not come, as much of it is kept as came in one way or the other.
    async fn whole_log(&self, work: &mut Work) -> Result<Option<String>, Halt> {
        const TRIES: u32 = 3;
        let job = work.stored.evidence.pipeline.clone();
        let number = work.progress.build.unwrap_or_default();
        let pipelines = &self.outside().pipelines;
        for tried in 1..=TRIES {
            let room = WHOLE_LOGS.acquire().await.map_err(crate::Error::fault)?;
            let failure = match pipelines.console(&job, number).await {
                Ok(console) => {
                    let came = lines(&console.text);
                    drop(console.text);
                    match console.broken {
                        None => {
                            self.complete_log(&work.lease, work.run, &came, true)
                                .await?;
                            work.progress.log_rest.clear();
                            return Ok(telling(&came));
                        }
                        Some(broken) => {
                            self.rest_of_log(work, tried).await?;
                            self.complete_log(&work.lease, work.run, &came, false)
                                .await?;
                            broken
                        }
                    }
                }
                Err(failure) => {
                    self.rest_of_log(work, tried).await?;
                    failure
                }
            };
            // Not held while nothing is done.
            drop(room);
            tracing::warn!(step = %work.lease.step, tried, %failure, "the whole log could not be read");
            if failure.kind == FailureKind::Missing {
                break;
            }
            if tried < TRIES {
                sleep(self.settings().times.follow.min(Duration::from_secs(5))).await;
            }
        }
        let said =
            "[portolan] Jenkins did not give the whole log. Lines may be missing above.".to_owned();
        self.append_log(&work.lease, work.run, &[said], &work.progress, None)
            .await?;
        Ok(None)
    }

    /// What the live log says since the last look, for want of the whole one; once, at the first try for that one.
    async fn rest_of_log(&self, work: &mut Work, tried: u32) -> Result<(), Halt> {
        if tried > 1 {
            return Ok(());
        }
        let job = work.stored.evidence.pipeline.clone();
        let number = work.progress.build.unwrap_or_default();
        let from = work.progress.log_next;
        let mut left = match self.outside().pipelines.log(&job, number, from).await {
            Ok(piece) if piece.next > from => {
                work.progress.log_next = piece.next;
                take_lines(&mut work.progress.log_rest, &piece.text)
            }
            Ok(_) => vec![],
            Err(failure) => {
                tracing::debug!(step = %work.lease.step, %failure, "the rest of a log did not come");
                vec![]
            }
        };
        if !work.progress.log_rest.is_empty() {
            left.extend(take_lines(&mut work.progress.log_rest, "\n"));
        }
        self.append_log(&work.lease, work.run, &left, &work.progress, None)
            .await
    }
}

fn named(work: &Work) -> String {
    let job = &work.stored.evidence.pipeline;
    match work.progress.build {
        Some(number) => format!("Build {number} of {job}"),
        None => format!("The build of {job}"),
    }
}

/// The last line that speaks of an error; for the reader of a failed step, who should not have to open the log.
fn telling(lines: &[String]) -> Option<String> {
    // What Jenkins adds to any script that fails says nothing.
    let empty = "ERROR: script returned exit code";
    let mut told = lines.iter().rev();
    let line = told.find(|line| line.contains("ERROR") && !line.starts_with(empty))?;
    Some(line.chars().take(500).collect())
}
