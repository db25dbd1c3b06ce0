# The module takes three providers and so cannot be a root itself; this folder is the root its tests run in.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

provider "aws" {
  alias  = "here"
  region = "eu-west-1"
}

provider "aws" {
  alias  = "peer"
  region = "eu-central-1"
}

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
}
