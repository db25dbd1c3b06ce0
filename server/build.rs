//! Links the release program small: `rust-lld`, this target's own linker, folds functions of equal code into one. Pages of code
//! that are not there are not in memory either.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Whoever brings a linker of their own has one that may not know how.
    let own = std::env::var_os("RUSTC_LINKER").is_some()
        || std::env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("link"));
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if !own && is("PROFILE", "release") && is("TARGET", "x86_64-unknown-linux-gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
