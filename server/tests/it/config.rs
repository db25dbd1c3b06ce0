//! A portal with a mistake in its configuration does not start, and names every mistake.

use portolan_server::Config;

use crate::harness::{CONFIG, variables};

fn base() -> Vec<(String, String)> {
    variables(
        "http://127.0.0.1:3000",
        "postgres://portolan:database-tell-tale@127.0.0.1:5432/portolan",
        "http://127.0.0.1:3001",
    )
}

fn mistakes(file: &str, more: &[(&str, &str)]) -> Vec<String> {
    let mut variables = base();
    variables.extend(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    match Config::read("portolan.toml", file, variables) {
        Ok(_) => vec![],
        Err(all) => all.0.iter().map(ToString::to_string).collect(),
    }
}

/// One mistake, whose text holds all of `words`.
fn one(found: &[String], words: &[&str]) {
    assert!(
        found.iter().any(|m| words.iter().all(|w| m.contains(w))),
        "{words:?} in\n{}",
        found.join("\n")
    );
}

#[test]
fn the_local_configuration_is_right() {
    assert_eq!(mistakes(CONFIG, &[]), Vec::<String>::new());
}

/// The files that Terraform writes for a region (`terraform/modules/portolan`), with the variables of its chart and of the two secrets
/// that External Secrets bring, are a whole configuration.
#[test]
fn what_terraform_writes_is_right() {
    const FILE: &str =
        include_str!("../../../terraform/modules/portolan/tests/golden/portolan.toml");
    const RULES: &str = include_str!("../../../terraform/modules/portolan/tests/golden/rules.toml");
    const CHART: &str = include_str!("../../../terraform/charts/portolan/templates/_helpers.tpl");
    let of_chart = CHART.lines().filter_map(|line| {
        let (name, value) = line
            .strip_prefix("- { name: ")?
            .strip_suffix(" }")?
            .split_once(", value: ")?;
        Some((name.to_owned(), value.trim_matches('"').to_owned()))
    });
    let database = "postgres://portolan:canary@database.example.com:5432/app";
    // The rules lie where the chart mounts them; here, elsewhere.
    assert!(FILE.contains("\nrules_file = \"/etc/portolan/rules.toml\"\n"));
    assert!(CHART.contains("mountPath: /etc/portolan,"));
    let rules = tempfile(RULES);
    let secrets = [
        ("PORTOLAN_RULES_FILE", rules.as_str()),
        ("PORTOLAN_DATABASE__URL", database),
        ("PORTOLAN_DATABASE__OWNER_URL", database),
        ("PORTOLAN_OIDC__CLIENT_SECRET", "canary"),
        ("PORTOLAN_JENKINS__TOKEN", "canary"),
    ];
    let of_secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::read("portolan.toml", FILE, of_chart.chain(of_secrets))
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(format!("{:?}", config.log), "Json");
    assert_eq!((config.proxies, config.worker.embedded), (1, false));
    assert!(config.database.owner_url.is_some());
    assert!(
        config.metrics_listen.is_some(),
        "metrics are not for those who reach the load balancer"
    );
}

/// The settings that the file lists as comments are there, and their defaults are what it says.
#[test]
fn what_the_file_says_can_be_set_can_be_set() {
    assert!(CONFIG.matches("\n#= ").count() > 20);
    let all = CONFIG.replace("\n#= ", "\n");
    let read = |text: &str| Config::read("portolan.toml", text, base()).expect("right");
    let (with, without) = (read(&all), read(CONFIG));
    assert_eq!((with.limits, with.worker), (without.limits, without.worker));
    assert_eq!(
        format!("{:?}", with.settings.times),
        format!("{:?}", without.settings.times)
    );
    let broken = all.replace("session_idle = \"1h\"", "session_idle = \"13h\"");
    one(
        &mistakes(&broken, &[]),
        &["times.session_idle", "session_absolute"],
    );
}

/// The one variable with our prefix that is no setting: where the file is.
#[test]
fn where_the_file_is_cannot_stand_in_it() {
    assert_eq!(
        mistakes(CONFIG, &[("PORTOLAN_CONFIG", "x.toml")]),
        Vec::<String>::new()
    );
    one(
        &mistakes(
            &CONFIG.replace("\nlisten =", "\nconfig = \"x\"\nlisten ="),
            &[],
        ),
        &["portolan.toml, config", "no setting"],
    );
}

#[test]
fn an_empty_file_names_everything_that_is_needed() {
    let all = match Config::read("portolan.toml", "", vec![]) {
        Ok(_) => panic!("an empty configuration is none"),
        Err(all) => all.0.iter().map(ToString::to_string).collect::<Vec<_>>(),
    };
    for (place, variable) in [
        ("portolan.toml, public_url", "PORTOLAN_PUBLIC_URL"),
        ("database.url", "PORTOLAN_DATABASE__URL"),
        ("oidc.issuer", "PORTOLAN_OIDC__ISSUER"),
        ("oidc.client_id", "PORTOLAN_OIDC__CLIENT_ID"),
        ("oidc.client_secret", "PORTOLAN_OIDC__CLIENT_SECRET"),
        ("oidc.job_roles.developer", "group"),
        ("aws.job_role_arn", "{job_role}"),
        ("aws.external_id", "PORTOLAN_AWS__EXTERNAL_ID"),
        ("jenkins.url", "PORTOLAN_JENKINS__URL"),
        ("jenkins.token", "jenkins.token"),
        ("region_pairs", "[[region_pairs]]"),
        ("environments", "[[environments]]"),
        ("rules_file", "PORTOLAN_RULES_FILE"),
    ] {
        one(&all, &[place, variable]);
    }
}

#[test]
fn every_mistake_is_named_where_it_stands() {
    let file = CONFIG
        .replace("client_id = \"portolan\"", "client_id = \"\"\nclient_idd = \"x\"")
        .replace("account = \"300000000003\"", "account = \"3000\"")
        .replace("region_pair = \"europe\"\nclusters = { eu-west-1 = \"shop-staging\", eu-central-1 = \"shop-staging\" }", "region_pair = \"asia\"\nclusters = { mars-1 = \"x\" }")
        .replace("protected = true", "protected = true\npromote_from = \"Staging!\"")
        .replace("team_groups = \"team-{team}\"", "team_groups = \"team\"")
        .replace("[jenkins]", "[jenkins]\nfollow = 3");
    let found = mistakes(
        &file,
        &[
            ("PORTOLAN_LISTEN", "everywhere"),
            ("PORTOLAN_PUBLIC_URL", "http://portolan.example.com"),
            ("PORTOLAN_DATABASE__CONNECTIONS", "1000000"),
            ("PORTOLAN_WORKER__EMBEDDED", "perhaps"),
            ("PORTOLAN_LIMITS__SIGN_IN", "0"),
            ("PORTOLAN_TIMES__SESSION_IDLE", "7 days"),
            ("PORTOLAN_OIDC__ALGORITHMS", "ES256,none,HS256"),
            ("PORTOLAN_NO_SUCH", "x"),
            ("PORTOLAN_CATALOG_FOLDER", "/no/such/folder"),
            ("PORTOLAN_RULES_FILE", "/no/such/rules.toml"),
        ],
    );
    for words in [
        ["PORTOLAN_LISTEN", "127.0.0.1:3000"],
        ["PORTOLAN_PUBLIC_URL", "https://"],
        ["PORTOLAN_DATABASE__CONNECTIONS", "2 to 200"],
        ["PORTOLAN_WORKER__EMBEDDED", "true or false"],
        ["PORTOLAN_LIMITS__SIGN_IN", "1 to 100000"],
        ["PORTOLAN_TIMES__SESSION_IDLE", "15s"],
        ["oidc.algorithms", "'none' is not accepted"],
        ["oidc.algorithms", "'HS256' is not accepted"],
        ["PORTOLAN_NO_SUCH", "no setting"],
        ["PORTOLAN_CATALOG_FOLDER", "no such folder"],
        ["portolan.toml, oidc.client_id", "empty"],
        ["portolan.toml, oidc.client_idd", "no setting"],
        ["environments[3].account", "twelve digits"],
        [
            "environments[2].region_pair",
            "'asia' is no region pair; they are europe",
        ],
        ["environments[3].promote_from", "acceptable"],
        ["rules_file", "cannot read /no/such/rules.toml"],
        ["oidc.team_groups", "{team}"],
        ["jenkins.follow", "no setting"],
    ] {
        one(&found, &words);
    }
}

#[test]
fn environments_and_regions_must_fit() {
    let found = mistakes(
        &CONFIG.replace(
            "clusters = { eu-west-1 = \"shop-dev\" }",
            "clusters = { us-east-1 = \"shop-dev\" }",
        ),
        &[],
    );
    one(
        &found,
        &[
            "environments[1].clusters",
            "'us-east-1' is in no region pair",
        ],
    );
    let found = mistakes(
        &CONFIG.replace(
            "clusters = { eu-west-1 = \"shop-production\", eu-central-1 = \"shop-production\" }",
            "clusters = { eu-west-1 = \"shop-production\" }",
        ),
        &[],
    );
    one(
        &found,
        &["environments[3].clusters", "both regions of 'europe'"],
    );
    let found = mistakes(
        &CONFIG.replace("passive = \"eu-central-1\"", "passive = \"eu-west-1\""),
        &[],
    );
    one(&found, &["region_pairs[1].passive", "active region too"]);
    let found = mistakes(&CONFIG.replace("protected = true\n", ""), &[]);
    one(&found, &["environments[3].protected", "is missing"]);
    let found = mistakes(&CONFIG.replace("name = \"staging\"", "name = \"dev\""), &[]);
    one(&found, &["environments", "'dev' stands twice"]);
}

#[test]
fn a_mistake_never_shows_a_secret() {
    let file = tempfile("client-secret-of-a-file\n");
    let both = mistakes(CONFIG, &[("PORTOLAN_OIDC__CLIENT_SECRET_FILE", &file)]);
    one(&both, &["oidc.client_secret", "client_secret_file"]);
    let broken = mistakes(
        CONFIG,
        &[
            ("PORTOLAN_DATABASE__URL", "mysql://u:database-tell-tale@h/d"),
            ("PORTOLAN_OIDC__CLIENT_SECRET", " "),
        ],
    );
    one(&broken, &["database.url", "no Postgres address"]);
    one(&broken, &["PORTOLAN_OIDC__CLIENT_SECRET", "is empty"]);
    for found in [both, broken] {
        assert!(!found.concat().contains("tell-tale"), "{found:?}");
    }
}

#[test]
fn secrets_come_from_files_too_and_are_not_printed() {
    let file = tempfile("0012-file-tell-tale\n");
    let mut variables = base();
    variables.retain(|(name, _)| name != "PORTOLAN_OIDC__CLIENT_SECRET");
    variables.push(("PORTOLAN_OIDC__CLIENT_SECRET_FILE".into(), file));
    let config = Config::read("portolan.toml", CONFIG, variables).expect("right");
    assert_eq!(
        secrecy::ExposeSecret::expose_secret(&config.oidc.client_secret),
        "0012-file-tell-tale",
        "leading zeros and all"
    );
    let printed = format!("{config:?}");
    for canary in ["tell-tale", "jenkins-token"] {
        assert!(!printed.contains(canary), "{canary} in {printed}");
    }
}

/// A file of this text, whose name it answers. Left to the system's temporary folder.
fn tempfile(text: &str) -> String {
    let path = std::env::temp_dir().join(format!("portolan-test-{}", rand::random::<u64>()));
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

/// Rules that can never be satisfied, or name what is not there, are refused with their line.
#[test]
fn bad_rules_are_refused_with_file_and_line() {
    let good = include_str!("../../../local/rules.toml");
    let line = |name: &str| {
        good.lines()
            .position(|l| l == format!("name = \"{name}\""))
            .expect(name)
    };
    for (text, at, why) in [
        (
            good.replace("environment = \"dev\"", "environment = \"devv\""),
            line("dev needs nobody"),
            "'devv', which is no environment",
        ),
        (
            good.replace("{ job_role = \"manager\" }", "{ job_role = \"auditor\" }"),
            line("protected needs a manager with a second factor"),
            "no auditor may approve",
        ),
        (
            good.replace("{ job_role = \"manager\" }", "{ team = \"shopping\" }"),
            line("protected needs a manager with a second factor"),
            "'shopping', which is not known",
        ),
        (
            good.replace(
                "count = 1, of = \"owning_team\" }",
                "count = 0, of = \"owning_team\" }",
            ),
            line("staging needs one of the owning team"),
            "requires nobody",
        ),
    ] {
        let file = tempfile(&text);
        let found = mistakes(CONFIG, &[("PORTOLAN_RULES_FILE", &file)]);
        one(&found, &[&format!("{file}:{at}: "), why]);
    }
}

#[test]
fn promotion_comes_from_an_environment_before() {
    for from in ["production", "nowhere"] {
        let file = CONFIG.replace(
            "protected = true",
            &format!("protected = true\npromote_from = \"{from}\""),
        );
        one(
            &mistakes(&file, &[]),
            &["environments", "no environment before it"],
        );
    }
    let file = CONFIG.replace(
        "protected = true",
        "protected = true\npromote_from = \"staging\"",
    );
    assert_eq!(mistakes(&file, &[]), Vec::<String>::new());
}
