//! Reading a folder of catalogue files. What cannot be read is told, and makes nothing look as if it had vanished.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::parse::{MAX_FILE, Parsed, Problem};

/// More files than any catalogue folder should hold.
const MAX_FILES: usize = 20_000;

/// Every `*.yaml` and `*.yml` below the folder, in order of path; links are not followed.
///
/// # Errors
/// When the folder itself cannot be read.
pub(super) fn read(folder: &Path) -> io::Result<Parsed> {
    let mut parsed = Parsed::default();
    let mut files = vec![];
    std::fs::read_dir(folder)?;
    list(folder, &mut files, &mut parsed);
    files.sort();
    if files.len() > MAX_FILES {
        let message = format!(
            "has {} catalogue files; only the first {MAX_FILES} were read",
            files.len()
        );
        tell(&mut parsed, folder, message);
        parsed.incomplete = true;
        files.truncate(MAX_FILES);
    }
    for path in files {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_path_buf();
        match text(&path) {
            Ok(Ok(text)) => parsed.read(&name.display().to_string(), &text),
            Ok(Err(why)) => tell(&mut parsed, &name, why),
            Err(error) => tell(&mut parsed, &name, format!("cannot be read: {error}")),
        }
    }
    parsed.expect_something(&folder.display().to_string());
    Ok(parsed)
}

fn tell(parsed: &mut Parsed, place: &Path, message: String) {
    let file = place
        .display()
        .to_string()
        .replace(char::is_control, "\u{fffd}");
    parsed.problems.push(Problem {
        file,
        line: None,
        field: None,
        message,
    });
}

/// The file's text, or what is wrong with it.
fn text(path: &Path) -> io::Result<Result<String, String>> {
    if std::fs::metadata(path)?.len() > MAX_FILE as u64 {
        return Ok(Err(format!("is larger than {MAX_FILE} bytes. Split it.")));
    }
    Ok(String::from_utf8(std::fs::read(path)?).map_err(|_| "is not UTF-8 text".to_owned()))
}

fn list(folder: &Path, files: &mut Vec<PathBuf>, parsed: &mut Parsed) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            tell(parsed, folder, format!("cannot be read: {error}"));
            parsed.incomplete = true;
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => list(&path, files, parsed),
            Ok(kind)
                if kind.is_file()
                    && path.extension().is_some_and(|e| e == "yaml" || e == "yml") =>
            {
                files.push(path)
            }
            Ok(_) => {}
            Err(_) => parsed.incomplete = true,
        }
    }
}
