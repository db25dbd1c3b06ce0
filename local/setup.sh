#!/bin/sh
# Puts in place what the build needs and says what only you can install.
#
#   sh local/setup.sh           prerequisites, wasm target, wasm-bindgen, cargo-leptos, npm packages
#   sh local/setup.sh --deny    cargo-deny as well
#
# It does nothing, quickly, when all is there. The tools go to one cache folder, outside the checkout and outside ~/.cargo.
set -eu
cd "$(dirname "$0")/.."
. local/env.sh

# How this system installs a package, for the messages.
install_with() {
  if command -v apt-get >/dev/null 2>&1; then echo "sudo apt-get install -y $1"
  elif command -v dnf >/dev/null 2>&1; then echo "sudo dnf install -y $2"
  elif command -v brew >/dev/null 2>&1; then echo "brew install $3"
  else echo "your package manager: $1"; fi
}

missing=
need() { # need PROGRAM "WHAT IT IS" "COMMAND THAT INSTALLS IT"
  command -v "$1" >/dev/null 2>&1 && return 0
  missing=yes
  printf 'missing: %s. Install it with: %s\n' "$2" "$3" >&2
}

need cargo "Rust (cargo)" "https://rustup.rs, or $(install_with rustup rustup rustup)"
need cc "a C compiler and linker (cc)" "$(install_with build-essential gcc gcc)"
need node "Node.js 20 or later" "$(install_with nodejs nodejs node)"
need npm "npm" "$(install_with npm npm node)"
[ -z "$missing" ] || exit 1

major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 20 ]; then
  printf 'missing: Node.js 20 or later; this is %s. Install it with: %s\n' "$(node --version)" "$(install_with nodejs nodejs node)" >&2
  exit 1
fi

# The target that the islands are compiled to. With rustup it is one command; a distribution's Rust brings it as a package.
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ]; then
  if command -v rustup >/dev/null 2>&1; then
    rustup target add wasm32-unknown-unknown
  else
    printf 'missing: the wasm32-unknown-unknown target of %s. Install it with: %s\n' "$(rustc --version)" "$(install_with libstd-rust-dev-wasm32 rust-std-static-wasm32-unknown-unknown rustup)" >&2
    exit 1
  fi
fi

# Debug builds: these tools work for seconds, and a release build of them takes a quarter of an hour more.
tool() { # tool CRATE VERSION [FLAGS]
  crate=$1 version=$2
  shift 2
  grep -qs "^\"$crate $version " "$tools/.crates.toml" && return 0
  echo "installing $crate $version into $tools (once; some minutes)"
  build=$cache/tools-build
  CARGO_TARGET_DIR=$build cargo install "$crate" --version "$version" --debug --root "$tools" --quiet "$@"
  rm -rf "$build"
}

# Its published lock file is older than what it must work with.
tool wasm-bindgen-cli $WASM_BINDGEN
tool cargo-leptos $CARGO_LEPTOS --locked --features no_downloads
[ "${1:-}" != --deny ] || tool cargo-deny $CARGO_DENY --locked

# npm packages: again only when the lock file is newer than what it describes.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "installing npm packages"
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi
