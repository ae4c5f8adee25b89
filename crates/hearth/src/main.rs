//! The binary; see the library beside it.

fn main() -> std::process::ExitCode {
    hearth::main()
}
