# What only the root global needs.
domain = "platform.example.com"
