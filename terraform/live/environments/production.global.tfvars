# What only the root global needs.
domain = "shop.example.com"
tables = { carts = { hash_key = { name = "cart", type = "S" }, expires_by = "expires_at" } }
