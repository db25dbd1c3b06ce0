# A private road between the two regions' networks: for the database of the writing side and the clusters' API servers.

resource "aws_vpc_peering_connection" "this" {
  provider    = aws.primary
  vpc_id      = var.networks.primary.vpc_id
  peer_vpc_id = var.networks.secondary.vpc_id
  peer_region = var.secondary_region
  auto_accept = false
  tags        = { Name = var.name }
}

resource "aws_vpc_peering_connection_accepter" "this" {
  provider                  = aws.secondary
  vpc_peering_connection_id = aws_vpc_peering_connection.this.id
  auto_accept               = true
  tags                      = { Name = var.name }
}

resource "aws_route" "to_secondary" {
  count                     = length(var.networks.primary.route_table_ids)
  provider                  = aws.primary
  route_table_id            = var.networks.primary.route_table_ids[count.index]
  destination_cidr_block    = var.networks.secondary.cidr
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.this.id
}

resource "aws_route" "to_primary" {
  count                     = length(var.networks.secondary.route_table_ids)
  provider                  = aws.secondary
  route_table_id            = var.networks.secondary.route_table_ids[count.index]
  destination_cidr_block    = var.networks.primary.cidr
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.this.id
}
