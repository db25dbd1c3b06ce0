# All that tells this root from its sibling. The other files are the same, and terraform/check.sh compares them.

locals {
  side = "primary"
}
