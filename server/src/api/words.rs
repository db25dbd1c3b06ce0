//! The words of the domain as the description of the API shows them: their alphabet, their length, an example.
//!
//! Nothing of these types exists at run time; the values are the domain's own, which check themselves.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, ObjectBuilder, RefOr, Type,
        schema::{KnownFormat, Schema, SchemaFormat},
    },
};

/// Any text without control characters but line breaks and tabs, and without those that turn the direction of writing,
/// with something to read in it.
const SAID: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]*[^\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]*$";
/// The same, but may be empty.
const TEXT: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$";
/// And without noncharacters.
const COMMENT: &str =
    r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]*$";
/// One line with something to read in it.
const LINE: &str = r"^[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*[^\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb][^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$";
const LABEL: &str = r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$";

macro_rules! texts {
    ($($name:ident: $about:literal, $pattern:expr, $min:literal..=$max:literal, $example:literal;)*) => {
        $(#[derive(Debug)] pub(super) struct $name;
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).description(Some($about)).pattern(Some($pattern))
                    .min_length(Some($min)).max_length(Some($max)).examples([$example]).build().into()
            }
        }
        impl ToSchema for $name {
            fn name() -> Cow<'static, str> { stringify!($name).into() }
        })*
        fn add_texts(components: &mut Components) {
            $(components.schemas.insert(stringify!($name).to_owned(), $name::schema());)*
        }
        #[cfg(test)]
        const TEXTS: &[(&str, &str)] = &[$((stringify!($name), $example),)*];
    };
}

texts! {
    ServiceName: "The catalogue name of a service.", LABEL, 1..=63, "cart";
    TeamName: "A team: the owner of services.", LABEL, 1..=63, "checkout";
    EnvironmentName: "A place where services run.", LABEL, 1..=63, "staging";
    SystemName: "A system: services that belong together.", LABEL, 1..=63, "shop";
    RecurrenceRule: "A rule of RFC 5545: FREQ of DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, BYYEARDAY, BYWEEKNO, WKST.", r"^[!-~]+$", 6..=200, "FREQ=WEEKLY;BYDAY=SA,SU";
    WallTime: "A day and a time as a clock on the wall shows them, without a zone.", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$", 16..=19, "2026-12-24T18:00:00";
    ZoneName: "A time zone of the IANA database.", r"^[A-Za-z0-9_+/-]+$", 1..=64, "Europe/Berlin";
    RegionName: "An AWS region.", LABEL, 1..=63, "eu-west-1";
    Login: "A person's sign-in name; the SourceIdentity of their AWS sessions.", r"^[A-Za-z0-9_+=,.@-]+$", 2..=64, "developer";
    Version: "The version of a release.", r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", 1..=128, "1.2.0";
    GitCommit: "A git commit, abbreviated to no less than seven digits.", r"^[0-9a-f]+$", 7..=64, "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432";
    ImageDigest: "The content address of an image.", r"^sha256:[0-9a-f]{64}$", 71..=71,
        "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    EvidenceDigest: "SHA-256 of the canonical evidence, in hexadecimal digits.", r"^[0-9a-f]{64}$", 64..=64,
        "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7";
    Reason: "Why, in a sentence: approvers read it, and the audit log keeps it. Line breaks and tabs are the only control characters; nothing turns the direction of writing, and there are no noncharacters, such as U+FFFE.", SAID, 1..=2000,
        "Fixes the rounding of totals";
    Comment: "What an approver has to say; needed for a rejection. Line breaks and tabs are the only control characters; nothing turns the direction of writing, and there are no noncharacters, such as U+FFFE.", COMMENT, 0..=2000, "Checked with the team";
    TokenName: "What a token is for, to recognise it by.", LINE, 1..=100, "release pipeline";
    Cursor: "Where a page begins: the `next_cursor` of the page before, unaltered.", r"^[A-Za-z0-9_-]+$", 1..=1000, "Y2FydB9jYXJ0";
    EventPlace: "How much of a change and of its log a viewer has.", r"^[0-9]{1,18}\.[0-9]{1,18}$", 3..=37, "4.120";
    IdempotencyKey: "Makes a repetition recognisable: a new one, such as a UUID, for each new request.", r"^[!-~]+$", 1..=200, "8a0c6c1e-54b5-4c0b-9d7e-0f3a3f0a8d3e";
    TicketSecret: "A pipeline's one-time ticket.", r"^[!-~]+$", 1..=200, "ptk_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    HttpUrl: "An http or https address.", r"^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,4})?(/[!-~]*)?$", 10..=2000, "https://jenkins.example.com/job/build-cart/12/";
    SourceName: "Under which name a catalogue file is known; a later import under the same name replaces it.", r"^[A-Za-z0-9._/-]+$", 1..=100, "shop";
    FileName: "The file's name in messages about it.", r"^[A-Za-z0-9._/-]+$", 1..=200, "catalog-info.yaml";
    Search: "Words that all occur.", TEXT, 0..=200, "shopping cart";
    Label: "A word of the catalogue.", r"^[^\x00-\x1f\x7f-\x9f]*$", 1..=200, "shop";
}

