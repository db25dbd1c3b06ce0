#!/usr/bin/env bash
# Goes through the sequence of terraform/README.md with the example values: accounts, then environments, each root reading what the
# one before put into its state. Then audit.py looks at all that was made, across roots: what no single module's test can see.
#
# Applies on the schema-only provider; works only where PORTOLAN_TERRAFORM is the offline tool, elsewhere exits 3.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
terraform="${PORTOLAN_TERRAFORM:-terraform}"
work="${XDG_CACHE_HOME:-$HOME/.cache}/portolan/whole"
export TF_OFFLINE_PROVIDERS=schema TF_IN_AUTOMATION=1 TF_VAR_aurora_master_password=not-a-real-password-0000

if ! "$terraform" real-providers >/dev/null 2>&1; then
  echo "skipped: whole: PORTOLAN_TERRAFORM is not the offline tool, and applying to a real account is not what a test may do"
  exit 3
fi

rm -rf "$work"; mkdir -p "$work/states"
failed() { echo "FAIL $1"; tail -40 "$work/log"; echo "0 passed, 1 failed"; exit 1; }

# apply PLACE ROOT ARGUMENT...: one root of one account or environment, in a folder of its own
apply() {
  local place="$1" root="$2"; shift 2
  local folder="$work/$place"
  if [ ! -d "$folder" ]; then
    mkdir -p "$folder"
    cp -r "$here/../../modules" "$here/../../charts" "$here/../../live" "$folder/"
    find "$folder" -type d -name tests -prune -exec rm -rf {} +
    # ACM names the records that prove a domain, which nothing but ACM can make up: here they are plain.
    cat >"$folder/modules/certificate/offline_override.tf" <<'TERRAFORM'
locals {
  proofs = { for name in concat([var.domain], var.also) : name => { resource_record_name = "_proof.${name}", resource_record_type = "CNAME", resource_record_value = "proof.invalid" } }
}
TERRAFORM
    # The schema-only provider makes ARNs by type and name; WAF's have the scope in them.
    cat >"$folder/modules/waf/offline_override.tf" <<'TERRAFORM'
output "arn" {
  value = "arn:aws:wafv2:us-east-1:000000000000:${var.scope == "CLOUDFRONT" ? "global" : "regional"}/webacl/${aws_wafv2_web_acl.this.name}/0123"
}
TERRAFORM
    # It finds no Identity Center, without which the real one goes no further.
    cat >"$folder/modules/identity-center/offline_override.tf" <<'TERRAFORM'
locals {
  instance = { arn = "arn:aws:sso:::instance/ssoins-0000000000000000", store = "d-0000000000" }
}
TERRAFORM
    # What lies in S3 lies in a file here; the outputs that go through it are the real ones.
    for side in primary secondary; do
      printf 'data "terraform_remote_state" "global" {\n  backend = "local"\n  config = { path = "%s" }\n}\n' "$work/states/$place.global.json" >"$folder/live/$side/offline_override.tf"
    done
    printf 'data "terraform_remote_state" "primary" {\n  backend = "local"\n  config = { path = "%s" }\n}\n' "$work/states/$place.primary.json" >>"$folder/live/secondary/offline_override.tf"
  fi
  tf() { "$terraform" -chdir="$folder/live/$root" "$@"; }
  if ! tf init -input=false -no-color -reconfigure >"$work/log" 2>&1; then
    grep -q 'Failed to query available provider packages' "$work/log" || failed "$place: init $root"
    echo "skipped: whole: a provider of live/$root is not at hand (see $work/log)"; exit 3
  fi
  # An earlier run's state lies in the offline tool's cache.
  tf state list 2>/dev/null | xargs -r "$terraform" -chdir="$folder/live/$root" state rm >/dev/null 2>&1 || true
  tf apply -input=false -auto-approve -no-color "$@" >"$work/log" 2>&1 || failed "$place: apply $root"
  tf state pull >"$work/states/$place.$root.json"
}

for account in platform non-production production; do
  apply "account-$account" bootstrap -var-file="../accounts/$account.tfvars"
done
for environment in platform production; do
  values=(-var-file="../environments/$environment.tfvars")
  apply "$environment" global "${values[@]}" -var-file="../environments/$environment.global.tfvars"
  values+=(-var-file="../environments/$environment.regions.tfvars")
  [ "$environment" = platform ] && values+=(-var-file=../environments/platform.portal.tfvars)
  apply "$environment" primary "${values[@]}" -var=creating_database=true
  apply "$environment" secondary "${values[@]}"
done

python3 "$here/audit.py" "$work/states"
