//! What the templates of one message are given, as plain data: taken when the message is claimed for sending,
//! kept with it, so that it renders the same at every attempt.

use super::{Literal, Type};
use serde::{Deserialize, Serialize};

/// The values of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageValues {
    /// Of the instance; values of `with` have a path of one name.
    pub values: Vec<MessageValue>,
    /// Of each trigger that leaves with the message, in order of entry: what a template reads as `items`.
    pub items: Vec<Vec<MessageValue>>,
}

/// One value: `["product", "name"]` is what a template reads as `product.name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageValue {
    pub path: Vec<String>,
    pub ty: Type,
    /// `None` where the CRM has no value: a template that reads it without providing for that fails.
    pub value: Option<Literal>,
}
