# The two sides of one environment, applied by flip.sh on the schema-only provider to see what a failover leaves for Terraform
# to do. Never applied to an account: keys and ids are made up.
terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

variable "active" {
  description = "The side that serves."
  type        = string
}

provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "secondary"
  region = "eu-central-1"
}

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
}

locals {
  region_pair = {
    name      = "europe"
    active    = var.active
    primary   = { region = "eu-west-1", cidr = "10.10.0.0/16" }
    secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
  }
  settings = {
    addon_versions = {
      vpc_cni            = "v1.20.0-eksbuild.1"
      coredns            = "v1.12.2-eksbuild.4"
      kube_proxy         = "v1.33.0-eksbuild.2"
      pod_identity_agent = "v1.3.8-eksbuild.2"
      ebs_csi_driver     = "v1.46.0-eksbuild.1"
      metrics_server     = "v0.8.0-eksbuild.1"
    }
    hosts = { shop = { fqdn = "shop.example.com", path = "/healthz", expect = "ok" } }
    shared = {
      keys = { for side, region in { primary = "eu-west-1", secondary = "eu-central-1" } : side => {
        for purpose in ["data", "logs", "messages"] : purpose => "arn:aws:kms:${region}:300000000003:key/mrk-${purpose}"
      } }
      zone_id            = "ZFLIP"
      domain             = "example.com"
      log_buckets        = { primary = "logs-1", secondary = "logs-2" }
      global_cluster_id  = "shop-production"
      control_host       = "static.shop.example.com"
      replicated_buckets = { static = { primary = "static-1", secondary = "static-2" } }
    }
  }
}

module "primary" {
  source                = "../../modules/region"
  region_pair           = local.region_pair
  side                  = "primary"
  system                = "shop"
  environment           = "production"
  account_id            = "300000000003"
  size                  = "full"
  kubernetes_version    = "1.33"
  addon_versions        = local.settings.addon_versions
  application_namespace = "shop"
  hosts                 = local.settings.hosts
  targets               = { frontend = { port = 8080 } }
  network_targets       = { grpc = { port = 9000 } }
  postgres_version      = "16.8"
  rpo_s                 = 60
  email                 = { page = ["oncall@example.com"] }
  shared                = local.settings.shared
  providers             = { aws = aws, aws.peer = aws.secondary, aws.us_east_1 = aws.us_east_1 }
}

module "secondary" {
  source                = "../../modules/region"
  region_pair           = local.region_pair
  side                  = "secondary"
  system                = "shop"
  environment           = "production"
  account_id            = "300000000003"
  size                  = "full"
  kubernetes_version    = "1.33"
  addon_versions        = local.settings.addon_versions
  application_namespace = "shop"
  hosts                 = local.settings.hosts
  targets               = { frontend = { port = 8080 } }
  network_targets       = { grpc = { port = 9000 } }
  postgres_version      = "16.8"
  rpo_s                 = 60
  email                 = { page = ["oncall@example.com"] }
  shared                = local.settings.shared
  providers             = { aws = aws.secondary, aws.peer = aws, aws.us_east_1 = aws.us_east_1 }
}
