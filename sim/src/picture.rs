//! tmp
use crate::{decisions::Header, story::Story};
/// x
pub fn html(_: &Header, _: &Story) -> String {
    String::new()
}
