//! Draws the fixtures in wasm, for `tests/wasm.rs`, which compares the bytes with its own.

mod fixtures;

use std::sync::OnceLock;

use wasm_bindgen::prelude::wasm_bindgen;

fn drawn() -> &'static [u8] {
    static DRAWN: OnceLock<Vec<u8>> = OnceLock::new();
    DRAWN.get_or_init(|| serde_json::to_vec(&fixtures::figures()).unwrap_or_default())
}

/// How many bytes there are.
#[wasm_bindgen]
pub fn length() -> u32 {
    u32::try_from(drawn().len()).unwrap_or(u32::MAX)
}

/// One of them: numbers cross into JavaScript without any glue.
#[wasm_bindgen]
pub fn byte(index: u32) -> u32 {
    drawn().get(index as usize).map_or(0, |byte| u32::from(*byte))
}
