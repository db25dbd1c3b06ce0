//! The execution of one change: states of runs and steps, and which steps a deployment has.

use crate::{Evidence, RegionName};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }
        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)* } }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text)
                    .ok_or_else(|| {
                        let all: Vec<_> = Self::ALL.iter().map(|v| v.as_str()).collect();
                        format!("expected one of {}", all.join(", "))
                    })
            }
        }
    };
}
pub(crate) use words;

words! {
    RunState {
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
        /// A call's outcome could not be decided; a person must look.
        NeedsAttention = "needs_attention",
    }
}

words! {
    StepState {
        /// Waits for the steps before it.
        Waiting = "waiting",
        /// May be claimed when due.
        Due = "due",
        /// A worker holds its lease.
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        /// Was under way when the run was cancelled and has been stopped.
        Cancelled = "cancelled",
        /// Never begun, because an earlier step ended the run.
        Skipped = "skipped",
        NeedsAttention = "needs_attention",
    }
}

impl StepState {
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Skipped
        )
    }
}

words! {
    /// What a step does. Its class of effect (token, desired state, neither) decides how it is retried.
    StepKind {
        /// `eks:DescribeCluster`: the cluster is ACTIVE.
        CheckCluster = "check_cluster",
        /// `ecr:DescribeImages`: the digest is in this region's registry.
        CheckImage = "check_image",
        /// Triggers the Jenkins job. Class *neither*: looked for before any second try.
        TriggerPipeline = "trigger_pipeline",
        /// Follows the build's log and awaits its result.
        FollowPipeline = "follow_pipeline",
        /// The Kubernetes API reports every pod on the digest.
        VerifyRollout = "verify_rollout",
        /// Waits while the canary is watched, and reads its metrics now and then. Class *desired state*: only reads.
        Bake = "bake",
        /// Reads the metrics of the whole wait and decides whether the run goes on. Only reads.
        Analyse = "analyse",
    }
}

impl StepKind {
    /// What is done in every region, in this order.
    pub const OF_A_REGION: [Self; 5] = [
        Self::CheckCluster,
        Self::CheckImage,
        Self::TriggerPipeline,
        Self::FollowPipeline,
        Self::VerifyRollout,
    ];
    /// What is done between the canary's region and the next.
    pub const OF_A_WAVE: [Self; 2] = [Self::Bake, Self::Analyse];

    /// In words for a person, as a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::CheckCluster => "Cluster is active",
            Self::CheckImage => "Image is in the registry",
            Self::TriggerPipeline => "Start the pipeline",
            Self::FollowPipeline => "Pipeline deploys",
            Self::VerifyRollout => "Pods run the image",
            Self::Bake => "Canary is watched",
            Self::Analyse => "Metrics decide",
        }
    }
}

/// One step to be made when a run starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    pub kind: StepKind,
    pub region: RegionName,
}

/// The steps of a deployment: all of one region, passive first, before any of the next. After the canary's region of a
/// wave it stops, until the metrics say that it may go on.
pub fn steps(evidence: &Evidence) -> Vec<PlannedStep> {
    let mut targets: Vec<_> = evidence.targets.iter().collect();
    targets.sort_by_key(|target| target.side);
    targets
        .into_iter()
        .flat_map(|target| {
            let wave = evidence.wave.as_ref();
            let stops = wave.is_some_and(|wave| wave.region == target.region);
            let after = stops.then_some(StepKind::OF_A_WAVE).into_iter().flatten();
            StepKind::OF_A_REGION
                .into_iter()
                .chain(after)
                .map(|kind| PlannedStep {
                    kind,
                    region: target.region.clone(),
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passive_region_is_finished_before_the_active_one_begins() {
        let mut evidence = crate::evidence::tests::sample();
        evidence.wave = None;
        evidence.targets.reverse();
        let order: Vec<_> = steps(&evidence)
            .into_iter()
            .map(|s| format!("{} {}", s.region, s.kind))
            .collect();
        assert_eq!(order.len(), 10);
        assert!(order[..5].iter().all(|s| s.starts_with("eu-central-1")));
        assert!(order[5..].iter().all(|s| s.starts_with("eu-west-1")));
        assert_eq!(order[4], "eu-central-1 verify_rollout");
    }

    #[test]
    fn a_wave_stops_between_the_regions_and_nowhere_else() {
        let evidence = crate::evidence::tests::sample();
        let order: Vec<_> = steps(&evidence).into_iter().map(|s| s.kind).collect();
        assert_eq!(order.len(), 12);
        assert_eq!(order[..5], StepKind::OF_A_REGION);
        assert_eq!(order[5..7], StepKind::OF_A_WAVE);
        assert_eq!(order[7..], StepKind::OF_A_REGION);
        assert_eq!(
            StepKind::ALL.len(),
            StepKind::OF_A_REGION.len() + StepKind::OF_A_WAVE.len()
        );
    }
}
