//! Server and browser draw the same bytes: the fixtures are drawn here, and by wasm in Node.

#[path = "../examples/fixtures/mod.rs"]
mod fixtures;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Calls the two exports; everything wasm-bindgen would import is never called and gets a stand-in.
const READ: &str = "
const { readFileSync } = require('node:fs');
const module = new WebAssembly.Module(readFileSync(process.argv[1]));
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 0;
const { exports } = new WebAssembly.Instance(module, imports);
// wasm-bindgen appends a hash to names until its own tool ran.
const exported = (name) => exports[Object.keys(exports).find((key) => key === name || key.startsWith(`${name}_`))];
const [length, byte] = [exported('length'), exported('byte')];
const bytes = Buffer.alloc(length());
for (let index = 0; index < bytes.length; index++) bytes[index] = byte(index);
process.stdout.write(bytes);
";

/// Says that a test did not run, on the terminal and to `make test`.
fn skip(reason: &str) {
    eprintln!("SKIPPED server_and_wasm_draw_the_same_bytes: {reason}");
    if let Some(path) = std::env::var_os("TIDEMARK_TEST_SKIPS").filter(|path| !path.is_empty()) {
        use std::io::Write as _;
        if let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(path) {
            let _ = writeln!(
                file,
                "charts in wasm\t{reason}\tserver_and_wasm_draw_the_same_bytes"
            );
        }
    }
}

fn run(command: &mut Command) -> Option<Output> {
    command.output().ok()
}

/// The compiler has a standard library for wasm.
fn has_wasm_target() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    run(Command::new(rustc).args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]))
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|directory| std::fs::read_dir(directory.trim()).ok())
        .is_some_and(|files| {
            files
                .flatten()
                .any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
        })
}

fn build_wasm(target_dir: &Path) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = run(Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "build",
            "--locked",
            "--quiet",
            "--package",
            "charts",
            "--features",
            "draw",
        ])
        .args([
            "--example",
            "wasm_fixture",
            "--target",
            "wasm32-unknown-unknown",
            "--target-dir",
        ])
        .arg(target_dir))
    .expect("cargo runs");
    assert!(
        output.status.success(),
        "the charts do not compile to wasm:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    target_dir.join("wasm32-unknown-unknown/debug/examples/wasm_fixture.wasm")
}

#[test]
fn server_and_wasm_draw_the_same_bytes() {
    if !has_wasm_target() {
        return skip("the compiler has no wasm32-unknown-unknown (rustup target add wasm32-unknown-unknown)");
    }
    if run(Command::new("node").arg("--version")).is_none() {
        return skip("there is no node");
    }
    let wasm = build_wasm(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm"));
    let output = run(Command::new("node").args(["-e", READ]).arg(wasm)).expect("node runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let here = serde_json::to_vec(&fixtures::figures()).expect("figures are JSON");
    assert!(here.len() > 10_000, "there is something to compare");
    assert!(output.stdout == here, "wasm drew other bytes than the server");
}
