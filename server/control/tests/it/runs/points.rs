//! Reaching into a worker at an exact point of its work, through the events it traces anyway: the product has no hook
//! for tests. What is done there runs inside of the worker, between two of its statements.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Does something the `nth` time that a worker passes a point.
pub(crate) struct At {
    point: &'static str,
    nth: usize,
    passed: AtomicUsize,
    act: Box<dyn Fn() + Send + Sync>,
}

impl At {
    pub(crate) fn then(
        point: &'static str,
        nth: usize,
        act: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self {
            point,
            nth,
            passed: AtomicUsize::new(0),
            act: Box::new(act),
        }
    }

    /// Ends the worker there, as a kill would: nothing after the point happens.
    pub(crate) fn die(point: &'static str, nth: usize) -> Self {
        Self::then(point, nth, move || {
            std::panic::resume_unwind(Box::new("killed"));
        })
    }
}

struct Find<'a>(&'a str, bool);

impl Visit for Find<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.1 |= field.name() == "at" && value == self.0;
    }
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl Subscriber for At {
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
        let mut find = Find(self.point, false);
        event.record(&mut find);
        if find.1 && self.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.nth {
            (self.act)();
        }
    }
}

/// A future that is dropped in the middle, after so many polls: the kill that no point was made for.
pub(crate) struct CutAfter<F> {
    inner: Option<Pin<Box<F>>>,
    left: usize,
    polls: Arc<AtomicUsize>,
}

impl<F: Future> CutAfter<F> {
    pub(crate) fn new(inner: F, polls: usize, counted: Arc<AtomicUsize>) -> Self {
        Self {
            inner: Some(Box::pin(inner)),
            left: polls,
            polls: counted,
        }
    }
}

impl<F: Future> Future for CutAfter<F> {
    /// None when it was cut.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            self.inner = None;
        }
        self.left = self.left.saturating_sub(1);
        self.polls.fetch_add(1, Ordering::SeqCst);
        match &mut self.inner {
            None => Poll::Ready(None),
            Some(inner) => inner.as_mut().poll(context).map(Some),
        }
    }
}
