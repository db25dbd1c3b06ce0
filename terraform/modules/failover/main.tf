# One side of the failover records, with its health checks. Each region's root writes its own side, so that
# changing one never needs the other's state, and neither depends on the other being up.
#
# A side serves while all of its checks are healthy:
#   endpoint  HTTPS to this side's own name, answer must contain a word
#   alarm     the region's own verdict, by CloudWatch
#   control   inverted: healthy while NO object control/<pair>/<side>.out exists. Writing that object takes the side
#             out, removing it brings it back: data plane only, no DNS change, works with either region's bucket
#   routing   optional: an ARC routing control

locals {
  endpoints = { for name, check in aws_route53_health_check.endpoint : "endpoint/${name}" => check.id }
  # What decides: a host that others are served without (Jenkins beside the portal) is watched and takes nothing out.
  deciding = merge(
    { for name, host in var.hosts : "endpoint/${name}" => local.endpoints["endpoint/${name}"] if host.decides },
    { alarm = aws_route53_health_check.alarm.id, control = aws_route53_health_check.control.id },
    { for check in aws_route53_health_check.routing : "routing" => check.id },
  )
  control_path = "/control/${var.pair_name}/${var.side}.out"
  control_word = "taken-out"
}

# The side's own name: what checks and people use to ask this side and not whichever serves.
resource "aws_route53_record" "side" {
  for_each = var.hosts
  zone_id  = var.zone_id
  name     = "${var.side}.${each.value.fqdn}"
  type     = "A"
  alias {
    name                   = var.load_balancer.dns_name
    zone_id                = var.load_balancer.zone_id
    evaluate_target_health = false # a check that follows another check hides which one failed
  }
}

resource "aws_route53_health_check" "endpoint" {
  for_each          = var.hosts
  type              = "HTTPS_STR_MATCH"
  fqdn              = aws_route53_record.side[each.key].name
  port              = 443
  resource_path     = each.value.path
  search_string     = each.value.expect
  enable_sni        = true
  request_interval  = 10
  failure_threshold = 3
  measure_latency   = true
  regions           = ["eu-west-1", "us-east-1", "us-west-2", "ap-southeast-1"]
  tags              = { Name = "${var.pair_name}-${var.side}-endpoint-${each.key}" }
}

resource "aws_route53_health_check" "alarm" {
  type                            = "CLOUDWATCH_METRIC"
  cloudwatch_alarm_name           = var.alarm_name
  cloudwatch_alarm_region         = var.region
  insufficient_data_health_status = "LastKnownStatus" # CloudWatch being silent is not the application being down
  tags                            = { Name = "${var.pair_name}-${var.side}-alarm" }
}

resource "aws_route53_health_check" "control" {
  type               = "HTTPS_STR_MATCH"
  fqdn               = var.control_host
  port               = 443
  resource_path      = local.control_path
  search_string      = local.control_word
  invert_healthcheck = true
  enable_sni         = true
  request_interval   = 10
  failure_threshold  = 1
  tags               = { Name = "${var.pair_name}-${var.side}-control" }
}

resource "aws_route53_health_check" "routing" {
  count               = var.routing_control_arn == null ? 0 : 1
  type                = "RECOVERY_CONTROL"
  routing_control_arn = var.routing_control_arn
  tags                = { Name = "${var.pair_name}-${var.side}-routing" }
}

resource "aws_route53_health_check" "side" {
  type                   = "CALCULATED"
  child_healthchecks     = values(local.deciding)
  child_health_threshold = length(local.deciding) # all of them
  tags                   = { Name = "${var.pair_name}-${var.side}" }
}

resource "aws_route53_record" "failover" {
  for_each        = var.hosts
  zone_id         = var.zone_id
  name            = each.value.fqdn
  type            = "A"
  set_identifier  = "${var.pair_name}-${var.side}"
  health_check_id = aws_route53_health_check.side.id

  failover_routing_policy {
    type = upper(var.side) # of the place, not of the day: see modules/region-pair
  }
  alias {
    name                   = var.load_balancer.dns_name
    zone_id                = var.load_balancer.zone_id
    evaluate_target_health = true
  }
}
