//! The frameworks: what of each can be replayed, a folder a framework.

mod exact;
pub mod mindspore;
pub mod torch;

use std::sync::LazyLock;

use crate::declare::ReplayKind;

/// Every form there is, by framework, in the order of their declaration.
pub static REPLAY_KINDS: LazyLock<Vec<ReplayKind>> = LazyLock::new(|| {
    [
        torch::kinds(),
        mindspore::lists::kinds(),
        mindspore::cells::kinds(),
        mindspore::experimental::kinds(),
        mindspore::composites::kinds(),
    ]
    .into_iter()
    .flatten()
    .collect()
});

/// Where the forms are listed, as a message's last sentence.
pub const REPLAYS: &str = "`docs/replays.md` lists the replays.";

/// The form of that name.
pub fn replay_kind(name: &str) -> Option<&'static ReplayKind> {
    REPLAY_KINDS.iter().find(|kind| kind.name == name)
}
