//! The native program.
fn main() -> std::process::ExitCode {
    filterd::cli::filterd::main()
}
