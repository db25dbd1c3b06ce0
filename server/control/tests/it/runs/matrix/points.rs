//! Where in the work on a step of a kind something happens: through the events the worker traces anyway.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use domain::StepKind;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::thread::Way;

/// How far the work on a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    BeforeIntent,
    AfterIntent,
    AfterCall,
    AfterResult,
    /// The transaction that ends the step is open and has locked its rows.
    BeforeAcknowledgement,
}

impl Phase {
    pub(super) const ALL: [Self; 5] = [
        Self::BeforeIntent,
        Self::AfterIntent,
        Self::AfterCall,
        Self::AfterResult,
        Self::BeforeAcknowledgement,
    ];

    /// The traced point, and how often it must have been passed. What only reads has no intent; the session that it reads
    /// with is what it writes down before its call. A build is read again and again: the second time is after a call.
    fn of(self, kind: StepKind) -> (&'static str, usize) {
        match (self, kind) {
            (Self::BeforeIntent, _) => ("claimed", 1),
            (Self::AfterIntent, kind) if kind.starts_build() => ("trigger.intended", 1),
            (Self::AfterIntent, kind) if kind.follows_build() => ("follow.polled", 1),
            (Self::AfterIntent, _) => ("session.recorded", 1),
            (Self::AfterCall, kind) if kind.starts_build() => ("trigger.called", 1),
            (Self::AfterCall, kind) if kind.follows_build() => ("follow.polled", 2),
            (Self::AfterCall, _) => ("read.called", 1),
            (Self::AfterResult, kind) if kind.starts_build() => ("trigger.settled", 1),
            (Self::AfterResult, _) => ("done", 1),
            (Self::BeforeAcknowledgement, _) => ("settling", 1),
        }
    }
}

/// Whether the point was ever passed.
#[derive(Clone)]
pub(super) struct Passed(Arc<AtomicBool>);

impl Passed {
    pub(super) fn reached(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The subscriber of one worker, which does one step at a time.
pub(super) struct Point {
    kind: &'static str,
    name: &'static str,
    nth: usize,
    seen: AtomicUsize,
    /// The kind of the step that was claimed last.
    at_work: Mutex<String>,
    passed: Arc<AtomicBool>,
    way: Box<dyn Fn() -> Way + Send + Sync>,
}

pub(super) fn point(
    kind: StepKind,
    phase: Phase,
    way: impl Fn() -> Way + Send + Sync + 'static,
) -> Point {
    let (name, nth) = phase.of(kind);
    Point {
        kind: kind.as_str(),
        name,
        nth,
        seen: AtomicUsize::new(0),
        at_work: Mutex::default(),
        passed: Arc::default(),
        way: Box::new(way),
    }
}

impl Point {
    pub(super) fn counted(self) -> (Self, Passed) {
        let passed = Passed(Arc::clone(&self.passed));
        (self, passed)
    }
}

#[derive(Default)]
struct Told {
    at: String,
    kind: Option<String>,
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "at" => value.clone_into(&mut self.at),
            "kind" => self.kind = Some(value.to_owned()),
            _ => {}
        }
    }
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl Subscriber for Point {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("portolan_control")
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut told = Told::default();
        event.record(&mut told);
        if told.at.is_empty() {
            return;
        }
        {
            let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(kind) = told.kind.filter(|_| told.at == "claimed") {
                *at_work = kind;
            }
            if *at_work != self.kind || told.at != self.name {
                return;
            }
        }
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.nth {
            self.passed.store(true, Ordering::SeqCst);
            (self.way)().go();
        }
    }
}
