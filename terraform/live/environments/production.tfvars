# Production. The roots global, primary and secondary all take this one file, so a failover is told to Terraform by one line.
account_id  = "300000000003"
system      = "shop"
environment = "production"

region_pair = {
  name      = "europe"
  active    = "primary" # after a failover: the side that serves now
  primary   = { region = "eu-west-1", cidr = "10.10.0.0/16" }
  secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
}

rpo_s            = 60
postgres_version = "16.8"
email            = { page = ["oncall@example.com"], inform = ["platform@example.com"] }
