# What tells people, the portal and Route 53 how this side is.

module "events" {
  source      = "../events"
  name        = local.name
  account_id  = var.account_id
  region      = local.region
  kms_key_arn = local.keys.messages
  email       = var.email
  sms         = var.sms
  portal_hook = var.portal_hook
}

module "monitoring" {
  source      = "../monitoring"
  name        = "${local.name}-${var.side}"
  region      = local.region
  peer_region = module.pair.peer_region
  kms_key_arn = local.keys.logs
  log_groups  = { (var.application_namespace) = 90 }
  databases   = [module.reports.identifier]
  aurora      = { cluster_id = module.aurora.cluster_id, rpo_s = var.rpo_s }

  load_balancer = {
    arn_suffix     = module.public_balancer.arn_suffix
    target_groups  = { for name, group in module.public_balancer.target_groups : name => group.arn_suffix }
    serving_target = one([for name, target in var.targets : name if length(target.hosts) == 0])
  }

  # Alarm on the standby's minimum in both states: serving with fewer is the autoscaler's and the runbook's matter, and an alarm
  # that depended on the side would change with every failover.
  node_groups = { for name, group in local.node_groups : name => { autoscaling_group = module.cluster.autoscaling_groups[name], min = group.passive.min } }

  # modules/dynamodb watches the way out of the primary region; this is the way back.
  tables = var.side == "secondary" ? { for name, table in var.shared.tables : name => table.rpo_s } : {}

  replicated_buckets = { for name, bucket in var.shared.replicated_buckets : bucket[var.side] => { destination = bucket[module.pair.peer_side], rule = "to-${module.pair.peer_side}" } }
}

module "failover" {
  source              = "../failover"
  pair_name           = "${var.region_pair.name}-${var.environment}"
  side                = var.side
  region              = local.region
  zone_id             = var.shared.zone_id
  hosts               = var.hosts
  load_balancer       = { dns_name = module.public_balancer.dns_name, zone_id = module.public_balancer.zone_id }
  alarm_name          = module.monitoring.cannot_serve_alarm
  control_host        = var.shared.control_host
  routing_control_arn = lookup(var.routing_control_arns, var.side, null)
}

module "health_alarms" {
  source        = "../health-alarms"
  name          = "${local.name}-${var.side}"
  health_checks = module.failover.health_check_ids
  providers     = { aws = aws.us_east_1 }
}
