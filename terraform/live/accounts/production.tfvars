# Production: nobody pushes here, images are copied in.
account           = { id = "300000000003", alias = "shop-production", protected = true }
portal_account_id = "100000000001"
regions           = { primary = "eu-west-1", secondary = "eu-central-1" }
system            = "shop"
github            = { organization = "example", terraform_repository = "platform", image_repositories = {} }

registry = {
  repositories           = ["shop/cart", "shop/checkout", "shop/payment"]
  copied_from_account_id = "200000000002"
}
