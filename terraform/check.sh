#!/usr/bin/env bash
# Checks everything under terraform/. Usage: check.sh [fmt|units|golden|flip|whole|charts|policy|all] [folder ...]
#
#   fmt     terraform fmt
#   units   init, validate, test: every module, root and template (or the named folders), on schemas and on the real providers at hand
#   golden  IAM policies against their golden files
#   flip    a failover leaves Terraform nothing to do (tests/flip)
#   whole   the sequence of README.md with the example values, and what came of it across roots (tests/whole)
#   charts  Helm charts rendered and checked against the Kubernetes schemas
#   policy  checkov
#
# PORTOLAN_TERRAFORM  terraform, or a wrapper with providers at hand (default: terraform)
# PORTOLAN_PYTHON     python with checkov, helm-python-sdk and kubernetes-validate (default: python3); requirements.txt pins them
# PORTOLAN_TERRAFORM_REAL  no: leave out the second round with real providers; PORTOLAN_TERRAFORM_JOBS: folders at a time (default: 2)
# PORTOLAN_TERRAFORM_WITHOUT  folders whose provider is known not to be at hand here: said aloud, not counted as skipped
#
# What cannot run here is said aloud as `skipped: ...`. Closes with `N passed, N failed, N skipped`.
# Exit: 0 all passed, 1 something failed, 3 nothing failed but something was skipped.
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
cd "$here"
export PORTOLAN_TERRAFORM="${PORTOLAN_TERRAFORM:-terraform}" TF_IN_AUTOMATION=1
python="${PORTOLAN_PYTHON:-python3}"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
passed=0; failed=0; skipped=0

pass() { passed=$((passed + ${1:-1})); }
fail() { failed=$((failed + 1)); echo "FAIL $*"; }
skip() { skipped=$((skipped + 1)); echo "skipped: $*"; }
tf() { "$PORTOLAN_TERRAFORM" "$@"; }

fmt() {
  if ! command -v "$PORTOLAN_TERRAFORM" >/dev/null; then skip "fmt: $PORTOLAN_TERRAFORM is not installed"; return; fi
  if tf fmt -check -recursive -diff . >"$log" 2>&1; then pass; else fail "terraform fmt"; cat "$log"; fi
  # The two regions' roots are the same but for side.tf, the tests and the peering.
  if diff -r -x side.tf -x tests -x peering.tf -x '.terraform*' live/primary live/secondary >"$log"; then pass; else fail "live/primary and live/secondary differ"; cat "$log"; fi
  # Nothing counts as a module without these.
  for folder in modules/*/; do
    for file in main.tf variables.tf outputs.tf versions.tf README.md; do [ -f "$folder$file" ] || fail "$folder has no $file"; done
    compgen -G "${folder}tests/*.tftest.hcl" >/dev/null || fail "$folder has no test"
  done
}

unit() {
  local folder="${1%/}" root="${1%/}"
  # A module that takes several providers cannot be a root; its tests run from a root beside them.
  [ -f "$folder/tests/harness.tf" ] && root="$folder/tests"
  if ! tf -chdir="$root" init -input=false -no-color -reconfigure >"$log" 2>&1 && ! tf -chdir="$root" init -input=false -no-color -backend=false >"$log" 2>&1; then
    if grep -qE 'Failed to query available provider packages|Could not retrieve the list of available versions|could not query provider registry|Failed to install provider|provider registry .* does not have a provider|no available releases' "$log"; then
      case " ${PORTOLAN_TERRAFORM_WITHOUT:-} " in
        *" $folder "*) echo "not checked: $folder, whose provider is not to be had here (PORTOLAN_TERRAFORM_WITHOUT)" ;;
        *) skip "$folder: a provider is neither here nor to be had" ;;
      esac
    else
      fail "$folder: init"; cat "$log"
    fi
    return
  fi
  # A test run validates too; on the real provider, which is slow to start, that is enough.
  if [ "${TF_OFFLINE_PROVIDERS:-}" != real ] && ! tf -chdir="$root" validate -no-tests -no-color >"$log" 2>&1; then fail "$folder: validate"; cat "$log"; return; fi
  if ! compgen -G "$folder/tests/*.tftest.hcl" >/dev/null; then fail "$folder: no tests"; return; fi
  if tf -chdir="$root" test -no-color >"$log" 2>&1; then
    local runs; runs="$(sed -nE 's/^Success! ([0-9]+) passed.*/\1/p' "$log")"
    if [ "${runs:-0}" -gt 0 ]; then pass "$runs"; else fail "$folder: no test ran"; fi
  else
    fail "$folder: test"; cat "$log"
  fi
}

