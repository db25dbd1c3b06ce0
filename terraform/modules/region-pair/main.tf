# Facts about one side of a region pair. No resources: everything that depends on which side is active
# is decided here, so that a flip changes one value and nothing has its own opinion.

locals {
  peer_side = var.side == "primary" ? "secondary" : "primary"
  is_active = var.region_pair.active == var.side
}
