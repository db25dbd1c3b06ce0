//! World files: the shipped ones are valid, a bad one is refused with every mistake named.
use portolan_sandbox::Description;

const SHOP: &str = include_str!("../../worlds/shop.toml");

#[test]
fn the_shop_is_what_the_local_stack_expects() {
    let shop = Description::shop();
    assert_eq!(shop.services.len(), 12);
    assert_eq!(shop.clusters.len(), 5);
    assert_eq!(shop.roles.len(), 11);
    let cart = shop
        .services
        .iter()
        .find(|service| service.name == "cart")
        .expect("cart");
    let regions = |version: &str| {
        cart.versions
            .iter()
            .find(|v| v.version == version)
            .map(|v| v.regions.len())
    };
    assert_eq!((regions("1.2.0"), regions("2.0.0")), (Some(2), Some(1)));
}

#[test]
fn many_services_can_be_generated() {
    let text = format!(
        "{SHOP}\n[generate]\nservices = 10000\nprefix = \"load\"\nteams = [\"checkout\", \"catalog\"]\n"
    );
    let world = Description::parse(&text).expect("valid");
    assert_eq!(world.services.len(), 10_012);
    let last = world.services.last().expect("one");
    assert_eq!(
        (last.name.as_str(), last.team.as_str(), last.deployed),
        ("load-10000", "catalog", false)
    );
}

#[test]
fn every_mistake_is_named_at_once() {
    let text = r#"
regions = ["eu-west-1", 7]
colour = "blue"
[[accounts]]
id = "12"
name = "short"
[[accounts]]
id = "100000000001"
[[roles]]
name = "r"
accounts = ["999999999999"]
trust = '{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}'
policies = ['{"Statement":[{"Effect":"Allow","Action":"DescribeCluster","Resource":"*"}]}']
max_session_s = 60
[[clusters]]
name = "c"
environment = "dev"
account = "100000000001"
regions = ["mars-north-1"]
namespace = ""
[[access]]
role = "nobody"
level = "owner"
[[services]]
name = "s"
team = "t"
versions = ["1.0.0"]
running = "2.0.0"
replicas = -1
[[services]]
name = "s"
team = "t"
versions = []
running = "1.0.0"
[pod_identity]
token = "t"
role_arn = "arn:aws:iam::100000000001:role/none"
"#;
    let error = format!("{:#}", Description::parse(text).expect_err("refused"));
    for want in [
        "regions[1]: must be a text, not integer",
        "colour: is not known here",
        "accounts[short].id: must be twelve digits",
        "accounts[1].name: is missing",
        "roles[r].max_session_s: must be from 3600 to 43200, not 60",
        "roles[r].accounts: no account \"999999999999\"",
        "roles[r].trust: Missing required field Principal",
        "roles[r].policies: Actions/Conditions must be prefaced by a vendor",
        "clusters[c].namespace: is empty",
        "clusters[c].regions: no region \"mars-north-1\"",
        "access[0].level: must be view or edit, not \"owner\"",
        "access.role: no role \"nobody\"",
        "services[s].running: \"2.0.0\" is not among its versions",
        "services[s].replicas: must be from 0 to 100, not -1",
        "services[s].versions: must name at least one",
        "services: \"s\" is there twice",
        "pod_identity.role_arn: no role",
    ] {
        assert!(error.contains(want), "{want:?} is not in:\n{error}");
    }
    let broken = format!(
        "{:#}",
        Description::parse("regions = [").expect_err("refused")
    );
    assert!(broken.starts_with("not TOML"), "{broken}");
}
