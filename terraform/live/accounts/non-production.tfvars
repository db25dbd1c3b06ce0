# Development and staging, and the registry that images are pushed to and copied from.
account           = { id = "200000000002", alias = "shop-non-production", protected = false }
portal_account_id = "100000000001"
regions           = { primary = "eu-west-1", secondary = "eu-central-1" }
system            = "shop"
github            = { organization = "example", terraform_repository = "platform", image_repositories = {} }

registry = {
  repositories        = ["shop/cart", "shop/checkout", "shop/payment"]
  copy_to_account_ids = ["300000000003"]
  # Jenkins in both regions of the platform environment (modules/jenkins).
  pusher_arns = [
    "arn:aws:iam::100000000001:role/shop-platform-jenkins-agent-eu-west-1",
    "arn:aws:iam::100000000001:role/shop-platform-jenkins-agent-eu-central-1",
  ]
}
