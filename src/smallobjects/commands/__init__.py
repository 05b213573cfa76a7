"""What subcommands share: their options, errors in one line, and trainings that go on."""
