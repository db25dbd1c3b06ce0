//! An icon of the sprite. Always decoration: the word beside it says the same.

use crate::{assets::ICONS, html::Html};

/// The icon `name` of `public/icons.svg`.
pub fn icon(name: &str) -> Html {
    let mut out = String::with_capacity(96);
    write_icon(&mut out, name);
    Html::assembled(out)
}

pub(crate) fn write_icon(out: &mut String, name: &str) {
    out.push_str("<svg class=\"icon\" aria-hidden=\"true\"><use href=\"");
    out.push_str(ICONS);
    out.push('#');
    out.push_str(name);
    out.push_str("\"></use></svg>");
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_icon_of_this_crate_is_in_the_sprite() {
        let sprite = include_str!("../../../public/icons.svg");
        let mut sources = vec![];
        // Cargo starts tests in the package's folder.
        collect(std::path::Path::new("src"), &mut sources);
        let mut seen = 0;
        for source in sources {
            for call in source.split("icon(\"").skip(1) {
                let name = call.split('"').next().expect("a name");
                assert!(sprite.contains(&format!("id=\"{name}\"")), "no icon {name}");
                seen += 1;
            }
        }
        assert!(seen > 10, "{seen}");
    }

    fn collect(folder: &std::path::Path, out: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                collect(&path, out);
            } else if !path.ends_with("parts/icon.rs") {
                out.push(std::fs::read_to_string(path).expect("text"));
            }
        }
    }
}
