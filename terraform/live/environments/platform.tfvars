# The platform environment: the portal and Jenkins, in both regions. Its networks must not overlap with any other environment's.
account_id  = "100000000001"
system      = "shop"
environment = "platform"

region_pair = {
  name      = "europe"
  active    = "primary" # after a failover: the side that serves now
  primary   = { region = "eu-west-1", cidr = "10.30.0.0/16" }
  secondary = { region = "eu-central-1", cidr = "10.40.0.0/16" }
}

rpo_s            = 60
postgres_version = "16.8"
email            = { page = ["oncall@example.com"], inform = ["platform@example.com"] }
