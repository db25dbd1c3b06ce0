#!/usr/bin/env bash
# Proves that a failover leaves Terraform nothing to do once region_pair.active is flipped, and a failback to do while it is not.
#
# Applies both sides of an environment on the schema-only provider, does to the state what the runbook does to the world, and plans.
# Works only where PORTOLAN_TERRAFORM is a terraform whose aws provider needs no account (the offline tool's); elsewhere exits 3.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
terraform="${PORTOLAN_TERRAFORM:-terraform}"
work="${XDG_CACHE_HOME:-$HOME/.cache}/portolan/flip"
export TF_OFFLINE_PROVIDERS=schema

rm -rf "$work"; mkdir -p "$work"
cp -r "$here/../../modules" "$work/modules"
mkdir -p "$work/tests"; cp -r "$here" "$work/tests/flip"
# ACM names the records that prove a domain, which nothing but ACM can make up: here they are plain.
cat >"$work/modules/certificate/offline_override.tf" <<'TERRAFORM'
locals {
  proofs = { for name in concat([var.domain], var.also) : name => { resource_record_name = "_proof.${name}", resource_record_type = "CNAME", resource_record_value = "proof.invalid" } }
}
TERRAFORM

tf() { "$terraform" -chdir="$work/tests/flip" "$@"; }
tf init -input=false -reconfigure >"$work/log" 2>&1 || { echo "skipped: flip: no aws provider at hand (see $work/log)"; exit 3; }
if ! "$terraform" real-providers >/dev/null 2>&1; then
  echo "skipped: flip: PORTOLAN_TERRAFORM is not the offline tool, and applying to a real account is not what a test may do"
  exit 3
fi

passed=0; failed=0
expect() { # expect WORDS WANTED GOT
  if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1: plan exited $3, wanted $2 (0 nothing to do, 2 changes)"; grep -E '^ *# |^Plan:' "$work/log" || tail -20 "$work/log"; fi
}
plan() { local code=0; tf plan -input=false -no-color -detailed-exitcode -var "active=$1" >"$work/log" 2>&1 || code=$?; echo "$code"; }

# An earlier run's state lies in the offline tool's cache.
tf state list >/dev/null 2>&1 && tf state list | xargs -r "$terraform" -chdir="$work/tests/flip" state rm >/dev/null 2>&1 || true
tf apply -input=false -auto-approve -no-color -var active=primary >"$work/log" 2>&1 || { tail -20 "$work/log"; echo "0 passed, 1 failed"; exit 1; }
expect "before the failover Terraform has nothing to do" 0 "$(plan primary)"

tf state pull | python3 "$here/runbook.py" >"$work/after.tfstate"
tf state push "$work/after.tfstate" >/dev/null

expect "after the failover, flipped, Terraform has nothing to do" 0 "$(plan secondary)"
expect "after the failover, not flipped, Terraform would fail back" 2 "$(plan primary)"
changed="$(grep -cE '^  # .* (will be|must be)' "$work/log" || true)"
only="$(grep -E '^  # .* (will be|must be)' "$work/log" | grep -cE 'aws_eks_node_group.*updated in-place' || true)"
expect "and what it would change are the node groups' bounds alone" "$changed" "$only"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
