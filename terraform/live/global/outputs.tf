output "shared" {
  description = "What the regions' roots need; they read it from this root's state."
  value = {
    keys               = module.keys.arns
    zone_id            = module.dns.zone_id
    domain             = module.dns.domain
    tables             = { for table in module.tables : table.name => { rpo_s = table.rpo_s } }
    log_buckets        = { primary = module.logs_primary.bucket, secondary = module.logs_secondary.bucket }
    global_cluster_id  = module.aurora_global.global_cluster_id
    control_host       = module.static.host
    replicated_buckets = { static = module.static.buckets, backups = module.backups.names }
  }
}

output "routing_control_arns" {
  description = "side => routing control, empty without ARC."
  value       = merge([for control in module.routing_control : control.control_arns]...)
}

output "name_servers" {
  description = "To be entered at the registrar, once."
  value       = module.dns.name_servers
}

output "administrator_secret" {
  description = "Secret with Aurora's administrator."
  value       = module.aurora_global.administrator_secret
}

output "database_endpoint" {
  description = "Writer endpoint that follows a failover."
  value       = module.aurora_global.endpoint
}
