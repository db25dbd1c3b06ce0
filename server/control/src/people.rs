//! People, as they stood when they last signed in.

pub(crate) mod rows;

use domain::{Login, Person, PersonId};
use serde::Serialize;

/// A person as lists name them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PersonRef {
    pub id: PersonId,
    pub login: Login,
    pub name: String,
}

impl From<&Person> for PersonRef {
    fn from(person: &Person) -> Self {
        Self {
            id: person.id,
            login: person.login.clone(),
            name: person.name.clone(),
        }
    }
}
