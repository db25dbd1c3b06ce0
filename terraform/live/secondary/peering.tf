# The road between the networks needs both, so the side made second makes it.

data "terraform_remote_state" "primary" {
  backend = "s3"
  config = {
    bucket = local.state_bucket
    region = local.region
    key    = "${var.environment}/primary.tfstate"
  }
}

module "peering" {
  count            = var.peering ? 1 : 0
  source           = "../../modules/peering"
  name             = "${var.region_pair.name}-${var.environment}"
  secondary_region = local.region
  networks         = { primary = data.terraform_remote_state.primary.outputs.network, secondary = module.region.network }
  providers        = { aws.primary = aws.peer, aws.secondary = aws }
}
