//! How a command ends, for scripts. The numbers are part of the contract.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Usage, or any error that has no number of its own.
    Error,
    /// It ran, and failed or was refused.
    Failed,
    /// Expired, offline, or timed out waiting.
    Late,
    /// Not signed in, or not allowed.
    NotAllowed,
    Interrupted,
}

impl Exit {
    pub const fn code(self) -> i32 {
        match self {
            Exit::Done => 0,
            Exit::Error => 1,
            Exit::Failed => 2,
            Exit::Late => 3,
            Exit::NotAllowed => 4,
            Exit::Interrupted => 130,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_numbers_are_those_of_the_contract() {
        let exits = [Exit::Done, Exit::Error, Exit::Failed, Exit::Late, Exit::NotAllowed, Exit::Interrupted];
        assert_eq!(exits.map(Exit::code), [0, 1, 2, 3, 4, 130]);
    }
}
