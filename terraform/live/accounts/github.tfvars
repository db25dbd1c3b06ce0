# The organization; the secret of the hooks comes by TF_VAR_hook_secret.
organization         = "example"
repositories         = { portolan = { team = "platform" }, cart = { team = "checkout" }, checkout = { team = "checkout" }, payment = { team = "checkout" } }
terraform_repository = { name = "platform", reviewers = [1] } # ids of teams
portal_url           = "https://portolan.platform.example.com"
pushes_to            = { portolan = "100000000001", platform = "100000000001" }
