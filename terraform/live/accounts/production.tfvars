account           = { id = "300000000003", alias = "shop-production", protected = true }
portal_account_id = "100000000001"
regions           = { primary = "eu-west-1", secondary = "eu-central-1" }
system            = "shop"
github            = { organization = "example", terraform_repository = "platform", image_repositories = { cart = "shop/cart" } }
