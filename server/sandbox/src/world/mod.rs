//! The one shared state of the stand-in world, its clock, its faults and its journal of calls.
pub mod clock;
pub mod control;
pub mod description;
pub mod faults;
pub mod journal;
mod reader;

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::{aws, jenkins, kubernetes};
use clock::Clock;
use description::Description;
use faults::Faults;
use journal::{Call, Journal};

/// Where the two listeners are bound.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// The HTTP port.
    pub http: SocketAddr,
    /// The TLS port.
    pub kubernetes: SocketAddr,
}

/// What changes while the world runs; each part is owned by the module of that name.
#[derive(Debug)]
pub struct State {
    /// Sessions, roles, clusters, images.
    pub aws: aws::State,
    /// Jobs, queue, builds.
    pub jenkins: jenkins::State,
    /// Objects of every cluster.
    pub kubernetes: kubernetes::State,
}

/// The whole stand-in world. Shared as `Arc<World>`; never hold [`World::lock`] across an await.
#[derive(Debug)]
pub struct World {
    description: Description,
    url: String,
    kubernetes_url: String,
    kubernetes_ca: String,
    clock: Clock,
    faults: Faults,
    journal: Mutex<Journal>,
    state: Mutex<State>,
    stop: CancellationToken,
}

impl World {
    /// Seeds a world from its description.
    pub fn new(
        description: Description,
        at: Addresses,
        kubernetes_ca: String,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let clock = Clock::default();
        let state = State {
            aws: aws::State::seed(&description, clock.now())?,
            jenkins: jenkins::State::seed(&description, clock.now())?,
            kubernetes: kubernetes::State::seed(&description, clock.now())?,
        };
        Ok(Self {
            description,
            url: format!("http://{}", at.http),
            kubernetes_url: format!("https://{}", at.kubernetes),
            kubernetes_ca,
            clock,
            faults: Faults::default(),
            journal: Mutex::default(),
            state: Mutex::new(state),
            stop,
        })
    }

    /// The description that the world was seeded from.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Address of the HTTP port, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Address of the TLS port, without a slash at the end.
    pub fn kubernetes_url(&self) -> &str {
        &self.kubernetes_url
    }

    /// The PEM of the CA that signed the certificate of the TLS port.
    pub fn kubernetes_ca_pem(&self) -> &str {
        &self.kubernetes_ca
    }

    /// The world's time: real time plus what tests have advanced it by.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// The drivable clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The state. A panic of another holder does not lock everybody out.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes one call into the journal; its number and, when unset, its time are filled in.
    pub fn record(&self, call: Call) {
        self.journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call, self.now());
    }

    /// Every call with a number above `after`, oldest first (0 for all).
    pub fn calls(&self, after: u64) -> Vec<Call> {
        self.journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .after(after)
    }

    /// Cancelled when the sandbox stops; background tasks select on it.
    pub fn stopped(&self) -> &CancellationToken {
        &self.stop
    }
}
