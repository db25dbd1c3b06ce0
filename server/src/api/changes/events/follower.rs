//! Follows one change for one viewer, and asks the database only while the viewer is there.

use std::{collections::BTreeMap, convert::Infallible, fmt, time::Duration};

use axum::response::sse::Event;
use control::runs::LogLine;
use domain::{Caller, ChangeId, StepId};
use serde::Serialize;
use serde_json::json;
use tokio::{sync::mpsc, time::Instant};

use super::super::run::{Line, Step};
use crate::AppState;

const POLL: Duration = Duration::from_millis(300);
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often it is asked anew whether the viewer is still signed in, with the rights of today.
const RECHECK: Duration = Duration::from_secs(30);
/// Lines in one event.
const LINES: i64 = 500;

/// How much a viewer has: the change as of this version, the log up to this line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) version: i64,
    pub(super) seq: i64,
}

impl Place {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (version, seq) = text.split_once('.')?;
        let number = |t: &str| {
            let digits = (1..=18).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
            t.parse().ok().filter(|_| digits)
        };
        Some(Self {
            version: number(version)?,
            seq: number(seq)?,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.version, self.seq)
    }
}

pub(super) type Sender = mpsc::Sender<Result<Event, Infallible>>;

/// Why a stream ends before the change does.
#[derive(Debug)]
enum Break {
    /// The viewer has gone.
    Gone,
    /// The viewer is no longer signed in, or may no longer see the change.
    NoLonger,
    Fault(control::Error),
}

impl From<control::Error> for Break {
    fn from(error: control::Error) -> Self {
        match error {
            control::Error::Refused(_) => Self::NoLonger,
            fault => Self::Fault(fault),
        }
    }
}

enum Round {
    More,
    Quiet,
    Ended,
}

pub(super) struct Follower {
    state: AppState,
    caller: Caller,
    id: ChangeId,
    place: Place,
    /// The steps as they were sent last.
    steps: BTreeMap<StepId, String>,
    sender: Sender,
}

impl Follower {
    pub(super) fn new(
        state: AppState,
        caller: Caller,
        id: ChangeId,
        place: Place,
        sender: Sender,
    ) -> Self {
        Self {
            state,
            caller,
            id,
            place,
            steps: BTreeMap::new(),
            sender,
        }
    }

    pub(super) async fn run(mut self) {
        match self.follow().await {
            Ok(()) | Err(Break::Gone) => {}
            Err(Break::NoLonger) => {
                tracing::info!(change = %self.id, "a viewer may no longer follow a change")
            }
            // The viewer comes again by itself and goes on from here.
            Err(Break::Fault(error)) => {
                tracing::warn!(%error, change = %self.id, "a stream of a change broke off")
            }
        }
    }

    async fn follow(&mut self) -> Result<(), Break> {
        let stopped = self.state.stopped();
        let mut checked = Instant::now();
        while !stopped.is_cancelled() {
            if checked.elapsed() >= RECHECK {
                let still = self.state.control().still(&self.caller).await?;
                self.caller = still.ok_or(Break::NoLonger)?;
                checked = Instant::now();
            }
            match self.round().await? {
                Round::Ended => return Ok(()),
                Round::More => {}
                Round::Quiet => tokio::select! {
                    () = tokio::time::sleep(POLL) => {}
                    () = stopped.cancelled() => {}
                    () = self.sender.closed() => return Err(Break::Gone),
                },
            }
        }
        Ok(())
    }

    async fn round(&mut self) -> Result<Round, Break> {
        let control = self.state.control().clone();
        let now = control.watch(&self.caller, self.id).await?;
        if now.version_no != self.place.version {
            self.moved().await?;
        }
        if now.last_line > self.place.seq {
            let lines = control
                .log(&self.caller, self.id, self.place.seq, LINES)
                .await?;
            if !lines.is_empty() {
                self.log(lines).await?;
                return Ok(Round::More);
            }
        }
        // Its end was seen before its log was: no line can have come since.
        if now.state.is_final() && now.version_no == self.place.version {
            self.send("end", &json!({"state": now.state})).await?;
            return Ok(Round::Ended);
        }
        Ok(Round::Quiet)
    }

    /// The change or its run has moved: what is new of it.
    async fn moved(&mut self) -> Result<(), Break> {
        let detail = self.state.control().change(&self.caller, self.id).await?;
        let change = json!({"state": detail.row.state, "version_no": detail.version_no});
        for view in detail.run.into_iter().flat_map(|run| run.steps) {
            let (id, step) = (view.id, Step::from(view));
            let text = serde_json::to_string(&step).map_err(control::Error::from)?;
            if self.steps.get(&id) != Some(&text) {
                self.send("step", &step).await?;
                self.steps.insert(id, text);
            }
        }
        // Last, with the new version in its id: a viewer cut off before it gets the steps again.
        self.place.version = detail.version_no;
        self.send("change", &change).await
    }

    async fn log(&mut self, lines: Vec<LogLine>) -> Result<(), Break> {
        let last = lines.last().map_or(self.place.seq, |line| line.seq);
        let lines: Vec<Line> = lines.into_iter().map(Into::into).collect();
        self.place.seq = last;
        self.send("log", &lines).await
    }

    async fn send(&self, name: &str, data: &impl Serialize) -> Result<(), Break> {
        // JSON holds no line end, so the data is one line whatever is in it.
        let text = serde_json::to_string(data).map_err(control::Error::from)?;
        let event = Event::default()
            .event(name)
            .id(self.place.to_string())
            .data(text);
        self.sender.send(Ok(event)).await.map_err(|_| Break::Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_place_is_two_numbers() {
        let place = Place {
            version: 3,
            seq: 17,
        };
        assert_eq!(Place::read(&place.to_string()), Some(place));
        for bad in [
            "",
            "3",
            "3.",
            ".3",
            "a.b",
            "3.4.5",
            "-1.2",
            "+1.2",
            "1.9999999999999999999",
        ] {
            assert_eq!(Place::read(bad), None, "{bad}");
        }
    }
}
