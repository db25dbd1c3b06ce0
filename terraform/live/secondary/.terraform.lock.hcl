# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.100.0"
  constraints = ">= 5.100.0, < 7.0.0"
  hashes = [
    "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",
  ]
}

provider "registry.terraform.io/hashicorp/helm" {
  version     = "3.3.0"
  constraints = ">= 3.0.0, ~> 3.0"
  hashes = [
    "h1:6RhXKBC90L3Oj/CPuG74npFFPmbOH39GQbCo1JjyGXU=",
  ]
}

provider "registry.terraform.io/hashicorp/kubernetes" {
  version     = "3.4.0"
  constraints = ">= 2.38.0"
  hashes = [
    "h1:alFxKF98TAO0ZG1E3cKsgnkrEICqiJmL+nj5jPzGiso=",
  ]
}
