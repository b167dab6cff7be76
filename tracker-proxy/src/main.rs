//! Starts what the command line asks for.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use segue_tracker_proxy::app;
use segue_tracker_proxy::cli::{self, Command, ImportOptions, exit};
use segue_tracker_proxy::clock::Clock;
use segue_tracker_proxy::config::{Config, env};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = Command::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let done = match command {
        Command::Serve { config } => serve(config.as_deref()),
        Command::Import(options) => import(&options),
        Command::Schema => writeln!(
            io::stdout(),
            "{:#}",
            segue_tracker_proxy::audience::schema()
        )
        .map(|()| exit::FINE)
        .map_err(Into::into),
        Command::Check { files } => {
            cli::check(&files, &env::process, &mut io::stdout().lock()).map_err(Into::into)
        }
    };
    match done {
        Ok(code) => code.into(),
        Err(error) => {
            // Nobody is left to tell when this cannot be written either.
            drop(writeln!(io::stderr(), "tracker-proxy: {error:#}"));
            exit::FAILED.into()
        }
    }
}

fn serve(file: Option<&Path>) -> anyhow::Result<u8> {
    match cli::configuration(file, &env::process) {
        Ok(config) => run(config).map(|()| exit::FINE),
        Err(error) => {
            cli::report(&error, &mut io::stderr().lock())?;
            Ok(exit::BAD_CONFIGURATION)
        }
    }
}

fn import(options: &ImportOptions) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut out = io::stdout();
    runtime.block_on(cli::import(
        options,
        &env::process,
        Clock::system(),
        &mut out,
    ))
}

fn run(config: Config) -> anyhow::Result<()> {
    app::prepare(env::process("SEGUE_LOG").as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(app::serve(config, &mut io::stdout()))
}
