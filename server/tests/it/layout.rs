//! The shape of the repository: rooms, one-way dependencies, and conventions that matter.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    // Cargo starts tests in the package's folder. A path fixed while building would be wrong in another checkout.
    std::env::current_dir()
        .expect("a folder to be in")
        .parent()
        .expect("the repository")
        .to_path_buf()
}

/// Every file below these folders with this ending, by its path from the root.
fn files(folders: &[&str], ending: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, ending: &str, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let skip = ["target", "node_modules", ".local", ".terraform", ".git"];
            if path.is_dir() && !skip.iter().any(|s| *s == name) {
                walk(&path, ending, out);
            } else if path.extension().is_some_and(|e| e == ending) {
                out.push(path);
            }
        }
    }
    let mut found = vec![];
    for folder in folders {
        walk(&root().join(folder), ending, &mut found);
    }
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).expect("below the root");
            (
                name.display().to_string(),
                fs::read_to_string(&path).expect("text"),
            )
        })
        .collect()
}

/// Crates of `[dependencies]`; those of tests may be anything.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(manifest)).expect("a manifest");
    let table: toml::Table = text.parse().expect("TOML");
    let names = table["dependencies"].as_table().expect("a table");
    names.keys().cloned().collect()
}

#[test]
fn the_top_level_is_what_was_agreed() {
    let top: BTreeSet<String> = fs::read_dir(root())
        .expect("the root")
        .flatten()
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|n| !n.starts_with('.') && n != "target" && n != "node_modules")
        .collect();
    let agreed = [
        "app",
        "frontend",
        "local",
        "migrations",
        "public",
        "server",
        "style",
        "terraform",
    ];
    assert_eq!(top, agreed.map(str::to_owned).into());
}

/// `domain ← control ← app ← server` and `domain ← frontend ← app`; the sandbox stands apart.
#[test]
fn dependencies_run_one_way() {
    let may: BTreeMap<&str, &[&str]> = [
        ("app/domain/Cargo.toml", &[][..]),
        ("server/control/Cargo.toml", &["domain"]),
        ("frontend/Cargo.toml", &["domain"]),
        ("app/Cargo.toml", &["control", "domain", "frontend"]),
        ("server/Cargo.toml", &["app", "control", "domain"]),
        ("server/sandbox/Cargo.toml", &[]),
    ]
    .into();
    let ours = ["app", "control", "domain", "frontend", "sandbox"];
    for (manifest, allowed) in may {
        let used = dependencies(manifest);
        for crate_name in ours {
            assert!(
                !used.contains(crate_name) || allowed.contains(&crate_name),
                "{manifest} may not depend on {crate_name}"
            );
        }
    }
}

#[test]
fn each_room_leaves_out_what_it_must_not_know() {
    let never: [(&str, &[&str]); 5] = [
        (
            "app/domain/Cargo.toml",
            &[
                "tokio",
                "sqlx",
                "leptos",
                "axum",
                "reqwest",
                "aws-config",
                "rand",
            ],
        ),
        (
            "server/control/Cargo.toml",
            &["axum", "leptos", "tower-sessions"],
        ),
        (
            "app/Cargo.toml",
            &["sqlx", "axum", "aws-config", "reqwest", "cedar-policy"],
        ),
        (
            "frontend/Cargo.toml",
            &["sqlx", "axum", "tokio", "regex", "chrono"],
        ),
        (
            "server/Cargo.toml",
            &["aws-config", "aws-sdk-sts", "kube", "cedar-policy"],
        ),
    ];
    for (manifest, banned) in never {
        let used = dependencies(manifest);
        for name in banned {
            assert!(
                !used.contains(*name),
                "{manifest} must not depend on {name}"
            );
        }
    }
}

#[test]
fn sql_is_in_rows_files_and_the_session_store_only() {
    let sql = ["sqlx::query", "query_as(", "query_scalar("];
    for (name, text) in files(
        &[
            "server/control/src",
            "server/src",
            "app/src",
            "frontend/src",
            "app/domain/src",
        ],
        "rs",
    ) {
        let may = name.ends_with("/rows.rs")
            || name.contains("/rows/")
            || name.starts_with("server/src/sessions/")
            // The one statement that asks whether the database is there.
            || name == "server/control/src/lib.rs"
            || name.starts_with("server/control/src/health");
        let has = sql.iter().any(|s| text.contains(s));
        assert!(
            may || !has,
            "{name} speaks SQL; that belongs into a rows.rs"
        );
    }
}

#[test]
fn ambient_credentials_are_known_to_one_adapter() {
    for (name, text) in files(&["server/control/src", "server/src", "app/src"], "rs") {
        for provider in [
            "CredentialsProviderChain",
            "EcsCredentialsProvider",
            "load_defaults",
            "DefaultCredentialsChain",
        ] {
            let may = name == "server/control/src/outside/aws/roles.rs";
            assert!(may || !text.contains(provider), "{name} names {provider}");
        }
    }
}

#[test]
fn the_product_does_not_know_the_stand_in_world() {
    for (name, text) in files(
        &[
            "server/control/src",
            "server/src",
            "app/src",
            "frontend/src",
            "app/domain/src",
        ],
        "rs",
    ) {
        for word in ["sandbox::", "portolan_sandbox", "/_world"] {
            assert!(!text.contains(word), "{name} knows {word}");
        }
    }
}

#[test]
fn no_file_grows_too_long_and_each_says_what_it_is_for() {
    let rooms = ["app", "frontend", "server"];
    for (name, text) in files(&rooms, "rs") {
        let lines = text.lines().count();
        assert!(lines <= 600, "{name} has {lines} lines; split it");
        let product = name.contains("/src/");
        let told =
            text.starts_with("//!") || name.ends_with("_tests.rs") || name.ends_with("/tests.rs");
        assert!(!product || told, "{name} does not say what it is for");
    }
    for (name, text) in files(&["local", "frontend/end2end"], "mjs") {
        assert!(text.lines().count() <= 600, "{name} is too long; split it");
    }
}
