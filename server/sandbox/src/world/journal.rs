//! The journal of calls: who called what, so that tests can assert on it. Never a secret, a session token or a body.
use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

/// Calls kept; older ones are dropped so that a load test does not eat the memory.
const KEPT: usize = 20_000;

/// One call that reached the world.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Call {
    /// Number, from 1, without gaps.
    pub number: u64,
    /// World time.
    pub at: Timestamp,
    /// Signing name (`sts`, `eks`, `ecr`), or `jenkins`, `kubernetes`, `pod-identity`.
    pub service: String,
    /// Region, where the service has one.
    pub region: Option<String>,
    /// AWS operation, or `METHOD path` elsewhere.
    pub operation: String,
    /// ARN of the caller, once authenticated.
    pub caller: Option<String>,
    /// Role session name of the caller.
    pub session_name: Option<String>,
    /// Source identity of the caller.
    pub source_identity: Option<String>,
    /// Access key id that signed (no secret).
    pub access_key_id: Option<String>,
    /// The request id that the answer carried.
    pub request_id: Option<String>,
    /// `ok`, the error code, or `fault:<kind>`.
    pub outcome: String,
    /// Request parameters worth asserting on, as AWS `CloudTrail` would show them.
    pub detail: serde_json::Value,
}

/// The calls, oldest first.
#[derive(Debug, Default)]
pub struct Journal {
    calls: VecDeque<Call>,
    last: u64,
}

impl Journal {
    pub(super) fn push(&mut self, mut call: Call, now: Timestamp) {
        self.last += 1;
        call.number = self.last;
        if call.at == Timestamp::UNIX_EPOCH {
            call.at = now;
        }
        if self.calls.len() == KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    pub(super) fn after(&self, number: u64) -> Vec<Call> {
        self.calls
            .iter()
            .filter(|call| call.number > number)
            .cloned()
            .collect()
    }
}
