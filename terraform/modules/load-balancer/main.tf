# One load balancer, layer 7 (ALB) or layer 4 (NLB), TLS only, pods as targets. Pods are registered by the
# AWS Load Balancer Controller through a TargetGroupBinding; the balancer itself outlives every pod and cluster.

locals {
  is_alb     = var.kind == "application"
  default    = one([for name, target in var.targets : name if length(target.hosts) == 0])
  by_host    = { for name, target in var.targets : name => target if length(target.hosts) > 0 }
  tls_policy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06" # TLS 1.3, and 1.2 with forward secrecy and AEAD only
}

resource "aws_security_group" "this" {
  name        = "${var.name}-${var.kind}"
  description = "Clients of the ${var.kind} load balancer ${var.name}"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-${var.kind}" }
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  for_each          = toset(var.client_cidrs)
  security_group_id = aws_security_group.this.id
  description       = "HTTPS from ${each.key}"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.key
}

# Plain HTTP is answered by a redirect alone.
resource "aws_vpc_security_group_ingress_rule" "http" {
  for_each          = local.is_alb ? toset(var.client_cidrs) : toset([])
  security_group_id = aws_security_group.this.id
  description       = "HTTP from ${each.key}, redirected"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_ipv4         = each.key
}

resource "aws_vpc_security_group_egress_rule" "to_pods" {
  for_each                     = toset([for target in var.targets : tostring(target.port)])
  security_group_id            = aws_security_group.this.id
  description                  = "To pods on ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.key)
  to_port                      = tonumber(each.key)
  referenced_security_group_id = var.pods_security_group_id
}

resource "aws_vpc_security_group_ingress_rule" "pods" {
  for_each                     = toset([for target in var.targets : tostring(target.port)])
  security_group_id            = var.pods_security_group_id
  description                  = "From load balancer ${var.name} on ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.key)
  to_port                      = tonumber(each.key)
  referenced_security_group_id = aws_security_group.this.id
}

resource "aws_lb" "this" {
  name                             = var.name
  load_balancer_type               = var.kind
  internal                         = var.internal
  subnets                          = var.subnet_ids
  security_groups                  = [aws_security_group.this.id]
  enable_deletion_protection       = true
  enable_cross_zone_load_balancing = true
  enable_zonal_shift               = true
  drop_invalid_header_fields       = local.is_alb ? true : null
  desync_mitigation_mode           = local.is_alb ? "strictest" : null

  access_logs {
    bucket  = var.log_bucket
    prefix  = var.name
    enabled = true
  }

  dynamic "connection_logs" {
    for_each = local.is_alb ? [1] : []
    content {
      bucket  = var.log_bucket
      prefix  = "${var.name}-connections"
      enabled = true
    }
  }
}

resource "aws_lb_target_group" "this" {
  for_each             = var.targets
  name                 = "${var.name}-${each.key}"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = local.is_alb ? "HTTP" : "TCP"
  port                 = each.value.port
  deregistration_delay = each.value.drain_s
  # Layer 7 keeps the client's address in a header; layer 4 has to keep it in the packet.
  preserve_client_ip = local.is_alb ? null : "true"

  health_check {
    protocol            = "HTTP"
    path                = each.value.health_check_path
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  # The controller may register pods only with target groups of its own cluster.
  tags = { "portolan:cluster" = var.cluster_name, "portolan:target" = each.key }

  lifecycle { create_before_destroy = true }
}

resource "aws_lb_listener" "tls" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = local.is_alb ? "HTTPS" : "TLS"
  certificate_arn   = var.certificate_arn
  ssl_policy        = local.tls_policy
  alpn_policy       = local.is_alb ? null : "HTTP2Preferred"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[local.default].arn
  }
}

resource "aws_lb_listener" "redirect" {
  count             = local.is_alb ? 1 : 0
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"
    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener_rule" "host" {
  for_each     = local.by_host
  listener_arn = aws_lb_listener.tls.arn

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }

  condition {
    host_header { values = each.value.hosts }
  }
}
