//! The drop-in program.
fn main() -> std::process::ExitCode {
    filterd::cli::helpers::submit::main()
}