# Those that call nothing, then those that call them, then the roots: a wrapper may put a file into the folder it works in, and nobody
# else should read that folder meanwhile.
staged() {
  local folder leaves=() callers=() roots=()
  for folder in "$@"; do
    case "$folder" in
      live/*) roots+=("$folder") ;;
      *) if grep -qsE 'source *= "\.\./' "${folder%/}"/*.tf; then callers+=("$folder"); else leaves+=("$folder"); fi ;;
    esac
  done
  [ ${#leaves[@]} = 0 ] || several "${leaves[@]}"
  [ ${#callers[@]} = 0 ] || several "${callers[@]}"
  [ ${#roots[@]} = 0 ] || several "${roots[@]}"
}

# Several folders at a time, each by this script anew, so that nothing is shared but the sums.
several() {
  local said; said="$(printf '%s\n' "$@" | xargs -P "${PORTOLAN_TERRAFORM_JOBS:-2}" -I{} bash "$here/check.sh" one {})"
  grep -vE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' <<<"$said" || true
  local sums; sums="$(awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p += $1; f += $3; s += $5; n++ } END { print p + 0, f + 0, s + 0, n + 0 }' <<<"$said")"
  local p f s n; read -r p f s n <<<"$sums"
  passed=$((passed + p)); failed=$((failed + f)); skipped=$((skipped + s))
  [ "$n" = $# ] || fail "of $# folders only $n said how they are"
}

units() {
  if ! command -v "$PORTOLAN_TERRAFORM" >/dev/null; then skip "units: $PORTOLAN_TERRAFORM is not installed"; return; fi
  if [ $# -eq 0 ]; then set -- modules/*/ live/{bootstrap,global,primary,secondary,github}/ templates/*/; fi
  staged "$@"
  # The offline tool again, with the real providers of this machine: they check values, which a schema cannot. An ordinary
  # terraform has had the real ones already and does not know the word.
  local real; real="$("$PORTOLAN_TERRAFORM" real-providers 2>/dev/null)" || return 0
  if [ -z "$real" ]; then echo "not checked: units with real providers, of which this machine has none"; return; fi
  if [ "${PORTOLAN_TERRAFORM_REAL:-yes}" = no ]; then echo "not checked: units with real providers (PORTOLAN_TERRAFORM_REAL=no)"; return; fi
  local again=() folder
  for folder in "$@"; do grep -qFf <(printf '%s\n' "$real") "${folder%/}/versions.tf" && again+=("$folder"); done
  if [ ${#again[@]} -gt 0 ]; then echo "again with real providers: ${real//$'\n'/, }"; TF_OFFLINE_PROVIDERS=real staged "${again[@]}"; fi
}

part() { # part NAME COMMAND...: a script that closes with `N passed, N failed`, or exits 3 for skipped
  local name="$1" code=0; shift
  "$@" >"$log" 2>&1 || code=$?
  if [ "$code" = 3 ]; then skip "$(sed -n 's/^skipped: //p' "$log" | head -1)"; return; fi
  if [ "$code" = 0 ]; then local runs; runs="$(sed -nE 's/^([0-9]+) passed.*/\1/p' "$log" | tail -1)"; pass "${runs:-1}"; else fail "$name"; cat "$log"; fi
}

golden() {
  if ! command -v "$PORTOLAN_TERRAFORM" >/dev/null; then skip "golden: $PORTOLAN_TERRAFORM is not installed"; return; fi
  part "golden policies" modules/policies/golden.sh --check
}

flip() { part flip tests/flip/flip.sh; }

whole() { part whole tests/whole/whole.sh; }

charts() {
  if ! "$python" -c 'import helm_python, kubernetes_validate' 2>/dev/null; then skip "charts: $python lacks helm-python-sdk or kubernetes-validate (requirements.txt)"; return; fi
  part charts "$python" charts/check.py
}

policy() {
  if ! "$python" -c 'import checkov' 2>/dev/null; then skip "policy: $python lacks checkov (requirements.txt)"; return; fi
  if "$python" -m checkov.main --config-file .checkov.yaml --directory . >"$log" 2>&1; then pass; else fail "checkov"; cat "$log"; fi
}

what="${1:-all}"; [ $# -gt 0 ] && shift
case "$what" in
  fmt|golden|flip|whole|charts|policy) "$what" ;;
  units) units "$@" ;;
  one) out="$(unit "$1"; echo "$passed passed, $failed failed, $skipped skipped")"; printf '%s\n' "$out"; exit 0 ;;
  all) fmt; units; golden; flip; whole; charts; policy ;;
  *) sed -n '2,11p' "$0" >&2; exit 2 ;;
esac
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] || exit 1
[ "$skipped" = 0 ] || exit 3
