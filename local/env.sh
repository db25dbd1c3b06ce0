# Sourced in the checkout by the scripts and the Makefile: where the tools are and which versions belong together.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/portolan
tools=$cache/tools
PATH=$tools/bin:$PWD/node_modules/.bin:$PATH
export PATH

# wasm-bindgen's must be the one that Cargo.toml pins.
WASM_BINDGEN=0.2.130
CARGO_LEPTOS=0.3.10
CARGO_DENY=0.20.2
