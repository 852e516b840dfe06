//! Lists whose length comes from outside. If memory is too little, these functions return an error. Rust's own collections
//! would end the process.

use std::collections::TryReserveError;

use crate::error::{Error, Fault};

/// The error where there is too little memory.
pub fn too_little(_: TryReserveError) -> Error {
    let rule = "there is too little memory for a value of that size";
    Error { fault: Fault::Memory, ..Error::value("", "", rule) }
}

/// An empty list with room for `n` items.
pub fn reserved<T>(n: usize) -> Result<Vec<T>, Error> {
    let mut list = Vec::new();
    list.try_reserve_exact(n).map_err(too_little)?;
    Ok(list)
}

/// Appends an item.
#[inline]
pub fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), Error> {
    if list.len() == list.capacity() {
        grow(list)?;
    }
    list.push(item);
    Ok(())
}

/// Makes room for half as many again: at most a third of a list stays empty.
#[cold]
fn grow<T>(list: &mut Vec<T>) -> Result<(), Error> {
    list.try_reserve_exact((list.len() / 2).max(8)).map_err(too_little)
}

/// Whether so many bytes can be allocated. They are freed at once: the caller is about to call code that would end the process
/// without them.
pub fn can_have(bytes: usize) -> Result<(), Error> {
    reserved::<u8>(bytes).map(|_| ())
}
