# Portolan and Jenkins themselves: given once database, roles and secrets are there, see terraform/README.md.
platform = {
  image = {
    primary   = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/portolan@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    secondary = "100000000001.dkr.ecr.eu-central-1.amazonaws.com/portolan@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }

  # Output secrets_key_arn of the platform account's root bootstrap.
  secrets_key_arn = {
    primary   = "arn:aws:kms:eu-west-1:100000000001:key/mrk-00000000000000000000000000000000"
    secondary = "arn:aws:kms:eu-central-1:100000000001:key/mrk-00000000000000000000000000000000"
  }

  oidc = { issuer = "https://idp.example.com", client_id = "portolan" }

  jenkins = {
    client_id           = "jenkins"
    organization        = "example"
    services            = { cart = "checkout", checkout = "checkout", payment = "checkout" }
    library_version     = "0000000000000000000000000000000000000000"
    registry_account_id = "200000000002"
    tools = {
      primary = {
        build  = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/build@sha256:0000000000000000000000000000000000000000000000000000000000000000"
        scan   = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/scan@sha256:0000000000000000000000000000000000000000000000000000000000000000"
        deploy = "100000000001.dkr.ecr.eu-west-1.amazonaws.com/platform/deploy@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      }
      secondary = {
        build  = "100000000001.dkr.ecr.eu-central-1.amazonaws.com/platform/build@sha256:0000000000000000000000000000000000000000000000000000000000000000"
        scan   = "100000000001.dkr.ecr.eu-central-1.amazonaws.com/platform/scan@sha256:0000000000000000000000000000000000000000000000000000000000000000"
        deploy = "100000000001.dkr.ecr.eu-central-1.amazonaws.com/platform/deploy@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      }
    }
  }

  environments = {
    production = {
      title     = "Production"
      protected = true
      account   = "300000000003"
      namespace = "shop"
      paired    = true
      clusters  = { eu-west-1 = "shop-production", eu-central-1 = "shop-production" }
    }
  }
}