macro_rules! choices {
    ($($name:ident of $all:expr, $about:literal;)*) => {
        $(#[derive(Debug)] pub(super) struct $name;
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).description(Some($about))
                    .enum_values(Some($all.iter().map(|one| one.as_str()))).build().into()
            }
        }
        impl ToSchema for $name {
            fn name() -> Cow<'static, str> { stringify!($name).into() }
        })*
        fn add_choices(components: &mut Components) {
            $(components.schemas.insert(stringify!($name).to_owned(), $name::schema());)*
        }
    };
}

choices! {
    ChangeKind of domain::ChangeKind::ALL, "What a change does.";
    ChangeState of domain::ChangeState::ALL, "Where a change is on its road.";
    StartMode of domain::StartMode::ALL, "When a change that has all its approvals starts: at once, or when somebody says so.";
    RunState of domain::RunState::ALL, "The state of a run.";
    StepKind of domain::StepKind::ALL, "What a step does.";
    StepState of domain::StepState::ALL, "The state of a step.";
    EventKind of domain::EventKind::ALL, "What happened.";
    Outcome of domain::Outcome::ALL, "How it ended.";
    PersonState of domain::PersonState::ALL, "`active`: may come in; `lapsed`: the last sign-in is so long ago that its groups count for nothing until the next one; `disabled`: shut out by an administrator.";
    JobRole of domain::JobRole::ALL, "What a person's work is.";
    RequestableKind of [domain::ChangeKind::Deploy], "What can be asked for: this version of the portal deploys.";
    ChangeSize of domain::rule::Size::ALL, "How far a change moves a service.";
    ScheduleClass of domain::schedule::Class::ALL, "What it is.";
    ScheduleEffect of domain::schedule::Effect::ALL, "What it does to the change now.";
    Scope of domain::Scope::ALL, "What a token may be used for, as far as its owner may.";
}

/// An id: `UUIDv7`, so that ids sort by time.
#[derive(Debug)]
pub(super) struct Id;

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A UUIDv7."))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .examples(["0195f2a4-7c3e-7b1a-9d52-1f0c8a6e4b11"])
            .build()
            .into()
    }
}

impl ToSchema for Id {
    fn name() -> Cow<'static, str> {
        "Id".into()
    }
}

/// Registers all of them: utoipa collects schemas of bodies, but not of parameters.
pub(super) fn add(components: &mut Components) {
    add_texts(components);
    add_choices(components);
    components.schemas.insert("Id".to_owned(), Id::schema());
}

#[cfg(test)]
mod tests {
    #[test]
    fn examples_are_accepted_by_the_domain() {
        for (name, example) in super::TEXTS {
            let text = (*example).to_owned();
            let fine = match *name {
                "ServiceName" => domain::ServiceName::parse(text).is_ok(),
                "TeamName" => domain::TeamName::parse(text).is_ok(),
                "EnvironmentName" => domain::EnvironmentName::parse(text).is_ok(),
                "SystemName" => domain::SystemName::parse(text).is_ok(),
                "ZoneName" => domain::schedule::Zone::parse(&text).is_ok(),
                "RegionName" => domain::RegionName::parse(text).is_ok(),
                "Login" => domain::Login::parse(text).is_ok(),
                "Version" => domain::Version::parse(text).is_ok(),
                "GitCommit" => domain::GitCommit::parse(text).is_ok(),
                "ImageDigest" => domain::ImageDigest::parse(text).is_ok(),
                "EvidenceDigest" => text.parse::<domain::EvidenceDigest>().is_ok(),
                "Reason" => domain::Reason::parse(text).is_ok(),
                _ => true,
            };
            assert!(fine, "{name}: {example}");
        }
    }
}
