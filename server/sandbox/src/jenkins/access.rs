//! Who may do what in Jenkins: users with an API token or a password, sessions, crumbs and permissions.
//!
//! A request signed with an API token needs no crumb. One signed with a password, or carried by a session cookie, needs
//! the crumb *of that session* on every POST: the crumb hashes the user and the session id.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

/// The header that carries the crumb.
pub const CRUMB_FIELD: &str = "Jenkins-Crumb";
/// The session cookie. The suffix is random per Jenkins in reality.
pub const SESSION_COOKIE: &str = "JSESSIONID.5f2c9a11";

/// A permission, by the id that `X-Required-Permission` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    OverallRead,
    JobDiscover,
    JobRead,
    JobBuild,
    JobCancel,
}

impl Permission {
    /// The id of the permission.
    pub fn id(self) -> &'static str {
        match self {
            Self::OverallRead => "hudson.model.Hudson.Read",
            Self::JobDiscover => "hudson.model.Item.Discover",
            Self::JobRead => "hudson.model.Item.Read",
            Self::JobBuild => "hudson.model.Item.Build",
            Self::JobCancel => "hudson.model.Item.Cancel",
        }
    }
}

/// A user of this Jenkins.
#[derive(Debug, Clone)]
pub struct User {
    pub password: String,
    pub api_token: String,
    pub permissions: BTreeSet<Permission>,
}

impl User {
    /// A user who may see, build and cancel; the password is the name.
    pub fn trusted(name: &str, api_token: &str) -> Self {
        use Permission::{JobBuild, JobCancel, JobDiscover, JobRead, OverallRead};
        Self {
            password: name.to_owned(),
            api_token: api_token.to_owned(),
            permissions: BTreeSet::from([OverallRead, JobDiscover, JobRead, JobBuild, JobCancel]),
        }
    }
}

/// How a request proved who sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    Nothing,
    ApiToken,
    /// A password or a session cookie; the session it belongs to.
    Session(String),
}

/// Who sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub user: String,
    pub proof: Proof,
    /// Set when this request opened a session that the answer must hand out.
    pub new_session: bool,
}

/// Bad credentials: 401.
#[derive(Debug, PartialEq, Eq)]
pub struct BadCredentials;

/// Users and sessions.
#[derive(Debug, Default)]
pub struct Access {
    users: BTreeMap<String, User>,
    sessions: BTreeMap<String, String>,
    salt: String,
}

impl Access {
    /// The seeded users: `portolan` who may build and cancel, `reader` who may only look, `visitor` who sees no job.
    pub fn seeded() -> Self {
        use Permission::{JobBuild, JobCancel, JobDiscover, JobRead, OverallRead};
        let user = |name: &str, permissions: &[Permission]| {
            let user = User {
                password: name.to_owned(),
                api_token: format!("jenkins-api-token-{name}"),
                permissions: permissions.iter().copied().collect(),
            };
            (name.to_owned(), user)
        };
        Self {
            users: BTreeMap::from([
                user(
                    "portolan",
                    &[OverallRead, JobDiscover, JobRead, JobBuild, JobCancel],
                ),
                user("reader", &[OverallRead, JobDiscover, JobRead]),
                user("visitor", &[OverallRead]),
            ]),
            sessions: BTreeMap::new(),
            salt: uuid::Uuid::new_v4().to_string(),
        }
    }

    /// Adds or replaces a user.
    pub fn put(&mut self, name: &str, user: User) {
        self.users.insert(name.to_owned(), user);
    }

    /// Finds out who sends a request with this `Authorization` user and secret, and this session cookie.
    pub fn identify(
        &mut self,
        basic: Option<(&str, &str)>,
        cookie: Option<&str>,
    ) -> Result<Identity, BadCredentials> {
        let known = cookie.and_then(|id| self.sessions.get_key_value(id));
        let Some((name, secret)) = basic else {
            return Ok(match known {
                Some((id, user)) => Identity {
                    user: user.clone(),
                    proof: Proof::Session(id.clone()),
                    new_session: false,
                },
                None => Identity {
                    user: "anonymous".to_owned(),
                    proof: Proof::Nothing,
                    new_session: false,
                },
            });
        };
        let user = self.users.get(name).ok_or(BadCredentials)?;
        if user.api_token == secret {
            return Ok(Identity {
                user: name.to_owned(),
                proof: Proof::ApiToken,
                new_session: false,
            });
        }
        if user.password != secret {
            return Err(BadCredentials);
        }
        let existing = known
            .filter(|(_, owner)| *owner == name)
            .map(|(id, _)| id.clone());
        let new_session = existing.is_none();
        let id =
            existing.unwrap_or_else(|| format!("node0{}.node0", uuid::Uuid::new_v4().simple()));
        self.sessions.insert(id.clone(), name.to_owned());
        Ok(Identity {
            user: name.to_owned(),
            proof: Proof::Session(id),
            new_session,
        })
    }

    /// Whether the user holds a permission.
    pub fn holds(&self, user: &str, permission: Permission) -> bool {
        self.users
            .get(user)
            .is_some_and(|user| user.permissions.contains(&permission))
    }

    /// The crumb of this request's session.
    pub fn crumb(&self, identity: &Identity) -> String {
        let session = match &identity.proof {
            Proof::Session(id) => id.as_str(),
            Proof::Nothing | Proof::ApiToken => "",
        };
        let text = format!("{};{session};{}", identity.user, self.salt);
        hex::encode(Sha256::digest(text))
    }

    /// Whether a POST may pass the crumb filter.
    pub fn crumb_passes(&self, identity: &Identity, given: Option<&str>) -> bool {
        identity.proof == Proof::ApiToken || given == Some(self.crumb(identity).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crumb_belongs_to_one_session() -> Result<(), BadCredentials> {
        let mut access = Access::seeded();
        let token = access.identify(Some(("portolan", "jenkins-api-token-portolan")), None)?;
        assert!(access.crumb_passes(&token, None));
        let first = access.identify(Some(("portolan", "portolan")), None)?;
        let second = access.identify(Some(("portolan", "portolan")), None)?;
        assert!(first.new_session);
        let crumb = access.crumb(&first);
        assert!(access.crumb_passes(&first, Some(&crumb)));
        assert!(
            !access.crumb_passes(&second, Some(&crumb)),
            "another session"
        );
        assert!(!access.crumb_passes(&first, None));
        let Proof::Session(id) = &first.proof else {
            return Err(BadCredentials);
        };
        let by_cookie = access.identify(None, Some(id))?;
        assert!(access.crumb_passes(&by_cookie, Some(&crumb)));
        assert_eq!(
            access.identify(Some(("portolan", "wrong")), None),
            Err(BadCredentials)
        );
        assert_eq!(
            access.identify(Some(("nobody", "x")), None),
            Err(BadCredentials)
        );
        Ok(())
    }
}
