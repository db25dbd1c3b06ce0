# Where the portal and Jenkins live. Bootstrap it first: the other accounts trust a role that is made here.
account           = { id = "100000000001", alias = "shop-platform", protected = true }
portal_account_id = "100000000001"
regions           = { primary = "eu-west-1", secondary = "eu-central-1" }
system            = "shop"
github            = { organization = "example", terraform_repository = "platform", image_repositories = { portolan = "portolan", platform = "platform/build" } }

# Further images of the pipelines' tools.
registry = { repositories = ["platform/scan", "platform/deploy"] }

platform = {
  job_account_ids = ["200000000002", "300000000003"]
  accounts = {
    platform       = { id = "100000000001", protected = true }
    non-production = { id = "200000000002", protected = false }
    production     = { id = "300000000003", protected = true }
  }
  groups = {
    developer     = "portolan-developers"
    manager       = "portolan-managers"
    auditor       = "portolan-auditors"
    operator      = "portolan-operators"
    administrator = "portolan-administrators"
  }
}
