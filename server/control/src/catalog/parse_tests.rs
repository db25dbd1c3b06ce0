use super::*;

fn read(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    parsed.read("catalog-info.yaml", text);
    parsed
}

const CART: &str = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: cart
  annotations:
    jenkins.io/job-full-name: shop/deploy-cart
    portolan/ecr-repository: shop/cart
    github.com/project-slug: example-shop/cart
spec:
  owner: group:default/checkout
  system: shop
";

#[test]
fn a_component_with_all_its_annotations() {
    let parsed = read(CART);
    assert_eq!(parsed.problems, []);
    let cart = &parsed.services[0];
    assert_eq!(
        (cart.name.as_str(), cart.team.as_str()),
        ("cart", "checkout")
    );
    assert_eq!(cart.pipeline.as_deref(), Some("shop/deploy-cart"));
    assert_eq!(cart.image.as_deref(), Some("shop/cart"));
    assert_eq!(
        cart.repository.as_deref(),
        Some("https://github.com/example-shop/cart")
    );
}

#[test]
fn a_bad_entity_names_line_and_field_and_spares_the_good_ones() {
    let bad = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: Not A Name\nspec:\n  owner: checkout\n";
    let text = format!(
        "# header\n---\n{bad}---\n{CART}---\nkind: [\n---\n{}",
        CART.replace("name: cart", "name: ad")
    );
    let parsed = read(&text);
    let names: Vec<_> = parsed.services.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["cart", "ad"]);
    assert_eq!(parsed.problems.len(), 2, "{:#?}", parsed.problems);
    assert_eq!(
        parsed.problems[0].line,
        Some(6),
        "the line of the name in the file"
    );
    assert_eq!(parsed.problems[0].field.as_deref(), Some("metadata.name"));
    assert!(
        parsed.problems[1]
            .line
            .is_some_and(|l| (20..=23).contains(&l)),
        "{:?}",
        parsed.problems[1]
    );
}

#[test]
fn hostile_links_are_refused_and_the_service_stays() {
    for url in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//evil",
        "file:///etc/passwd",
        " javascript:x",
    ] {
        let text = CART.replace(
            "spec:",
            &format!("  links:\n    - url: \"{url}\"\n      title: x\nspec:"),
        );
        let parsed = read(&text);
        assert_eq!(parsed.services.len(), 1);
        assert_eq!(parsed.services[0].links, [], "{url}");
        assert_eq!(
            parsed.problems[0].field.as_deref(),
            Some("metadata.links.url")
        );
    }
}

#[test]
fn aliases_cannot_multiply() {
    let mut bomb = String::from(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\na: &a [x,x,x,x,x,x,x,x,x]\n",
    );
    for (i, (this, last)) in [
        ("b", "a"),
        ("c", "b"),
        ("d", "c"),
        ("e", "d"),
        ("f", "e"),
        ("g", "f"),
        ("h", "g"),
    ]
    .into_iter()
    .enumerate()
    {
        bomb.push_str(&format!("k{i}{this}: &{this} [*{last},*{last},*{last},*{last},*{last},*{last},*{last},*{last},*{last}]\n"));
    }
    let parsed = read(&bomb);
    assert_eq!(parsed.services.len(), 0);
    assert_eq!(parsed.problems.len(), 1, "{:?}", parsed.problems);
    let told = &parsed.problems[0].message;
    assert!(told.starts_with("this document has more than "), "{told}");
    let deep = read(&format!(
        "{CART}more: {}{}\n",
        "[".repeat(40),
        "]".repeat(40)
    ));
    assert!(
        deep.problems[0].message.contains("32 levels deep"),
        "{:?}",
        deep.problems
    );
    let many = read(&format!("{CART}more: [{}]\n", "x,".repeat(20_001)));
    assert!(
        many.problems[0].message.contains("more than 20000 values"),
        "{:?}",
        many.problems
    );
}

#[test]
fn a_file_with_nothing_in_it_is_told() {
    for nothing in ["", "\n\n", "# all gone\n", "---\n---\n# nothing\n"] {
        let parsed = read(nothing);
        assert_eq!(parsed.problems.len(), 1, "{nothing:?}");
        assert!(parsed.problems[0].message.contains("no entity"));
    }
}

#[test]
fn text_that_turns_or_that_nobody_sees() {
    let turned = read(&CART.replace("name: cart", "name: cart\n  description: \"a \\u202eb\""));
    assert_eq!(
        turned.problems[0].field.as_deref(),
        Some("metadata.description")
    );
    let unseen = read(&CART.replace("name: cart", "name: cart\n  title: \"\\u200b\\ufeff\""));
    assert_eq!(unseen.problems, []);
    assert_eq!(
        unseen.services[0].title, "cart",
        "as if there were no title"
    );
}

#[test]
fn too_large_a_file_or_document_is_said_so() {
    assert!(
        read(&"#".repeat(MAX_FILE + 1)).problems[0]
            .message
            .contains("at most")
    );
    let long = CART.replace(
        "name: cart",
        &format!("name: cart\n  description: {}", "x".repeat(300_000)),
    );
    assert!(read(&long).problems[0].message.contains("at most"));
}

#[test]
fn control_characters_a_twin_and_a_missing_owner() {
    let text = CART.replace("name: cart", "name: cart\n  title: \"a\\u0007b\"");
    assert_eq!(
        read(&text).problems[0].field.as_deref(),
        Some("metadata.title")
    );
    let twice = read(&format!("{CART}---\n{CART}"));
    assert_eq!((twice.services.len(), twice.problems.len()), (1, 1));
    let ownerless = read(&CART.replace("  owner: group:default/checkout\n", ""));
    assert_eq!(ownerless.problems[0].field.as_deref(), Some("spec.owner"));
    assert!(ownerless.services.is_empty());
}

#[test]
fn other_kinds_and_empty_documents() {
    let text = "---\n---\n# nothing\n---\napiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: x}\n---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: checkout}\nspec: {type: team}\n";
    let parsed = read(text);
    assert_eq!(parsed.problems, []);
    assert_eq!(parsed.others.len(), 1);
    assert_eq!(
        read("kind: Component\n").problems[0].field.as_deref(),
        Some("apiVersion")
    );
}
