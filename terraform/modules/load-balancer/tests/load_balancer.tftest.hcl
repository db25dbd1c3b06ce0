mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name                   = "shop"
  kind                   = "application"
  internal               = false
  vpc_id                 = "vpc-0123456789abcdef0"
  subnet_ids             = ["subnet-a", "subnet-b", "subnet-c"]
  client_cidrs           = ["0.0.0.0/0"]
  cluster_name           = "shop-test"
  pods_security_group_id = "sg-0000000000000pods"
  certificate_arn        = "arn:aws:acm:eu-west-1:200000000002:certificate/00000000-0000-4000-8000-000000000000"
  log_bucket             = "logs"
  targets = {
    frontend = { port = 8080 }
    admin    = { port = 9090, hosts = ["admin.shop.example"] }
  }
}

run "alb" {
  command = apply
  assert {
    condition     = aws_lb_listener.tls.protocol == "HTTPS" && startswith(aws_lb_listener.tls.ssl_policy, "ELBSecurityPolicy-TLS13-1-2-Res")
    error_message = "TLS 1.2 with forward secrecy at the least"
  }
  assert {
    condition     = aws_lb_listener.redirect[0].default_action[0].type == "redirect" && aws_lb_listener.redirect[0].default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "plain HTTP only redirects"
  }
  assert {
    condition     = aws_lb.this.enable_deletion_protection && aws_lb.this.access_logs[0].enabled && aws_lb.this.drop_invalid_header_fields
    error_message = "protected, logged, strict about headers"
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_egress_rule.to_pods : rule.referenced_security_group_id]) == toset([var.pods_security_group_id]) && alltrue([for rule in aws_vpc_security_group_egress_rule.to_pods : rule.cidr_ipv4 == null])
    error_message = "the balancer talks to pods and nothing else"
  }
  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.pods)) == toset(["8080", "9090"]) && alltrue([for rule in aws_vpc_security_group_ingress_rule.pods : rule.referenced_security_group_id == aws_security_group.this.id])
    error_message = "pods are opened to the balancer, on their ports only"
  }
  assert {
    condition     = keys(aws_lb_listener_rule.host) == ["admin"] && aws_lb_target_group.this["frontend"].tags["portolan:cluster"] == "shop-test"
    error_message = "hosts are routed, and the target group names the cluster that may register"
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : group.target_type == "ip" && group.health_check[0].path == "/healthz" && group.health_check[0].matcher == "200"])
    error_message = "target health is the pod's own answer"
  }
}

run "nlb" {
  command = plan
  variables {
    kind         = "network"
    internal     = true
    client_cidrs = ["10.20.0.0/16"]
    targets      = { grpc = { port = 9000 } }
  }
  assert {
    condition     = aws_lb.this.load_balancer_type == "network" && aws_lb.this.internal && aws_lb_listener.tls.protocol == "TLS"
    error_message = "layer 4 ends TLS too"
  }
  assert {
    condition     = aws_lb_target_group.this["grpc"].protocol == "TCP" && length(aws_lb_listener.redirect) == 0 && length(aws_vpc_security_group_ingress_rule.http) == 0
    error_message = "no plain port on a network load balancer"
  }
}

run "refuses_two_defaults" {
  command = plan
  variables { targets = { a = { port = 1 }, b = { port = 2 } } }
  expect_failures = [var.targets]
}

run "refuses_hosts_on_layer_4" {
  command = plan
  variables {
    kind    = "network"
    targets = { a = { port = 1 }, b = { port = 2, hosts = ["x.example"] } }
  }
  expect_failures = [var.targets]
}

run "refuses_more_hosts_than_a_rule_takes" {
  command = plan
  variables {
    targets = { a = { port = 8080 }, b = { port = 8081, hosts = [for number in range(6) : "h${number}.shop.example"] } }
  }
  expect_failures = [var.targets]
}
