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
        /// Triggers the Jenkins job for a share of the replicas. Class *neither*: looked for before any second try.
        TriggerCanary = "trigger_canary",
        /// Follows the build of the canary and awaits its result.
        FollowCanary = "follow_canary",
        /// The Kubernetes API reports the share of pods, every one of them on the digest. Only reads.
        VerifyCanary = "verify_canary",
        /// Triggers the Jenkins job. Class *neither*: looked for before any second try.
        TriggerPipeline = "trigger_pipeline",
        /// Follows the build's log and awaits its result.
        FollowPipeline = "follow_pipeline",
        /// The Kubernetes API reports every pod on the digest, and no pod of a canary.
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
    /// What is done in a region before all of it, where a share of the replicas goes first.
    pub const OF_A_CANARY: [Self; 3] =
        [Self::TriggerCanary, Self::FollowCanary, Self::VerifyCanary];
    /// What is done behind a canary, before what comes next.
    pub const OF_A_WAVE: [Self; 2] = [Self::Bake, Self::Analyse];

    /// In words for a person, as a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::CheckCluster => "Cluster is active",
            Self::CheckImage => "Image is in the registry",
            Self::TriggerCanary => "Start the canary",
            Self::FollowCanary => "Pipeline brings up the canary",
            Self::VerifyCanary => "Canary runs the image",
            Self::TriggerPipeline => "Start the pipeline",
            Self::FollowPipeline => "Pipeline deploys",
            Self::VerifyRollout => "Pods run the image",
            Self::Bake => "Canary is watched",
            Self::Analyse => "Metrics decide",
        }
    }

    /// Starts a build, or follows one: what it began may be going on whatever becomes of the step.
    pub fn is_pipeline(self) -> bool {
        self.starts_build() || self.follows_build()
    }

    pub fn starts_build(self) -> bool {
        matches!(self, Self::TriggerCanary | Self::TriggerPipeline)
    }

    pub fn follows_build(self) -> bool {
        matches!(self, Self::FollowCanary | Self::FollowPipeline)
    }

    /// The step of the same region that starts the build this one is about; none where it is about none.
    pub fn build_of(self) -> Option<Self> {
        match self {
            Self::TriggerCanary | Self::FollowCanary | Self::VerifyCanary => {
                Some(Self::TriggerCanary)
            }
            Self::TriggerPipeline | Self::FollowPipeline | Self::VerifyRollout => {
                Some(Self::TriggerPipeline)
            }
            Self::CheckCluster | Self::CheckImage | Self::Bake | Self::Analyse => None,
        }
    }
}

/// One step to be made when a run starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    pub kind: StepKind,
    pub region: RegionName,
}

/// The steps of a deployment: all of one region, passive first, before any of the next. Behind each canary of a wave it
/// stops, until the metrics say that it may go on: behind the first region, or in every region behind a share of it.
pub fn steps(evidence: &Evidence) -> Vec<PlannedStep> {
    let mut targets: Vec<_> = evidence.targets.iter().collect();
    targets.sort_by_key(|target| target.side);
    let (reads, acts) = StepKind::OF_A_REGION.split_at(2);
    let mut steps = vec![];
    for target in targets {
        let wave = evidence.wave.as_ref();
        let share = wave.and_then(|wave| wave.share.as_ref());
        let whole = wave.is_some_and(|wave| wave.region == target.region)
            && share.is_none_or(|share| share.region_too);
        let mut kinds = reads.to_vec();
        if share.is_some() {
            kinds.extend(StepKind::OF_A_CANARY);
            kinds.extend(StepKind::OF_A_WAVE);
        }
        kinds.extend(acts);
        if whole {
            kinds.extend(StepKind::OF_A_WAVE);
        }
        steps.extend(kinds.into_iter().map(|kind| PlannedStep {
            kind,
            region: target.region.clone(),
        }));
    }
    steps
}

/// Whether what is done at this place of a run is about a canary of a share of the replicas, and not about all of its
/// region.
pub fn is_of_share(evidence: &Evidence, position: usize) -> bool {
    let steps = steps(evidence);
    let mut until: Vec<_> = steps.iter().take(position + 1).collect();
    until.reverse();
    let build = until.into_iter().find_map(|step| step.kind.build_of());
    build == Some(StepKind::TriggerCanary)
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
    }

    fn with_share(region_too: bool) -> Evidence {
        let mut evidence = crate::evidence::tests::sample();
        let wave = evidence.wave.as_mut().expect("a wave");
        wave.share = Some(crate::wave::Shares {
            percent: crate::wave::Percent::new(25).expect("a share"),
            region_too,
            then: vec![],
        });
        evidence
    }

    #[test]
    fn a_share_goes_before_the_rest_of_every_region() {
        let [reads @ .., trigger, follow, verify] = StepKind::OF_A_REGION;
        let mut region = reads.to_vec();
        region.extend(StepKind::OF_A_CANARY);
        region.extend(StepKind::OF_A_WAVE);
        region.extend([trigger, follow, verify]);
        let steps = |evidence: &Evidence| -> Vec<_> {
            let steps = steps(evidence);
            steps.into_iter().map(|s| (s.region, s.kind)).collect()
        };
        let evidence = with_share(false);
        let both = steps(&evidence);
        assert_eq!(both.len(), 20);
        for (n, target) in evidence.targets.iter().enumerate() {
            let here: Vec<_> = region.iter().map(|k| (target.region.clone(), *k)).collect();
            assert_eq!(both[n * 10..n * 10 + 10], here, "{}", target.side);
        }
        let mut alone = evidence;
        alone.targets.remove(0);
        assert_eq!(steps(&alone), both[10..], "one region is enough");
        // A wave of the region besides keeps its own stop.
        let all = steps(&with_share(true));
        assert_eq!(all.len(), 22);
        assert_eq!(all[..10], both[..10]);
        let stop: Vec<_> = all[10..12].iter().map(|(_, kind)| *kind).collect();
        assert_eq!(stop, StepKind::OF_A_WAVE);
        assert_eq!(all[12..], both[10..]);
        let mut every: Vec<_> = all.iter().map(|(_, kind)| *kind).collect();
        every.sort_unstable();
        every.dedup();
        assert_eq!(every, StepKind::ALL, "no kind that no run has");
    }

    #[test]
    fn a_stop_knows_what_it_is_behind() {
        let evidence = with_share(true);
        let of: Vec<bool> = (0..22).map(|at| is_of_share(&evidence, at)).collect();
        let share = |from: usize| (from..from + 5).map(|at| (at, true));
        let expected: std::collections::BTreeMap<_, _> = share(2).chain(share(14)).collect();
        for (at, of) in of.into_iter().enumerate() {
            assert_eq!(of, expected.contains_key(&at), "step {at}");
        }
        let region = crate::evidence::tests::sample();
        assert!((0..12).all(|at| !is_of_share(&region, at)));
    }
}
