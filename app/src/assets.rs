//! The names of the files that a page links to. They carry hashes of their contents, so that
//! browsers keep them for ever and old pages never meet new scripts.

/// Addresses of the stylesheet, the islands and the icons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    pub(crate) css: String,
    pub(crate) js: String,
    pub(crate) wasm: String,
}

/// Where the icons are. The query changes whenever the file does.
pub(crate) const ICONS: &str = concat!("/icons.svg?v=", include_str!("../../public/icons.version"));

impl Assets {
    /// From what the build left beside the program: lines of `kind: hash` for `css`, `js` and
    /// `wasm`. A kind without a line has its plain name, as in a build without hashes.
    pub fn new(package_folder: &str, output_name: &str, hashes: &str) -> Self {
        let name = |kind: &str| {
            let hash = hashes.lines().find_map(|line| {
                let (found, hash) = line.split_once(':')?;
                (found.trim() == kind).then(|| hash.trim())
            });
            match hash {
                Some(hash) => format!("/{package_folder}/{output_name}.{hash}.{kind}"),
                None => format!("/{package_folder}/{output_name}.{kind}"),
            }
        };
        Self {
            css: name("css"),
            js: name("js"),
            wasm: name("wasm"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_become_part_of_the_names() {
        let assets = Assets::new("pkg", "portolan", "js: ab12\nwasm: cd34\ncss: ef56\n");
        assert_eq!(assets.js, "/pkg/portolan.ab12.js");
        assert_eq!(assets.wasm, "/pkg/portolan.cd34.wasm");
        assert_eq!(assets.css, "/pkg/portolan.ef56.css");
        assert_eq!(Assets::new("pkg", "portolan", "").css, "/pkg/portolan.css");
    }

    #[test]
    fn the_icons_version_is_of_the_icons() {
        let icons = include_str!("../../public/icons.svg");
        let sum = icons
            .bytes()
            .fold(5381_u32, |sum, b| sum.wrapping_mul(33) ^ u32::from(b));
        assert_eq!(
            ICONS,
            format!("/icons.svg?v={sum:08x}"),
            "run node style/icons.mjs"
        );
    }
}
