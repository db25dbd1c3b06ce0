# Optional: Application Recovery Controller. Two switches on a cluster of five regional endpoints, and a rule that
# forbids what must never be: no side on at all. (Both on for a moment is how a switch is made.)

resource "aws_route53recoverycontrolconfig_cluster" "this" {
  name = var.name
}

resource "aws_route53recoverycontrolconfig_control_panel" "this" {
  name        = var.name
  cluster_arn = aws_route53recoverycontrolconfig_cluster.this.arn
}

resource "aws_route53recoverycontrolconfig_routing_control" "side" {
  for_each          = toset(["primary", "secondary"])
  name              = "${var.name}-${each.key}"
  cluster_arn       = aws_route53recoverycontrolconfig_cluster.this.arn
  control_panel_arn = aws_route53recoverycontrolconfig_control_panel.this.arn
}

resource "aws_route53recoverycontrolconfig_safety_rule" "one_side_on" {
  name              = "${var.name}-never-both-off"
  control_panel_arn = aws_route53recoverycontrolconfig_control_panel.this.arn
  wait_period_ms    = var.wait_ms
  asserted_controls = [for control in aws_route53recoverycontrolconfig_routing_control.side : control.arn]

  rule_config {
    inverted  = false
    threshold = 1
    type      = "ATLEAST"
  }
}
