//! The addresses that Jenkins serves, and which of them a path is.

/// What an address is. `ALL` is the registry that a test walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    Root,
    CrumbIssuer,
    Queue,
    Item,
    CancelItem,
    Folder,
    Job,
    Trigger,
    TriggerPlain,
    Runs,
    Build,
    Stop,
    Term,
    Kill,
    ProgressiveText,
    ConsoleText,
    Describe,
    PendingInputs,
    InputSubmit,
    ProceedEmpty,
    Abort,
    NodeLog,
}

/// A path taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Full name of the job or folder.
    pub name: String,
    /// A build number, or a permalink such as `lastBuild`.
    pub build: String,
    /// Queue item, input or node.
    pub id: String,
}

impl Route {
    /// Every address served: method, template below the context path.
    pub const ALL: [(Self, &'static str, &'static str); 22] = [
        (Self::Root, "GET", "api/json"),
        (Self::CrumbIssuer, "GET", "crumbIssuer/api/json"),
        (Self::Queue, "GET", "queue/api/json"),
        (Self::Item, "GET", "queue/item/{id}/api/json"),
        (Self::CancelItem, "POST", "queue/cancelItem"),
        (Self::Folder, "GET", "{folder}/api/json"),
        (Self::Job, "GET", "{job}/api/json"),
        (Self::Trigger, "POST", "{job}/buildWithParameters"),
        (Self::TriggerPlain, "POST", "{job}/build"),
        (Self::Runs, "GET", "{job}/wfapi/runs"),
        (Self::Build, "GET", "{job}/{build}/api/json"),
        (Self::Stop, "POST", "{job}/{build}/stop"),
        (Self::Term, "POST", "{job}/{build}/term"),
        (Self::Kill, "POST", "{job}/{build}/kill"),
        (
            Self::ProgressiveText,
            "GET",
            "{job}/{build}/logText/progressiveText",
        ),
        (Self::ConsoleText, "GET", "{job}/{build}/consoleText"),
        (Self::Describe, "GET", "{job}/{build}/wfapi/describe"),
        (
            Self::PendingInputs,
            "GET",
            "{job}/{build}/wfapi/pendingInputActions",
        ),
        (Self::InputSubmit, "POST", "{job}/{build}/wfapi/inputSubmit"),
        (
            Self::ProceedEmpty,
            "POST",
            "{job}/{build}/input/{id}/proceedEmpty",
        ),
        (Self::Abort, "POST", "{job}/{build}/input/{id}/abort"),
        (
            Self::NodeLog,
            "GET",
            "{job}/{build}/execution/node/{id}/wfapi/log",
        ),
    ];

    /// Whether it changes state, so that GET is refused.
    pub fn post_only(self) -> bool {
        Self::ALL
            .iter()
            .any(|(route, method, _)| *route == self && *method == "POST")
    }

    /// `POST {job}/buildWithParameters`.
    pub fn name(self) -> String {
        Self::ALL
            .iter()
            .find(|(route, ..)| *route == self)
            .map(|(_, method, template)| format!("{method} {template}"))
            .unwrap_or_default()
    }

    /// Finds the address. Folder and job look alike: the caller tells them apart by what exists.
    pub fn find(segments: &[String]) -> Option<(Self, Place)> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let mut place = Place::default();
        let (names, rest) = take_jobs(&segments);
        place.name = names.join("/");
        let route = if names.is_empty() {
            match rest {
                [] | ["api", "json"] => Self::Root,
                ["crumbIssuer", "api", "json"] => Self::CrumbIssuer,
                ["queue", "api", "json"] => Self::Queue,
                ["queue", "item", id, "api", "json"] => {
                    (*id).clone_into(&mut place.id);
                    Self::Item
                }
                ["queue", "cancelItem"] => Self::CancelItem,
                _ => return None,
            }
        } else {
            match rest {
                [] | ["api", "json"] => Self::Job,
                ["buildWithParameters"] => Self::Trigger,
                ["build"] => Self::TriggerPlain,
                ["wfapi", "runs"] => Self::Runs,
                [build, rest @ ..] => {
                    (*build).clone_into(&mut place.build);
                    Self::of_build(rest, &mut place)?
                }
            }
        };
        Some((route, place))
    }

    fn of_build(rest: &[&str], place: &mut Place) -> Option<Self> {
        Some(match rest {
            [] | ["api", "json"] => Self::Build,
            ["stop"] => Self::Stop,
            ["term"] => Self::Term,
            ["kill"] => Self::Kill,
            ["logText", "progressiveText"] => Self::ProgressiveText,
            ["consoleText"] => Self::ConsoleText,
            ["wfapi", "describe"] => Self::Describe,
            ["wfapi", "pendingInputActions"] => Self::PendingInputs,
            ["wfapi", "inputSubmit"] => Self::InputSubmit,
            ["input", id, "proceedEmpty"] => {
                (*id).clone_into(&mut place.id);
                Self::ProceedEmpty
            }
            ["input", id, "abort"] => {
                (*id).clone_into(&mut place.id);
                Self::Abort
            }
            ["execution", "node", id, "wfapi", "log"] => {
                (*id).clone_into(&mut place.id);
                Self::NodeLog
            }
            _ => return None,
        })
    }
}

/// Takes `job/A/job/B` off the front.
fn take_jobs<'a, 'b>(segments: &'a [&'b str]) -> (Vec<&'b str>, &'a [&'b str]) {
    let mut names = Vec::new();
    let mut rest = segments;
    while let ["job", name, more @ ..] = rest {
        names.push(*name);
        rest = more;
    }
    (names, rest)
}
