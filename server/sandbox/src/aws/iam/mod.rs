//! IAM policies: their grammar and their evaluation.

/// A parsed policy document.
#[derive(Debug, Clone)]
pub struct Policy {}

/// Why a document is no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

impl Policy {
    /// Parses an identity or session policy.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        serde_json::from_str::<serde_json::Value>(text)
            .map_err(|error| Malformed(error.to_string()))?;
        Ok(Self {})
    }

    /// Parses a trust policy.
    pub fn parse_trust(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}
