//! The load program: `cargo run --release -p segue-tests --bin load -- all`
#![forbid(unsafe_code)]

/// The proxy's allocator, so that the baseline is not slower for its lack.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    segue_tests::load::main()
}
