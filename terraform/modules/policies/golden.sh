#!/usr/bin/env bash
# Writes the golden files anew from the module, or with --check compares. Needs terraform, no provider and no network.
# A change of a policy is then a diff to read; server/sandbox/tests evaluates these files as IAM would.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
terraform="${PORTOLAN_TERRAFORM:-terraform}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp "$here"/*.tf "$work/"
"$terraform" -chdir="$work" init -input=false -reconfigure >/dev/null

for kind in open protected; do
  # The accounts of the local world, where the portal's own tests meet the same policies.
  case "$kind" in open) account=200000000002 ;; protected) account=300000000003 ;; esac
  "$terraform" -chdir="$work" apply -auto-approve -input=false >/dev/null \
    -var "account_id=$account" -var portal_account_id=100000000001 -var "protected=$([ "$kind" = protected ] && echo true || echo false)" \
    -var 'job_account_ids=["200000000002","300000000003"]' -var 'regions={primary="eu-west-1",secondary="eu-central-1"}' -var system=shop
  "$terraform" -chdir="$work" output -json documents >"$work/$kind.json"
  mkdir -p "$work/golden/$kind"
  python3 - "$work/$kind.json" "$work/golden/$kind" <<'PYTHON'
import json, pathlib, sys
for name, text in json.load(open(sys.argv[1])).items():
    pathlib.Path(sys.argv[2], name + ".json").write_text(json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n")
PYTHON
done

if [ "${1:-}" = --check ]; then
  diff -ru "$here/tests/golden" "$work/golden" || { echo "policies differ from their golden files; run terraform/modules/policies/golden.sh and read the diff" >&2; exit 1; }
else
  rm -rf "$here/tests/golden"
  cp -r "$work/golden" "$here/tests/golden"
fi
