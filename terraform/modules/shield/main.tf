# Shield Advanced, with health-based detection: an attack is called one when our own health checks suffer.
# The subscription itself (3,000 $ a month, a year's commitment) is taken by hand: see README.md.

resource "aws_shield_protection" "this" {
  for_each     = var.protections
  name         = each.key
  resource_arn = each.value.resource_arn
}

resource "aws_shield_protection_health_check_association" "this" {
  for_each = merge([for name, protection in var.protections : {
    for index, arn in protection.health_check_arns : "${name}/${index}" => { protection = name, arn = arn }
  }]...)
  health_check_arn     = each.value.arn
  shield_protection_id = aws_shield_protection.this[each.value.protection].id
}

# WAF is told to block what attacks, instead of telling us about it.
resource "aws_shield_application_layer_automatic_response" "this" {
  for_each     = { for name, protection in var.protections : name => protection if can(regex(":loadbalancer/app/|:cloudfront:", protection.resource_arn)) }
  resource_arn = each.value.resource_arn
  action       = "BLOCK"
  depends_on   = [aws_shield_protection.this]
}

resource "aws_iam_role" "response_team" {
  name = var.response_team_role_name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "drt.shield.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "response_team" {
  role       = aws_iam_role.response_team.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSShieldDRTAccessPolicy"
}

resource "aws_shield_drt_access_role_arn_association" "this" {
  role_arn   = aws_iam_role.response_team.arn
  depends_on = [aws_iam_role_policy_attachment.response_team]
}

resource "aws_shield_proactive_engagement" "this" {
  enabled = true
  dynamic "emergency_contact" {
    for_each = var.emergency_contacts
    content {
      email_address = emergency_contact.key
      phone_number  = emergency_contact.value
    }
  }
  depends_on = [aws_shield_drt_access_role_arn_association.this]
}
