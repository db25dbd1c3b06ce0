//! A canary of a share of the replicas: which steps are about it, and what its pipeline is asked for.
//!
//! The pipeline brings it up with a ticket and a build of their own, like all of a region, so starting it, following it
//! and verifying it are the steps of [`trigger`](super::trigger), [`follow`](super::follow) and
//! [`verify`](super::verify), asked for a share. Whoever brings up all of a region takes the canary away again, also one
//! that an earlier change left behind.

use domain::{ImageDigest, StepKind, Target, wave::Percent};

use super::{engine::Work, lease::Halt};
use crate::error::corrupt;

/// The share that this step is about; none where it is about all of the region.
///
/// # Errors
/// For a step of a canary that the evidence does not speak of: asked for without its share it would be all of the region.
pub(super) fn share(work: &Work) -> Result<Option<Percent>, Halt> {
    if work.kind.build_of() != Some(StepKind::TriggerCanary) {
        return Ok(None);
    }
    let share = work.stored.evidence.share();
    let missing = || {
        let why = "a canary whose share the evidence does not name";
        corrupt("step", "kind", work.lease.step, why)
    };
    Ok(Some(share.ok_or_else(missing)?))
}

/// What the pipeline is told: the percentage; nothing for all of the region.
pub(super) fn parameter(work: &Work) -> Option<String> {
    let of_canary = work.kind.build_of() == Some(StepKind::TriggerCanary);
    let share = work.stored.evidence.share().filter(|_| of_canary);
    share.map(|share| share.get().to_string())
}

/// Whether the portal had verified that the region ran another image before the change.
pub(crate) fn ran_other(target: &Target, image: &ImageDigest) -> bool {
    target
        .current
        .as_ref()
        .is_some_and(|running| running.digest != *image)
}
